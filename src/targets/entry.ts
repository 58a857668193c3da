import { isObject } from '../base/json.ts';
import type { KeyElsewhere } from '../base/keys.ts';
import { Diagnostics, fail, ok, type Result } from '../base/problem.ts';
import { listWords, quoted } from '../base/text.ts';
import { readExclusions } from './exclusion.ts';
import {
  asList,
  targetsProblem as problem,
  readKind,
  readKinds,
  readName,
  readOverride,
  readWave,
  type StrayKeys,
  strayKeys,
} from './fields.ts';
import { isPattern } from './pattern.ts';
import { parseSelector, type Selector } from './selector.ts';
import type { KindName, Namespaces, TargetEntry } from './target.ts';

/** What a target list is read with. */
export interface TargetDefaults {
  /** For entries that name no namespace. */
  readonly defaultNamespace: string;
  /** The kinds that there may be. */
  readonly kinds: readonly KindName[];
  /** Keys that whoever has the list reads of its entries. */
  readonly otherKeys?: readonly string[];
  /** Where keys belong that are none of a target. */
  readonly elsewhere?: KeyElsewhere;
}

/** What an entry may look like. */
export const FORMS =
  'An entry is "deployment/name", "namespace/deployment/name", {kind, name, namespace} or {namespaces, selector, kinds}; "*" stands for any characters of a name.';
const OVERRIDES = ['configuration', 'direction', 'port', 'insert'] as const;
const NAMING_KEYS = ['kind', 'name', 'namespace'] as const;
/** An entry that has one of these means all workloads that are as it says. */
const SELECTING_KEYS = ['selector', 'kinds', 'namespaces', 'namespace-selector', 'exclude'] as const;
/** The keys that an entry may have. */
export const TARGET_KEYS = [...NAMING_KEYS, ...SELECTING_KEYS, ...OVERRIDES, 'wave'] as const;
export type TargetKey = (typeof TARGET_KEYS)[number];

/** Reads an entry of a target list; `origin` is what messages call it. */
export function parseEntry(entry: unknown, origin: string, defaults: TargetDefaults): Result<TargetEntry> {
  if (typeof entry === 'string') return parsePath(entry, origin, defaults);
  if (!isObject(entry)) return fail(problem(origin, `is ${quoted(entry)}, which names no target.`, FORMS));
  const { kind, name, namespace } = entry;
  const stray = strayKeys(entry, TARGET_KEYS, origin, defaults);
  const selects =
    SELECTING_KEYS.some((key) => key in entry || stray.meant.includes(key)) ||
    [kind, name, namespace].some((value) => typeof value === 'string' && isPattern(value));
  return selects ? parseSelected(entry, origin, defaults, stray) : parseNamed(entry, origin, defaults, stray);
}

/** `kind/name` or `namespace/kind/name`. */
function parsePath(path: string, origin: string, defaults: TargetDefaults): Result<TargetEntry> {
  const parts = path.trim().split('/');
  if (parts.length < 2 || parts.length > 3)
    return fail({ ...problem(origin, `${quoted(path)} names no target.`, FORMS), form: 'clause' });
  const [name = '', kind = '', namespace = defaults.defaultNamespace] = parts.reverse();
  return parseEntry({ kind, name, namespace }, origin, defaults);
}

function parseNamed(
  entry: Record<string, unknown>,
  origin: string,
  defaults: TargetDefaults,
  stray: StrayKeys,
): Result<TargetEntry> {
  const diagnostics = new Diagnostics();
  diagnostics.add(stray.problems);
  // What a mistyped key was to say is not missing.
  const isMeant = (key: TargetKey): boolean => !(key in entry) && stray.meant.includes(key);
  const kind = isMeant('kind') ? undefined : diagnostics.unwrap(readKind(entry.kind, origin, defaults.kinds));
  const name = isMeant('name') ? undefined : diagnostics.unwrap(readName(entry.name, { field: 'name' }, origin, FORMS));
  const namespace = diagnostics.unwrap(
    readName(entry.namespace ?? defaults.defaultNamespace, { field: 'namespace' }, origin, FORMS),
  );
  const override = diagnostics.unwrap(readOverride(entry, origin));
  const wave = diagnostics.unwrap(readWave(entry.wave, origin));
  if (
    kind === undefined ||
    name === undefined ||
    namespace === undefined ||
    override === undefined ||
    wave === undefined ||
    !diagnostics.ok
  ) {
    return fail(diagnostics.problems);
  }
  return ok({ type: 'named', origin, override, wave, workload: { kind, namespace, name } });
}

function parseSelected(
  entry: Record<string, unknown>,
  origin: string,
  defaults: TargetDefaults,
  stray: StrayKeys,
): Result<TargetEntry> {
  const diagnostics = new Diagnostics();
  diagnostics.add(stray.problems);
  const namespaces = diagnostics.unwrap(readNamespaces(entry, origin, defaults));
  if ('kind' in entry && 'kinds' in entry) diagnostics.add(bothKeys(origin, ['kind', 'kinds']));
  const kinds = diagnostics.unwrap(readKinds(entry.kinds ?? entry.kind ?? '*', origin, defaults.kinds));
  if (kinds?.length === 0) diagnostics.add(problem(origin, 'has an empty list "kinds".'));
  const isMistyped =
    ['selector', 'name'].some((key) => stray.meant.includes(key)) && !('name' in entry || 'selector' in entry);
  const meant = isMistyped ? undefined : diagnostics.unwrap(readMeant(entry, origin));
  const exclude = diagnostics.unwrap(readExclusions(entry.exclude, origin, defaults.kinds));
  const override = diagnostics.unwrap(readOverride(entry, origin));
  const wave = diagnostics.unwrap(readWave(entry.wave, origin));
  if (
    namespaces === undefined ||
    kinds === undefined ||
    meant === undefined ||
    exclude === undefined ||
    override === undefined ||
    wave === undefined ||
    !diagnostics.ok
  ) {
    return fail(diagnostics.problems);
  }
  return ok({ type: 'selected', origin, override, wave, namespaces, kinds, ...meant, exclude });
}

/** Which workloads of its namespaces an entry means: nobody means all of them by leaving something out. */
function readMeant(
  entry: Record<string, unknown>,
  origin: string,
): Result<{ readonly selector?: Selector; readonly name?: string }> {
  const { selector: labels, name: names } = entry;
  if (labels === undefined && names === undefined) {
    const remedy = 'Add labels of the workloads, such as "selector: app=web", or "name: \'*\'" for every workload.';
    return fail(problem(origin, 'has neither "selector" nor "name".', remedy));
  }
  const diagnostics = new Diagnostics();
  const selector = labels === undefined ? undefined : diagnostics.unwrap(parseSelector(labels, origin));
  const name =
    names === undefined
      ? undefined
      : diagnostics.unwrap(readName(names, { field: 'name', pattern: true }, origin, FORMS));
  if (!diagnostics.ok) return fail(diagnostics.problems);
  return ok({ ...(selector !== undefined && { selector }), ...(name !== undefined && { name }) });
}

const PLACES = ['namespace', 'namespaces', 'namespace-selector'] as const;

function readNamespaces(
  entry: Record<string, unknown>,
  origin: string,
  { defaultNamespace }: TargetDefaults,
): Result<Namespaces> {
  const diagnostics = new Diagnostics();
  const given = PLACES.filter((key) => entry[key] !== undefined);
  if (given.length > 1) return fail(bothKeys(origin, given));
  if ('namespace-selector' in entry) {
    const by = diagnostics.unwrap(parseSelector(entry['namespace-selector'], origin, 'namespace-selector'));
    return by === undefined ? fail(diagnostics.problems) : ok({ type: 'chosen', by });
  }
  const read = asList(entry.namespaces ?? entry.namespace ?? defaultNamespace).map((namespace) =>
    diagnostics.unwrap(readName(namespace, { field: 'namespace', pattern: true }, origin, FORMS)),
  );
  if (read.length === 0) diagnostics.add(problem(origin, 'has an empty list "namespaces".'));
  if (!diagnostics.ok) return fail(diagnostics.problems);
  const names = [...new Set(read.filter((name) => name !== undefined))];
  return ok(names.some(isPattern) ? { type: 'chosen', by: { patterns: names } } : { type: 'listed', names });
}

function bothKeys(origin: string, keys: readonly string[]): ReturnType<typeof problem> {
  const named = keys.map((key) => `"${key}"`);
  const all = named.length === 2 ? `both ${listWords(named, 'and')}` : listWords(named, 'and');
  return problem(origin, `has ${all}.`, 'Keep one of them.');
}
