import { defined } from '../base/defined.ts';
import type { FilePosition, Problem } from '../base/problem.ts';
import { listWords, MAX_LISTED, someOf } from '../base/text.ts';

/** Where one setting of a filter is written, or would be. */
export interface SettingPlace {
  /** What messages call the place. */
  readonly subject: string;
  /** Omitted where that is no file of the workspace. */
  readonly at?: FilePosition;
  /** Set where nobody has written the setting: the place is that of the filter that it would belong to. */
  readonly isUnset?: true;
}

/** Where what a filter is and gets is written, by the names of its inputs; those that the workflow step sets are not in it. */
export type SettingPlaces = Readonly<Record<string, SettingPlace>>;

/** A filter, and where its settings are written; without places, in the inputs of the workflow step. */
export interface WrittenFilter {
  readonly filter: string;
  readonly places?: SettingPlaces;
}

/**
 * Returns what a remedy calls settings, so that their reader finds them: `the inputs "root-id" and "vm-id"`, or
 * `"root-id" (filters.yaml:12) and "vm-id" (not set; filters.yaml:10) of filter "add-header"`. `undefined` for a filter: nobody knows
 * which of several it is.
 */
export function nameSettings(names: readonly string[], written: WrittenFilter | undefined): string {
  if (written === undefined) return listWords(names.map(quote), 'and');
  return nameKeys(names, written.places, ` of filter "${written.filter}"`);
}

/** Returns the same of settings that several filters may share: `"shrink" (filters.yaml:4)`, `the inputs "vm-id" and "shrink"`. */
export function nameShared(names: readonly string[], places: SettingPlaces | undefined): string {
  return nameKeys(names, places, '');
}

/** Names settings; `owner` is said behind those that are written in a file. */
function nameKeys(names: readonly string[], places: SettingPlaces = {}, owner: string): string {
  const inputs = names.filter((name) => places[name] === undefined);
  const keys = names.flatMap((name) => {
    const place = places[name];
    return place === undefined ? [] : [`${quote(name)} (${describePlace(place)})`];
  });
  const ofInputs = `the ${inputs.length === 1 ? 'input' : 'inputs'} ${listWords(inputs.map(quote), 'and')}`;
  if (keys.length === 0) return ofInputs;
  // Paths of files are told in full.
  const ofKeys = `${someOf(keys, MAX_LISTED, ' and ')}${owner}`;
  return inputs.length === 0 ? ofKeys : `${ofKeys} and ${ofInputs}`;
}

/** Returns what a problem about a setting says of where it is written. */
export function subjectAt({ subject, at }: SettingPlace): Pick<Problem, 'at'> & Required<Pick<Problem, 'subject'>> {
  return { subject, ...defined({ at }) };
}

/** Returns the same of one setting of a filter: the input of its name where nobody has written it elsewhere. */
export function settingAt(name: string, { places }: Pick<WrittenFilter, 'places'>): ReturnType<typeof subjectAt> {
  return subjectAt(places?.[name] ?? { subject: `input "${name}"` });
}

/** Returns the place of the filter itself in a file: that of its module. */
export function filterPlace({ places }: Pick<WrittenFilter, 'places'>): { readonly at?: FilePosition } {
  return defined({ at: places?.filter?.at });
}

/** `auth (filters.yaml:12)`: a filter, and where one of its settings is written if that is not in the inputs. */
export function describeWritten({ filter, places }: WrittenFilter, setting: string): string {
  const place = places?.[setting] ?? places?.filter;
  return place === undefined ? filter : `${filter} (${describePlace(place)})`;
}

function quote(name: string): string {
  return `"${name}"`;
}

function describePlace({ subject, at, isUnset }: SettingPlace): string {
  const where = at === undefined ? subject : `${at.file}:${at.line}`;
  return isUnset ? `not set; ${where}` : where;
}
