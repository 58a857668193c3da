import { append } from '../base/lists.ts';
import { locatedProblems, type Problem } from '../base/problem.ts';
import { count, listWords, nameSome, nearestNames } from '../base/text.ts';
import { targetsProblem } from './fields.ts';
import { labelRemedy } from './label-remedy.ts';
import { isPattern, matchesPattern } from './pattern.ts';
import { CHECK_CONTEXT, missingNamespace } from './resolve.ts';
import { describeChoice } from './select.ts';
import { matchesSelector, type Selector } from './selector.ts';
import type { ChosenNamespaces, NamePatterns, SelectedTargets, TargetEntry } from './target.ts';

/** A namespace of the cluster. */
export interface FoundNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it is being deleted: nothing can be made in it. */
  readonly isTerminating: boolean;
}

/** Entries that know their namespaces. */
export interface PlacedEntries {
  readonly entries: readonly TargetEntry[];
  readonly problems: readonly Problem[];
  /** Which namespaces each entry has chosen, a sentence for each, and which it has left out. */
  readonly notes: readonly string[];
}

/** Whether an entry chooses among the namespaces of the cluster, so that they have to be known. */
export function choosesNamespaces(
  entry: TargetEntry,
): entry is SelectedTargets & { readonly namespaces: ChosenNamespaces } {
  return entry.type === 'selected' && entry.namespaces.type === 'chosen';
}

/**
 * Finds the namespaces of entries that choose them by labels or by patterns of names. Namespaces of the system and those that are
 * being deleted are not chosen: the former only where they are named, at least by their beginning.
 */
export function chooseNamespaces(
  entries: readonly TargetEntry[],
  namespaces: readonly FoundNamespace[],
): PlacedEntries {
  const problems: Problem[] = [];
  const notes: string[] = [];
  const placed = entries.map((entry): TargetEntry => {
    if (!choosesNamespaces(entry)) return entry;
    const { by } = entry.namespaces;
    const matching = namespaces.filter((namespace) => isChosen(by, namespace));
    const chosen = matching.filter((namespace) => !namespace.isTerminating && !isLeftOut(by, namespace));
    const found = chosen.map(({ name }) => name).sort();
    const unmatched = unmatchedChoice(entry.origin, by, namespaces, chosen);
    if (unmatched.length > 0) append(problems, locatedProblems(unmatched, entry.at));
    else
      notes.push(`${entry.origin}: ${describeFound(entry.namespaces.by, found)}${describeLeftOut(matching, found)}.`);
    return { ...entry, namespaces: { ...entry.namespaces, found: unmatched.length > 0 ? [] : found } };
  });
  return { entries: placed, problems, notes };
}

function isChosen(by: Selector | NamePatterns, { name, labels }: FoundNamespace): boolean {
  if ('patterns' in by) return by.patterns.some((pattern) => matchesPattern(pattern, name));
  return matchesSelector(by, labels);
}

/** What begins the name of a system namespace; `undefined` for any other namespace. */
function systemPrefix(name: string): string | undefined {
  // Kept for Kubernetes itself: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
  if (name.startsWith('kube-')) return 'kube-';
  // Where istiod runs, and objects that are there are those of the whole mesh.
  return name === 'istio-system' ? 'istio-' : undefined;
}

function isLeftOut(by: Selector | NamePatterns, { name }: FoundNamespace): boolean {
  const prefix = systemPrefix(name);
  if (prefix === undefined) return false;
  return !(
    'patterns' in by && by.patterns.some((pattern) => pattern.startsWith(prefix) && matchesPattern(pattern, name))
  );
}

function describeFound(by: Selector | NamePatterns, found: readonly string[]): string {
  return `${describeChoice(by)}: ${listWords(found, 'and')}`;
}

function describeLeftOut(matching: readonly FoundNamespace[], found: readonly string[]): string {
  const left = matching.filter(({ name }) => !found.includes(name));
  const [ending, system] = [left.filter((one) => one.isTerminating), left.filter((one) => !one.isTerminating)];
  const parts = [
    ...(ending.length > 0 ? [`${listNames(ending)}, being deleted`] : []),
    ...(system.length > 0 ? [`${listNames(system)}, ${onlyByName(system)}`] : []),
  ];
  return parts.length === 0 ? '' : ` (left out: ${nameSome(parts, parts.length, '; ')})`;
}

function listNames(namespaces: readonly FoundNamespace[]): string {
  return listWords(
    namespaces.map(({ name }) => name),
    'and',
  );
}

/** What is wrong where nothing is chosen, or nothing by one of several patterns. */
function unmatchedChoice(
  origin: string,
  by: Selector | NamePatterns,
  namespaces: readonly FoundNamespace[],
  chosen: readonly FoundNamespace[],
): Problem[] {
  if (!('patterns' in by)) {
    if (chosen.length > 0) return [];
    const only = namespaces.filter((namespace) => isChosen(by, namespace));
    const none =
      only.length === 0 ? `none of the cluster's ${count(namespaces.length, 'namespace')}` : `only ${whyNot(only)}`;
    const labels = namespaces.map((namespace) => namespace.labels);
    const remedy = labelRemedy(by, labels, 'namespace') ?? CHECK_CONTEXT;
    return [
      {
        ...targetsProblem(origin, `${describeChoice(by)} matches ${none}.`, remedy),
        form: 'clause',
      },
    ];
  }
  return by.patterns.flatMap((pattern): Problem[] => {
    if (chosen.some(({ name }) => matchesPattern(pattern, name))) return [];
    const names = namespaces.map(({ name }) => name);
    const only = namespaces.filter(({ name }) => matchesPattern(pattern, name));
    if (!isPattern(pattern) && only.length === 0) return [missingNamespace(pattern, origin, names)];
    const none = only.length === 0 ? 'no namespace' : `only ${whyNot(only)}`;
    const near = only.length > 0 ? [] : nearestNames(pattern.replaceAll('*', ''), names);
    const remedy = near.length > 0 ? `Change it to ${listWords(near)}.` : CHECK_CONTEXT;
    return [
      { ...targetsProblem(origin, `the namespace pattern "${pattern}" matches ${none}.`, remedy), form: 'clause' },
    ];
  });
}

function whyNot(namespaces: readonly FoundNamespace[]): string {
  const one = namespaces.length === 1;
  const ending = namespaces.every(({ isTerminating }) => isTerminating);
  const why = ending ? `which ${one ? 'is' : 'are'} being deleted` : onlyByName(namespaces);
  return `${listNames(namespaces)}, ${why}`;
}

function onlyByName({ length }: readonly FoundNamespace[]): string {
  return length === 1 ? 'a system namespace, chosen only by name' : 'system namespaces, chosen only by name';
}
