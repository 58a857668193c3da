import type { Workload } from '../../cluster/objects.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import { parseSource, sourceOf } from '../../mesh/identity/source.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { DEFAULT_TAG, parseReference } from '../../registry/reference.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { configMapOf, type Observation } from '../observe/snapshot.ts';

/** A filter that was loaded by a tag, and workloads that may run it. */
export interface TaggedFilter {
  readonly name: string;
  readonly module: FilterModule;
  readonly workloads: readonly { readonly ref: WorkloadRef; readonly observed: Workload }[];
}

/**
 * One warning for each run that put what a tag was then on workloads, where the tag names other bytes now. A tag that names
 * another image with the same filter in it has not moved.
 */
export function movedTags(filters: readonly TaggedFilter[], observation: Observation): string[] {
  const moves = new Map<string, string[]>();
  for (const { name, module, workloads } of filters) {
    const source = sourceOf(module);
    if (source === undefined) continue;
    const reference = parseReference(source.given, '');
    if (!reference.ok || reference.value.digest !== undefined) continue;
    const { host, repository, tag = DEFAULT_TAG } = reference.value;
    for (const { ref, observed } of workloads) {
      const id = revisionOn(observed, name) ?? '';
      const configMap = configMapOf(observation, ref.namespace, { filter: name, id });
      const recorded = configMap === undefined ? undefined : parseSource(configMap);
      if (recorded?.given !== source.given || recorded.content === source.content) continue;
      const run = stateOn(observed)[name]?.run ?? 'unknown';
      const move = `The tag "${tag}" of ${host}/${repository} moved from ${digestIn(recorded.pinned)} to ${digestIn(source.pinned)} since run ${run}`;
      moves.set(move, [...(moves.get(move) ?? []), describeWorkload(ref)]);
    }
  }
  return [...moves].map(([move, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return `${move}, which put it on ${first}${more}.`;
  });
}

function digestIn(pinned: string): string {
  return pinned.slice(pinned.lastIndexOf('@') + 1);
}
