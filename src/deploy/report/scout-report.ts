import { greatest } from '../../base/lists.ts';
import { inClusterNames } from '../../targets/target.ts';

/** What scouts have tried before the first workload was changed. */
export interface ScoutReport {
  /** The namespaces in which a scout ran the filters, or was refused them. */
  readonly namespaces: readonly string[];
  readonly pods: number;
  /** From the first to the last of them, which run at the same time, in milliseconds. */
  readonly durationMs: number;
  /** The settings of a place that no scout can show: left to the rollout. Empty for none. */
  readonly unshown: readonly string[];
  /** Why no scout ran where one should have, each once: clauses. */
  readonly untried: readonly string[];
}

/** Returns what the scouts of all clusters of a run have tried, for its report; nothing where there was none in any. */
export function mergeScouts(
  parts: readonly { readonly cluster: string | undefined; readonly outcome: { readonly scouts?: ScoutReport } }[],
): { readonly scouts?: ScoutReport } {
  const found = parts.flatMap(({ outcome: { scouts } }) => scouts ?? []);
  if (found.length === 0) return {};
  const every = (part: (one: ScoutReport) => readonly string[]): string[] => [...new Set(found.flatMap(part))];
  return {
    scouts: {
      namespaces: parts.flatMap(({ cluster, outcome }) => inClusterNames(cluster, outcome.scouts?.namespaces ?? [])),
      pods: found.reduce((sum, { pods }) => sum + pods, 0),
      durationMs: greatest(
        found.map(({ durationMs }) => durationMs),
        0,
      ),
      unshown: every(({ unshown }) => unshown),
      untried: every(({ untried }) => untried),
    },
  };
}
