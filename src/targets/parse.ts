import { isObject } from '../base/json.ts';
import {
  Diagnostics,
  type FilePosition,
  locatedProblems,
  type PartialResult,
  type Problem,
  partialResult,
  type Result,
} from '../base/problem.ts';
import { count, thousands } from '../base/text.ts';
import { readYaml, type YamlFault } from '../base/yaml.ts';
import { FORMS, parseEntry, type TargetDefaults } from './entry.ts';
import { targetsProblem as problem } from './fields.ts';
import { type EntryPlace, type KindName, parseKind, type TargetEntry } from './target.ts';

export type { TargetDefaults, TargetKey } from './entry.ts';

/** A target list and what messages call it: the input's or the file's name. */
export interface TargetList {
  readonly origin: string;
  /** Where it stands; omitted where that is no file of the workspace. */
  readonly at?: FilePosition;
  /** Its YAML, whatever it says. */
  readonly content: Result<unknown, YamlFault>;
  /** It was read from a file, which may be another one than was meant: nothing is quoted of one that is no list. */
  readonly isFile?: true;
  /** Where its entries stand, by their index; omitted where their number says it. */
  readonly placeOf?: (index: number) => EntryPlace;
}

/** More workloads than a cluster has room for, at some pods each: https://kubernetes.io/docs/setup/best-practices/cluster-large/. */
const MAX_ENTRIES = 20_000;

/** Returns the YAML of a target list, which is read once; `from` is where it was read from. */
export function readTargetList(origin: string, text: string, from: 'input' | 'file' = 'input'): TargetList {
  return { origin, content: readYaml(text), ...(from === 'file' && { isFile: true }) };
}

/**
 * Parses a target list: a YAML list, or plain lines of `kind/name`.
 * Gives every problem of the list, each with the entry's number, and the entries that could be read.
 */
export function parseTargets(
  { origin, at, content, isFile, placeOf }: TargetList,
  defaults: TargetDefaults,
): PartialResult<readonly TargetEntry[]> {
  const unreadable = (message: string, remedy = FORMS): PartialResult<readonly TargetEntry[]> =>
    partialResult([], locatedProblems([problem(origin, message, remedy)], at));
  if (!content.ok) {
    const fault = isFile ? faultWithoutText(content) : content.fault;
    return unreadable(`${fault}.`, content.syntax?.remedy ?? FORMS);
  }
  let { value } = content;
  if (isFile && typeof value === 'string' && !namesTarget(value, defaults.kinds)) {
    return unreadable(`is text of ${count(value.length, 'character')} that names no target; it must be a YAML list.`);
  }
  if (typeof value === 'string') value = value.split(/[\s,]+/).filter((word) => word !== '');
  if (!Array.isArray(value))
    return unreadable(
      'must be a YAML list of targets.',
      isObject(value) ? `Write "- " before each entry. ${FORMS}` : FORMS,
    );
  if (value.length === 0) return unreadable('is an empty list; it names no workload.');
  const diagnostics = new Diagnostics();
  const entries = value.map((entry, index) => {
    const place = placeOf?.(index) ?? { origin: `${origin}, entry ${index + 1}` };
    const parsed = parseEntry(entry, place.origin, defaults);
    if (parsed.ok) return { ...parsed.value, ...place };
    diagnostics.add(locatedProblems(parsed.problems, place.at));
    return undefined;
  });
  // What is wrong with its entries says more.
  if (diagnostics.ok && entries.length > MAX_ENTRIES)
    return partialResult([], locatedProblems([tooLong(origin, entries.length)], at));
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
