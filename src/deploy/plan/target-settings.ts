import { defined } from '../../base/defined.ts';
import { dataKey } from '../../base/json.ts';
import type { FilterSettings, SettingsOverride } from '../../filter/settings.ts';
import type { SettingPlaces } from '../../filter/written.ts';
import { makeRevision, type Revision } from '../../mesh/identity/revision.ts';
import { type EntryPlace, type TargetEntry, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { FilterRequest } from '../request.ts';
import { ordersOn } from './order.ts';

/**
 * The settings of a filter on a target: those of its entry before those of the inputs. Where all traffic goes one way, a direction
 * says nothing.
 */
function settingsOn(
  ref: Pick<WorkloadRef, 'kind'>,
  settings: FilterSettings,
  override: SettingsOverride,
): FilterSettings {
  const { direction } = targetKind(ref);
  return { ...settings, ...override, ...defined({ direction }) };
}

/**
 * Makes the revisions that targets have of a filter, each once: a list of thousands of targets has few of them, and what is done for a
 * revision may take its whole module.
 */
export function revisionMaker({
  name,
  module,
  settings,
  places,
  targets = [],
}: Pick<FilterRequest, 'name' | 'module' | 'settings' | 'places'> & Partial<Pick<FilterRequest, 'targets'>>): (
  ref: Pick<WorkloadRef, 'kind'>,
  override: SettingsOverride,
  order?: number,
) => Revision {
  const made = new Map<string, Revision>();
  const entries = new Map(targets.toReversed().map((entry) => [JSON.stringify(entry.override), entry]));
  return (ref, override, order = settings.order) => {
    const key = dataKey([targetKind(ref).direction, order, override]);
    const known = made.get(key);
    if (known !== undefined) return known;
    const own = placesOfOverride(override, entries.get(JSON.stringify(override)));
    const written = own === undefined ? places : { ...places, ...own };
    const revision = makeRevision(name, module, { ...settingsOn(ref, settings, override), order }, written);
    made.set(key, revision);
    return revision;
  };
}

/** Where the settings are written that an entry has of its own, which are called as the inputs are; `undefined` where it has none. */
function placesOfOverride(override: SettingsOverride, entry: EntryPlace | undefined): SettingPlaces | undefined {
  const names = Object.keys(override);
  if (entry === undefined || names.length === 0) return undefined;
  const place = { subject: entry.origin, ...defined({ at: entry.at }) };
  return Object.fromEntries(names.map((name) => [name, place]));
}

/** Tells the order that a filter, by its index in the request, has on a workload. */
export type OrderOn = (filter: number, ref: WorkloadRef) => number;

/** Finds the orders that the filters of a run have on their targets; `targets` are those of each filter. */
export function orderTargets(
  filters: readonly Pick<FilterRequest, 'settings'>[],
  targets: readonly (readonly { readonly ref: WorkloadRef; readonly override: SettingsOverride }[])[],
): OrderOn {
  const onWorkload = new Map<string, { filter: number; settings: FilterSettings }[]>();
  for (const [filter, { settings }] of filters.entries()) {
    for (const { ref, override } of targets[filter] ?? []) {
      const key = workloadKey(ref);
      const all = onWorkload.get(key) ?? [];
      all.push({ filter, settings: settingsOn(ref, settings, override) });
      onWorkload.set(key, all);
    }
  }
  const orders = new Map<string, ReadonlyMap<number, number>>();
  for (const [key, all] of onWorkload) {
    const found = ordersOn(all.map(({ settings }) => settings));
    orders.set(key, new Map(all.map(({ filter }, index) => [filter, found[index] ?? 0])));
  }
  return (filter, ref) => orders.get(workloadKey(ref))?.get(filter) ?? filters[filter]?.settings.order ?? 0;
}

/** The kinds of targets that an entry may come to. */
export function kindsOf(entry: TargetEntry): readonly string[] {
  return entry.type === 'named' ? [entry.workload.kind] : entry.kinds;
}
