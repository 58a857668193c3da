import { thousands } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import { parseSource, sourceOf } from '../../mesh/identity/source.ts';
import { DEFAULT_TAG, parseReference } from '../../registry/reference.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { ObservedFilter } from '../observe/snapshot.ts';

/** A filter that was loaded by a tag, and workloads that may run it. */
export interface TaggedFilter {
  readonly module: FilterModule;
  /** As it was observed on each of them. */
  readonly workloads: readonly ObservedFilter[];
}

/**
 * One warning for each run that put what a tag was then on workloads, where the tag names other bytes now. A tag that names
 * another image with the same filter in it has not moved.
 */
export function movedTags(filters: readonly TaggedFilter[]): Warning[] {
  const moves = new Map<string, { readonly subject: string; readonly names: string[] }>();
  for (const { module, workloads } of filters) {
    const source = sourceOf(module);
    if (source === undefined) continue;
    const reference = parseReference(source.given, '');
    if (!reference.ok || reference.value.digest !== undefined) continue;
    const { host, repository, tag = DEFAULT_TAG } = reference.value;
    for (const { ref, configMap, recorded } of workloads) {
      const before = configMap === undefined ? undefined : parseSource(configMap);
      if (before?.given !== source.given || before.content === source.content) continue;
      const run = recorded?.run ?? 'unknown';
      const move = `The tag "${tag}" of ${host}/${repository} moved from ${digestIn(before.pinned)} to ${digestIn(source.pinned)} since run ${run}`;
      const { names } = moves.get(move) ?? {};
      moves.set(move, { subject: `${host}/${repository}:${tag}`, names: [...(names ?? []), describeWorkload(ref)] });
    }
  }
  return [...moves].map(([move, { subject, names }]) => {
    const [first, ...others] = names;
    const more = others.length === 0 ? '' : ` and ${thousands(others.length)} more`;
    return { topic: 'Moved tag', subject, text: `${move}, which put it on ${first}${more}.` };
  });
}

function digestIn(pinned: string): string {
  return pinned.slice(pinned.lastIndexOf('@') + 1);
}
