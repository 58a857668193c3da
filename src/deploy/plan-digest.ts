import { createHash } from 'node:crypto';
import { dataKey } from '../base/json.ts';
import { inClusterName } from '../targets/target.ts';

/** One thing that a plan does or goes by, and the digest of what it is: equal parts have equal digests. */
export interface PlanPart {
  /** `change Deployment shop/reviews`, `restart Deployment shop/reviews`, `input "timeout"`. */
  readonly what: string;
  readonly digest: string;
  /** The content in a few words, where it has some: `sha256:2679a1b0c3d4 (31.0 KiB)`. */
  readonly shown?: string;
}

/** A part of a plan that was just made. */
export interface PlannedPart extends PlanPart {
  /** Whether the plan does it, or goes by it, as by every input. */
  readonly role: 'does' | 'goes-by';
  /** The digest that it may have had when more was to be done; omitted where that makes no difference. */
  readonly before?: string;
}

/** A plan that somebody has reviewed. */
export interface ReviewedPlan {
  readonly digest: string;
  /** Omitted where only the digest is known. */
  readonly parts?: readonly PlanPart[];
}

/** How one plan differs from another, by what its parts are about. */
export interface PlanDifference {
  readonly added: readonly string[];
  readonly gone: readonly string[];
  readonly other: readonly string[];
}

/** What is known of a part beside its content. */
type PartKind = Pick<PlannedPart, 'role' | 'shown' | 'before'>;

/** Returns a part; the order of keys in its content does not matter. */
export function planPart(what: string, content: unknown, kind: PartKind): PlannedPart {
  return { what, digest: partDigest(content), ...kind };
}

/** Returns the digest of a part's content. */
export function partDigest(content: unknown): string {
  return sha256(dataKey(content));
}

/** Returns the same part of a cluster; as it is without a name. */
export function inPart<T extends PlanPart>(part: T, cluster: string | undefined): T {
  return { ...part, what: inClusterName(cluster, part.what) };
}

/** Returns the digest of a whole plan, in whatever order its parts were found; what all clusters have alike counts once. */
export function planDigest(parts: readonly PlanPart[]): string {
  const lines = new Set(parts.map(({ what, digest }) => dataKey([what, digest])));
  return `sha256:${sha256([...lines].sort().join('\n'))}`;
}

/** Returns what of a plan is not as it was reviewed, with what it was and is where that can be said in a few words. */
export function differenceOf(reviewed: readonly PlanPart[], planned: readonly PlanPart[]): PlanDifference {
  const [before, now] = [byWhat(reviewed), byWhat(planned)];
  return {
    added: [...now.keys()].filter((what) => !before.has(what)),
    gone: [...before.keys()].filter((what) => !now.has(what)),
    other: [...now].flatMap(([what, { digests, shown }]) => {
      const then = before.get(what);
      if (then === undefined || then.digests === digests) return [];
      return [then.shown === '' || shown === '' ? what : `${what} (${then.shown} → ${shown})`];
    }),
  };
}

/** All parts of each name: `digests` tells whether they are the same, `shown` is empty where not every one can be shown. */
function byWhat(parts: readonly PlanPart[]): Map<string, { readonly digests: string; readonly shown: string }> {
  const joined = (texts: readonly string[]): string => [...new Set(texts)].sort().join();
  return new Map(
    [...Map.groupBy(parts, ({ what }) => what)].map(([what, those]) => {
      const shown = those.flatMap((part) => part.shown ?? []);
      const digests = joined(those.map(({ digest }) => digest));
      return [what, { digests, shown: shown.length === those.length ? joined(shown) : '' }];
    }),
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
