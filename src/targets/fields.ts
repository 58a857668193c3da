import { defined } from '../base/defined.ts';
import { type KeyElsewhere, unknownKeys } from '../base/keys.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../base/problem.ts';
import { listWords, quoted, useWords } from '../base/text.ts';
import { parseInsertion } from '../filter/insertion.ts';
import { DIRECTIONS, parsePort, type SettingsOverride } from '../filter/settings.ts';
import { isPattern, samplePattern } from './pattern.ts';
import { FIRST_WAVE, isNamespaceName, isWorkloadName, type KindName, LAST_WAVE, parseKind } from './target.ts';

// The fields of an entry, each read by itself. `origin` is what messages call the entry.

/** Says what is wrong with a target list or an entry of it. */
export function targetsProblem(subject: string, message: string, remedy?: string): Problem {
  return { kind: 'targets', subject, message, ...defined({ remedy }) };
}

/** The keys of an entry that nothing reads. */
export interface StrayKeys {
  readonly problems: readonly Problem[];
  /** The known keys that were probably meant by them. */
  readonly meant: readonly string[];
}

/** Returns the keys that nothing reads; `otherKeys` are read by somebody else. */
export function strayKeys(
  entry: Record<string, unknown>,
  known: readonly string[],
  origin: string,
  { otherKeys = [], elsewhere }: { readonly otherKeys?: readonly string[]; readonly elsewhere?: KeyElsewhere } = {},
): StrayKeys {
  const unknown = unknownKeys(entry, [...known, ...otherKeys], '', elsewhere);
  return {
    problems: unknown.map(({ message, remedy }) => targetsProblem(origin, message, remedy)),
    meant: unknown.flatMap(({ meant = [] }) => meant),
  };
}

/** A field may have one value or a list of them. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Reads the kind of a workload. */
export function readKind(value: unknown, origin: string, kinds: readonly KindName[]): Result<string> {
  const kind = typeof value === 'string' ? parseKind(value, kinds) : undefined;
  if (kind !== undefined) return ok(kind);
  const what = value === undefined || value === '' ? 'has no kind' : `has the unknown kind ${quoted(value)}`;
  const known = listWords(
    kinds.map((one) => one.kind),
    'and',
  );
  return fail(targetsProblem(origin, `${what}.`, `Known kinds are ${known}.`));
}

/** Reads kinds, of which `*` means those that are meant where none is named. */
export function readKinds(value: unknown, origin: string, kinds: readonly KindName[]): Result<readonly string[]> {
  const diagnostics = new Diagnostics();
  const usual = kinds.flatMap(({ kind, selectedByDefault }) => (selectedByDefault ? [kind] : []));
  const found = asList(value).flatMap((word) => {
    if (word === '*') return usual;
    return diagnostics.unwrap(readKind(word, origin, kinds)) ?? [];
  });
  return diagnostics.ok ? ok([...new Set(found)]) : fail(diagnostics.problems);
}

/** What a name is of, and whether it may be a pattern. */
export interface NameField {
  readonly field: 'name' | 'namespace';
  readonly pattern?: true;
}

/** Reads a name that Kubernetes allows. `forms` says what an entry looks like, for who has given none. */
export function readName(value: unknown, { field, pattern }: NameField, origin: string, forms: string): Result<string> {
  // YAML reads `name: 404` and `name: true` as no text; Kubernetes allows the names.
  const name = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof name !== 'string' || name === '') return fail(targetsProblem(origin, `has no ${field}.`, forms));
  const sample = pattern && isPattern(name) ? samplePattern(name) : name;
  if (field === 'name' ? isWorkloadName(sample) : isNamespaceName(sample)) return ok(name);
  return fail(
    targetsProblem(
      origin,
      `has the ${field} ${quoted(name)}, which Kubernetes does not allow.`,
      `Use lower-case letters, digits and "-"${pattern ? '; "*" stands for any of them' : ''}.`,
    ),
  );
}

/** Reads the settings that an entry has of its own. */
export function readOverride(entry: Record<string, unknown>, origin: string): Result<SettingsOverride> {
  const diagnostics = new Diagnostics();
  const override: { -readonly [K in keyof SettingsOverride]: SettingsOverride[K] } = {};
  const { configuration, direction, port, insert } = entry;
  if (configuration !== undefined && configuration !== null) {
    override.configuration = typeof configuration === 'string' ? configuration : JSON.stringify(configuration);
  }
  if (direction !== undefined) {
    const known = DIRECTIONS.find((word) => word === direction);
    if (known === undefined) {
      diagnostics.add(
        targetsProblem(
          origin,
          `has the unknown direction ${quoted(direction)}.`,
          useWords(String(direction), DIRECTIONS),
        ),
      );
    } else override.direction = known;
  }
  if (port !== undefined) {
    const number = typeof port === 'number' || typeof port === 'string' ? parsePort(port) : undefined;
    if (number === undefined) {
      diagnostics.add(
        targetsProblem(origin, `has an invalid port: ${quoted(port)}.`, 'A port is a whole number from 1 to 65535.'),
      );
    } else override.port = number;
  }
  if (insert !== undefined) {
    const place = parseInsertion(insert);
    if ('message' in place) diagnostics.add(targetsProblem(origin, place.message, place.remedy));
    else override.insert = place;
  }
  return diagnostics.ok ? ok(override) : fail(diagnostics.problems);
}

/** Reads when an entry gets the filter. */
export function readWave(value: unknown, origin: string): Result<number> {
  if (value === undefined) return ok(FIRST_WAVE);
  const wave = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof wave === 'number' && Number.isInteger(wave) && wave >= FIRST_WAVE && wave <= LAST_WAVE) return ok(wave);
  return fail(
    targetsProblem(
      origin,
      `has an invalid wave: ${quoted(value)}.`,
      `A wave is a whole number from ${FIRST_WAVE} to ${LAST_WAVE}; lower ones go first.`,
    ),
  );
}
