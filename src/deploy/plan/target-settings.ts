import { defined } from '../../base/defined.ts';
import type { FilterSettings, SettingsOverride } from '../../filter/settings.ts';
import { makeRevision, type Revision } from '../../mesh/identity/revision.ts';
import type { TargetEntry, WorkloadRef } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { FilterRequest } from '../request.ts';

/**
 * The settings of a filter on a target: those of its entry before those of the inputs. Where all traffic goes one way, a direction
 * says nothing.
 */
export function settingsOn(
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
}: Pick<FilterRequest, 'name' | 'module' | 'settings'>): (
  ref: Pick<WorkloadRef, 'kind'>,
  override: SettingsOverride,
) => Revision {
  const made = new Map<string, Revision>();
  return (ref, override) => {
    const key = `${targetKind(ref).direction} ${JSON.stringify(override)}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const revision = makeRevision(name, module, settingsOn(ref, settings, override));
    made.set(key, revision);
    return revision;
  };
}

/** The kinds of targets that an entry may come to. */
export function kindsOf(entry: TargetEntry): readonly string[] {
  return entry.type === 'named' ? [entry.workload.kind] : entry.kinds;
}
