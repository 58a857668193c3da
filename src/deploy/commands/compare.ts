import { defined } from '../../base/defined.ts';
import type { PartialResult } from '../../base/problem.ts';
import type { SettingsOverride } from '../../filter/settings.ts';
import { DIGEST_ANNOTATION } from '../../mesh/identity/names.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import { workloadKey } from '../../targets/target.ts';
import { type ClusterSnapshot, type ObservedFilter, observedFilter, revisionRunOn } from '../observe/snapshot.ts';
import { type ChosenRevision, earlierRevisionMaker } from '../plan/earlier-revisions.ts';
import { orderTargets, revisionMaker } from '../plan/target-settings.ts';
import type { Compared, FilterStatus } from '../report/status-report.ts';
import type { StatusRequest, WantedFilter } from '../request.ts';
import type { ResolvedPart, ResolvedScopes } from './scope.ts';

/** How what runs of a filter compares with what a manifest says of it. */
export interface Comparison {
  readonly compared: Compared;
  /** Set where something else runs. */
  readonly differs?: {
    /** The revision that the manifest says; omitted where its module or its order is not known. */
    readonly wanted?: string;
  };
}

/** Finds how a filter on a workload compares with the manifest; `undefined` where none says anything of it. */
export type Compare = (current: ObservedFilter) => Comparison | undefined;

type KnownFilter = Extract<WantedFilter, { readonly state: 'known' }>;
type RevisionOf = ReturnType<typeof revisionMaker>;

/** Compares revisions with those that `deploy` would make of the manifest. */
export function manifestComparison({ parts, snapshot }: ResolvedScopes<StatusRequest>): Compare {
  const known = parts.flatMap((part) => {
    const { wanted, filter: name } = part.scope;
    return wanted?.state === 'known' && name !== undefined ? [{ ...part, name, wanted }] : [];
  });
  const orderOn = orderTargets(
    known.map(({ wanted: { settings } }) => ({ settings })),
    known.map(({ targets }) => targets),
  );
  const unknown = parts.filter(({ scope }) => scope.wanted?.state === 'unknown');
  // Every other filter of the manifest may decide on an order.
  const ordersKnown = unknown.length === 0 && known.every(({ wanted }) => wanted.withOthers);
  const compares = known.map((part, index): Compare => {
    const overrides = new Map(part.targets.map(({ ref, override }) => [workloadKey(ref), override]));
    const currents = part.targets.map((target) => observedFilter(part.name, target, snapshot));
    const makerOf = makers(part.name, part.wanted, currents, snapshot);
    return (current) => {
      const override = overrides.get(workloadKey(current.ref));
      if (current.filter !== part.name || override === undefined) return undefined;
      const runs = revisionRunOn(current);
      const { compared, revisionOf } = makerOf(current, override);
      if (runs === undefined || revisionOf === undefined) return { compared };
      const order = orderOn(index, current.ref);
      const orders = ordersKnown ? [order] : Array.from({ length: MOST_ON_ONE }, (_, more) => order + more);
      if (orders.some((one) => revisionOf(one).id === runs)) return { compared };
      const isExact = compared === 'everything' && ordersKnown;
      return { compared, differs: isExact ? { wanted: revisionOf(order).id } : {} };
    };
  });
  return (current) => {
    for (const compare of compares) {
      const found = compare(current);
      if (found !== undefined) return found;
    }
    return unknown.some((part) => isAbout(part, current)) ? { compared: 'nothing' } : undefined;
  };
}

/** More filters than a workload has: where the others of a manifest are not looked at, one of these is the order that it gets. */
const MOST_ON_ONE = 50;

function isAbout({ scope, workloads }: ResolvedPart<StatusRequest>, { filter, ref }: ObservedFilter): boolean {
  return scope.filter === filter && workloads.some((one) => workloadKey(one.ref) === workloadKey(ref));
}

/** Tells the revision that a filter is to have on a workload, by its order there, and what that compares. */
type MakerOf = (
  current: ObservedFilter,
  override: SettingsOverride,
) => { readonly compared: Compared; readonly revisionOf?: (order: number) => Revision };

/** Without the module, settings compare beside that which runs; of what proxies pull, the image is one of the settings. */
function makers(
  name: string,
  wanted: KnownFilter,
  workloads: readonly ObservedFilter[],
  snapshot: ClusterSnapshot,
): MakerOf {
  const { settings, module } = wanted;
  if (module !== undefined) {
    const revisionFor = earlierRevisionMaker({ ...wanted, name, module }, workloads, snapshot);
    return (current, override) => {
      if (!revisionFor(current, override).ok) return { compared: 'nothing' };
      return { compared: 'everything', revisionOf: (order) => revisionIn(revisionFor(current, override, order)) };
    };
  }
  const byDigest = new Map<string, RevisionOf>();
  return ({ ref, configMap, filterResource }, override) => {
    const digest = configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
    const isPulled = isPlugin(filterResource) || (configMap !== undefined && imageOf(configMap) !== undefined);
    if (digest === undefined || isPulled || settings.image !== undefined) return { compared: 'nothing' };
    const revisionOf =
      byDigest.get(digest) ?? revisionMaker({ name, module: { bytes: new Uint8Array(), digest }, settings });
    byDigest.set(digest, revisionOf);
    return { compared: 'settings', revisionOf: (order) => revisionOf(ref, override, order) };
  };
}

function revisionIn(chosen: PartialResult<ChosenRevision>): Revision {
  return (chosen.ok ? chosen.value : chosen.partial).revision;
}

/** Adds to what was seen of a filter how it compares; what is wrong with it in itself is more urgent. */
export function withComparison(status: FilterStatus, comparison: Comparison | undefined): FilterStatus {
  if (comparison === undefined || status.health === 'missing') return status;
  const { compared, differs } = comparison;
  if (differs === undefined) return { ...status, compared };
  const isWell = status.health === 'verified' || status.health === 'scaled-to-zero';
  const remedy =
    status.rendered === undefined ? 'the next "deploy" updates it' : 'render the files again and apply them';
  const wanted = differs.wanted === undefined ? 'other settings' : differs.wanted;
  return {
    ...status,
    ...(isWell && { health: 'outdated' }),
    ...defined({ wanted: differs.wanted }),
    compared,
    notes: [...status.notes, { text: `runs ${status.revision ?? 'none'}, the manifest says ${wanted}; ${remedy}` }],
  };
}
