import { dataKey } from '../../base/json.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { OnNewDigest } from '../policy.ts';

/** A tag that names other bytes now than those that an earlier run has put on workloads. */
export interface MovedTag {
  /** `ghcr.io/shop/add-header`. */
  readonly image: string;
  readonly tag: string;
  /** The digest of before, and that of now. */
  readonly from: string;
  readonly to: string;
  /** What happens to these workloads: they get what the tag names now, or keep what they run. */
  readonly onNewDigest: OnNewDigest;
  /** The run that put on them what it named before; omitted where nothing tells. */
  readonly run?: string;
  readonly workloads: readonly WorkloadRef[];
}

/** Returns each move once, with all of its workloads. */
export function joinMoves(moves: readonly MovedTag[]): MovedTag[] {
  const alike = Map.groupBy(moves, ({ workloads: _, ...move }) => dataKey(move));
  return [...alike.values()].flatMap((those) =>
    those.slice(0, 1).map((move) => ({ ...move, workloads: those.flatMap(({ workloads }) => workloads) })),
  );
}
