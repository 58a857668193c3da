import { defined } from '../base/defined.ts';
import { isObject } from '../base/json.ts';
import { unknownKeys } from '../base/keys.ts';
import {
  Diagnostics,
  fail,
  ok,
  type PartialResult,
  type Problem,
  partialResult,
  type Result,
} from '../base/problem.ts';
import { count, listWords, quoted, thousands } from '../base/text.ts';
import { readYaml, type YamlFault } from '../base/yaml.ts';
import { parseInsertion } from '../filter/insertion.ts';
import { DIRECTIONS, parsePort, type SettingsOverride } from '../filter/settings.ts';
import { parseSelector } from './selector.ts';
import {
  FIRST_WAVE,
  isNamespaceName,
  isWorkloadName,
  type KindName,
  LAST_WAVE,
  parseKind,
  type TargetEntry,
} from './target.ts';

/** A target list and what messages call it: the input's or the file's name. */
export interface TargetList {
  readonly origin: string;
  /** Its YAML, whatever it says. */
  readonly content: Result<unknown, YamlFault>;
  /** It was read from a file, which may be another one than was meant: nothing is quoted of one that is no list. */
  readonly isFile?: true;
}

/** What a target list is read with. */
export interface TargetDefaults {
  /** For entries that name no namespace. */
  readonly defaultNamespace: string;
  /** The kinds that there may be. */
  readonly kinds: readonly KindName[];
}

const FORMS =
  'An entry is "deployment/name", "namespace/deployment/name", {kind, name, namespace} or {namespaces, selector, kinds}.';
/** More workloads than a cluster has room for, at some pods each: https://kubernetes.io/docs/setup/best-practices/cluster-large/. */
const MAX_ENTRIES = 20_000;
const OVERRIDES = ['configuration', 'direction', 'port', 'insert'] as const;
const NAMED_KEYS = ['kind', 'name', 'namespace', ...OVERRIDES, 'wave'];
const SELECTED_KEYS = ['selector', 'kinds', 'namespace', 'namespaces', ...OVERRIDES, 'wave'];

/** Returns the YAML of a target list, which is read once; `from` is where it was read from. */
export function readTargetList(origin: string, text: string, from: 'input' | 'file' = 'input'): TargetList {
  return { origin, content: readYaml(text), ...(from === 'file' && { isFile: true }) };
}

/**
 * Parses a target list: a YAML list, or plain lines of `kind/name`.
 * Gives every problem of the list, each with the entry's number, and the entries that could be read.
 */
export function parseTargets(
  { origin, content, isFile }: TargetList,
  { defaultNamespace, kinds }: TargetDefaults,
): PartialResult<readonly TargetEntry[]> {
  const unreadable = (message: string): PartialResult<readonly TargetEntry[]> =>
    partialResult([], [problem(origin, message, FORMS)]);
  if (!content.ok) return unreadable(`${isFile ? faultWithoutText(content) : content.fault}.`);
  let { value } = content;
  if (isFile && typeof value === 'string' && !namesTarget(value, kinds)) {
    return unreadable(`is text of ${count(value.length, 'character')} that names no target; it must be a YAML list.`);
  }
  if (typeof value === 'string') value = value.split(/[\s,]+/).filter((word) => word !== '');
  if (!Array.isArray(value)) return unreadable('must be a YAML list of targets.');
  if (value.length === 0) return unreadable('is an empty list; it names no workload.');
  const diagnostics = new Diagnostics();
  const entries = value.map((entry, index) =>
    diagnostics.unwrap(parseEntry(entry, `${origin}, entry ${index + 1}`, { defaultNamespace, kinds })),
  );
  // What is wrong with its entries says more.
  if (diagnostics.ok && entries.length > MAX_ENTRIES) return partialResult([], [tooLong(origin, entries.length)]);
  return partialResult(
    entries.filter((entry) => entry !== undefined),
    diagnostics.problems,
  );
}

/** Why a file is no YAML, without what the parser quotes of it. */
function faultWithoutText({ fault, syntax }: YamlFault): string {
  return syntax === undefined ? fault : `is not valid YAML: ${syntax.reason} in line ${syntax.line}`;
}

/** Whether any word of a text begins as a target does: with a kind, or a namespace and a kind. */
function namesTarget(text: string, kinds: readonly KindName[]): boolean {
  const kindsOf = (word: string): string[] => word.split('/').slice(0, -1);
  return text.split(/[\s,]+/).some((word) => kindsOf(word).some((kind) => parseKind(kind, kinds) !== undefined));
}

function tooLong(origin: string, entries: number): Problem {
  return problem(
    origin,
    `has ${thousands(entries)} entries; one run takes at most ${thousands(MAX_ENTRIES)}.`,
    'Select workloads by their labels ({namespaces, selector, kinds}), or split the list into several runs.',
  );
}

function parseEntry(entry: unknown, origin: string, defaults: TargetDefaults): Result<TargetEntry> {
  if (typeof entry === 'string') return parsePath(entry, origin, defaults);
  if (!isObject(entry)) return fail(problem(origin, `is ${quoted(entry)}, which names no target.`, FORMS));
  return 'selector' in entry || 'kinds' in entry || 'namespaces' in entry
    ? parseSelected(entry, origin, defaults)
    : parseNamed(entry, origin, defaults);
}

/** `kind/name` or `namespace/kind/name`. */
function parsePath(path: string, origin: string, defaults: TargetDefaults): Result<TargetEntry> {
  const parts = path.trim().split('/');
  if (parts.length < 2 || parts.length > 3) return fail(problem(origin, `${quoted(path)} names no target.`, FORMS));
  const [name = '', kind = '', namespace = defaults.defaultNamespace] = parts.reverse();
  return parseNamed({ kind, name, namespace }, origin, defaults);
}

function parseNamed(entry: Record<string, unknown>, origin: string, defaults: TargetDefaults): Result<TargetEntry> {
  const diagnostics = new Diagnostics();
  diagnostics.add(strayKeys(entry, NAMED_KEYS, origin));
  const kind = diagnostics.unwrap(readKind(entry.kind, origin, defaults.kinds));
  const name = diagnostics.unwrap(readName(entry.name, 'name', origin));
  const namespace = diagnostics.unwrap(readName(entry.namespace ?? defaults.defaultNamespace, 'namespace', origin));
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

function parseSelected(entry: Record<string, unknown>, origin: string, defaults: TargetDefaults): Result<TargetEntry> {
  const diagnostics = new Diagnostics();
  diagnostics.add(strayKeys(entry, SELECTED_KEYS, origin));
  if (entry.namespace !== undefined && entry.namespaces !== undefined) {
    diagnostics.add(problem(origin, 'has both "namespace" and "namespaces".', 'Keep one of them.'));
  }
  const namespaces = asList(entry.namespaces ?? entry.namespace ?? defaults.defaultNamespace).map((namespace) =>
    diagnostics.unwrap(readName(namespace, 'namespace', origin)),
  );
  const defaultKinds = defaults.kinds.flatMap(({ kind, selectedByDefault }) => (selectedByDefault ? [kind] : []));
  const kinds = asList(entry.kinds ?? defaultKinds).map((kind) =>
    diagnostics.unwrap(readKind(kind, origin, defaults.kinds)),
  );
  if (namespaces.length === 0) diagnostics.add(problem(origin, 'has an empty list "namespaces".'));
  if (kinds.length === 0) diagnostics.add(problem(origin, 'has an empty list "kinds".'));
  const selector = diagnostics.unwrap(parseSelector(entry.selector, origin));
  const override = diagnostics.unwrap(readOverride(entry, origin));
  const wave = diagnostics.unwrap(readWave(entry.wave, origin));
  if (selector === undefined || override === undefined || wave === undefined || !diagnostics.ok) {
    return fail(diagnostics.problems);
  }
  return ok({
    type: 'selected',
    origin,
    override,
    wave,
    selector,
    namespaces: [...new Set(namespaces.filter((namespace) => namespace !== undefined))],
    kinds: [...new Set(kinds.filter((kind) => kind !== undefined))],
  });
}

function readKind(value: unknown, origin: string, kinds: readonly KindName[]): Result<string> {
  const kind = typeof value === 'string' ? parseKind(value, kinds) : undefined;
  if (kind !== undefined) return ok(kind);
  const what = value === undefined || value === '' ? 'has no kind' : `has the unknown kind ${quoted(value)}`;
  const known = listWords(
    kinds.map((one) => one.kind),
    'and',
  );
  return fail(problem(origin, `${what}.`, `Known kinds are ${known}.`));
}

function readName(value: unknown, field: 'name' | 'namespace', origin: string): Result<string> {
  // YAML reads `name: 404` and `name: true` as no text; Kubernetes allows the names.
  const name = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof name !== 'string' || name === '') return fail(problem(origin, `has no ${field}.`, FORMS));
  const valid = field === 'name' ? isWorkloadName(name) : isNamespaceName(name);
  if (valid) return ok(name);
  return fail(
    problem(
      origin,
      `has the ${field} ${quoted(name)}, which Kubernetes does not allow.`,
      'Use lower-case letters, digits and "-".',
    ),
  );
}

function readOverride(entry: Record<string, unknown>, origin: string): Result<SettingsOverride> {
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
        problem(origin, `has the unknown direction ${quoted(direction)}.`, `Use ${listWords(DIRECTIONS)}.`),
      );
    } else override.direction = known;
  }
  if (port !== undefined) {
    const number = typeof port === 'number' || typeof port === 'string' ? parsePort(port) : undefined;
    if (number === undefined) {
      diagnostics.add(problem(origin, `has the port ${quoted(port)}.`, 'A port is a whole number from 1 to 65535.'));
    } else override.port = number;
  }
  if (insert !== undefined) {
    const place = parseInsertion(insert);
    if ('message' in place) diagnostics.add(problem(origin, place.message, place.remedy));
    else override.insert = place;
  }
  return diagnostics.ok ? ok(override) : fail(diagnostics.problems);
}

function readWave(value: unknown, origin: string): Result<number> {
  if (value === undefined) return ok(FIRST_WAVE);
  const wave = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof wave === 'number' && Number.isInteger(wave) && wave >= FIRST_WAVE && wave <= LAST_WAVE) return ok(wave);
  return fail(
    problem(
      origin,
      `has the wave ${quoted(value)}.`,
      `A wave is a whole number from ${FIRST_WAVE} to ${LAST_WAVE}; lower ones go first.`,
    ),
  );
}

function strayKeys(entry: Record<string, unknown>, known: readonly string[], origin: string): Problem[] {
  return unknownKeys(entry, known).map(({ message, remedy }) => problem(origin, message, remedy));
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function problem(subject: string, message: string, remedy?: string): Problem {
  return { kind: 'targets', subject, message, ...defined({ remedy }) };
}
