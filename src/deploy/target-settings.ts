import type { TargetKind } from '../cluster/resources.ts';
import type { FilterSettings, SettingsOverride } from '../filter/settings.ts';
import type { TargetEntry } from '../targets/target.ts';

/**
 * The settings of a filter on a target: those of its entry before those of the inputs. Whatever goes through a Gateway goes one way,
 * so a direction says nothing there.
 */
export function settingsOn(kind: TargetKind, settings: FilterSettings, override: SettingsOverride): FilterSettings {
  return { ...settings, ...override, ...(kind === 'Gateway' ? { direction: 'gateway' as const } : {}) };
}

/** The kinds of targets that an entry may come to. */
export function kindsOf(entry: TargetEntry): readonly TargetKind[] {
  return entry.type === 'named' ? [entry.workload.kind] : entry.kinds;
}
