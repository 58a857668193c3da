import type { TargetKind } from '../../cluster/resources.ts';
import type { FilterSettings, SettingsOverride } from '../../filter/settings.ts';
import { makeRevision, type Revision } from '../../mesh/identity/revision.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { FilterRequest } from '../request.ts';

/**
 * The settings of a filter on a target: those of its entry before those of the inputs. Whatever goes through a Gateway goes one way,
 * so a direction says nothing there.
 */
export function settingsOn(kind: TargetKind, settings: FilterSettings, override: SettingsOverride): FilterSettings {
  return { ...settings, ...override, ...(kind === 'Gateway' && { direction: 'gateway' as const }) };
}

/**
 * Makes the revisions that targets have of a filter, each once: a list of thousands of targets has few of them, and what is done for a
 * revision may take its whole module.
 */
export function revisionMaker({
  name,
  module,
  settings,
}: Pick<FilterRequest, 'name' | 'module' | 'settings'>): (kind: TargetKind, override: SettingsOverride) => Revision {
  const made = new Map<string, Revision>();
  return (kind, override) => {
    const key = `${kind === 'Gateway'} ${JSON.stringify(override)}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const revision = makeRevision(name, module, settingsOn(kind, settings, override));
    made.set(key, revision);
    return revision;
  };
}

/** The kinds of targets that an entry may come to. */
export function kindsOf(entry: TargetEntry): readonly TargetKind[] {
  return entry.type === 'named' ? [entry.workload.kind] : entry.kinds;
}
