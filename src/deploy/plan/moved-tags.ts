import { defined } from '../../base/defined.ts';
import { thousands } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import { sourceOf } from '../../mesh/identity/source.ts';
import { DEFAULT_TAG, parseReference } from '../../registry/reference.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { ClusterSnapshot, ObservedFilter } from '../observe/snapshot.ts';
import type { OnNewDigest } from '../policy.ts';
import { joinMoves, type MovedTag } from '../report/moved-tag.ts';
import { isMoved } from './earlier-bytes.ts';
import { runningSource } from './running-source.ts';

/** A filter that was loaded by a tag, and workloads that may run it. */
export interface TaggedFilter {
  readonly module: FilterModule;
  readonly onNewDigest: OnNewDigest;
  /** As it was observed on each of them. */
  readonly workloads: readonly ObservedFilter[];
}

/**
 * Returns one move for each run that put what a tag was then on workloads, where the tag names other bytes now. A tag that names
 * another image with the same filter in it has not moved, unless that image is what stays.
 */
export function movedTags(filters: readonly TaggedFilter[], snapshot: Pick<ClusterSnapshot, 'objectsOf'>): MovedTag[] {
  const moves: MovedTag[] = [];
  for (const filter of filters) {
    const source = sourceOf(filter.module);
    if (source === undefined) continue;
    const reference = parseReference(source.given, '');
    if (!reference.ok || reference.value.digest !== undefined) continue;
    const { host, repository, tag = DEFAULT_TAG } = reference.value;
    for (const current of filter.workloads) {
      const before = runningSource(current, snapshot);
      if (before.state !== 'known' || before.given !== source.given || !isMoved(before, filter)) continue;
      moves.push({
        image: `${host}/${repository}`,
        tag,
        from: digestIn(before.pinned),
        to: digestIn(source.pinned),
        ...defined({ run: current.recorded?.run }),
        onNewDigest: filter.onNewDigest,
        workloads: [current.ref],
      });
    }
  }
  return joinMoves(moves);
}

/** Warns of each tag that has moved, unless nobody wants to hear of it. */
export function warnMovedTags(moves: readonly MovedTag[]): Warning[] {
  return moves
    .filter(({ onNewDigest }) => onNewDigest !== 'ignore')
    .map(({ image, tag, from, to, run = 'unknown', onNewDigest, workloads }) => {
      const [first, ...others] = workloads.map(describeWorkload);
      const more = others.length === 0 ? '' : ` and ${thousands(others.length)} more`;
      const moved = `The tag "${tag}" of ${image} moved from ${from} to ${to} since run ${run}, which put it on ${first}${more}.`;
      const kept = others.length === 0 ? 'It keeps what it runs' : 'They keep what they run';
      const text =
        onNewDigest === 'deploy'
          ? moved
          : `${moved} ${kept}; a run with "on-new-digest: deploy" brings what the tag names now.`;
      return { topic: 'Moved tag', subject: `${image}:${tag}`, text };
    });
}

function digestIn(pinned: string): string {
  return pinned.slice(pinned.lastIndexOf('@') + 1);
}
