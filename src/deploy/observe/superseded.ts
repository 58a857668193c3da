import { defined } from '../../base/defined.ts';
import type { Client } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import { ENVOY_FILTER } from '../../cluster/resources.ts';
import { isLabelledByOthers } from '../../mesh/identity/editors.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import { type PodRevision, revisionName } from '../../mesh/identity/revision.ts';
import { isOlderRun, type RunMark } from '../../mesh/identity/run-order.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { settingsIn } from './snapshot.ts';

/** What another run has put on a workload. */
export interface OtherRevision {
  readonly filter: string;
  readonly revision: string;
  /** `owner/repo/run/attempt`, or `local`. */
  readonly run: string;
  /** When that run started; see `RunMark`. */
  readonly started?: string;
}

/** Another run took a filter away, which leaves no record of that run. */
export interface OtherRemoval {
  /** The filter. */
  readonly removed: string;
  /**
   * Whether it took away what this run had put there. Then it has seen this run's record and goes on nevertheless, so it started
   * later; of one that took away what was there before, that is not known.
   */
  readonly tookOurs: boolean;
}

/** What of another run is met on a workload. */
export type Met = OtherRevision | OtherRemoval;

/** What runs on a workload of a filter in place of what this run wants: of a removal, which leaves no record, nothing is known but that. */
export type Newer = Pick<OtherRevision, 'filter'> & Partial<OtherRevision>;

/** What a run wants of the pods of a workload. */
interface Wanted {
  readonly podRevisions: readonly Pick<PodRevision, 'filter' | 'id'>[];
  readonly removals: readonly string[];
}

/**
 * What another run has put on a workload in place of what this one wants of it, by the record that every run leaves. `undefined`
 * if nobody has, also where somebody else than a run has changed it.
 */
export function otherRevisionOn({ podRevisions, removals }: Wanted, workload: Workload): OtherRevision | undefined {
  const state = stateOn(workload);
  const wanted = [
    ...podRevisions.map(({ filter, id }) => ({ filter, id })),
    ...removals.map((filter) => ({ filter, id: undefined })),
  ];
  for (const { filter, id } of wanted) {
    const revision = revisionOn(workload, filter);
    const recorded = state[filter];
    if (revision === undefined || revision === id || recorded?.revision !== revision) continue;
    if (isLabelledByOthers(workload, podLabel(filter))) continue;
    return { filter, revision, run: recorded.run, ...defined({ started: recorded.started }) };
  }
  return undefined;
}

/**
 * Whether this run, which has met what another one put on a workload meanwhile, goes on with it: it is the newer one. The other comes
 * to the same answer by this run's record, and stops.
 */
export function mayTakeOver(other: OtherRevision, wanted: Wanted, own: RunMark): boolean {
  return isOlderRun(other, ownMark(other, wanted, own));
}

function ownMark({ filter }: OtherRevision, { podRevisions }: Wanted, { run, started }: RunMark): RunMark {
  return { run, started, revision: podRevisions.find((one) => one.filter === filter)?.id };
}

/**
 * What a run that started later has put on a workload before this one observed it. A start that is still to come by this run's
 * clock, `now`, says that the clocks differ, and nothing of which run is newer.
 */
export function foundNewer(wanted: Wanted, observed: Workload, own: RunMark, now: Date): OtherRevision | undefined {
  const other = otherRevisionOn(wanted, observed);
  if (other?.started === undefined || own.started === undefined) return undefined;
  if (other.started > now.toISOString()) return undefined;
  return isOlderRun(ownMark(other, wanted, own), other) ? other : undefined;
}

/**
 * Returns what another run has brought by the name of what it runs: where settings were pushed, that is not the label of its pods.
 * Never throws: where nobody may look, the label is the best name.
 */
export async function nameNewer(
  newer: OtherRevision,
  namespace: string,
  client: Pick<Client, 'get'>,
): Promise<OtherRevision> {
  const { filter, revision: id } = newer;
  try {
    const filterResource = await client.get<EnvoyFilter>(ENVOY_FILTER, namespace, revisionName({ filter, id }));
    return { ...newer, revision: settingsIn({ filterResource }, id) };
  } catch {
    return newer;
  }
}
