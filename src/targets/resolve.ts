import { defined } from '../base/defined.ts';
import { sameJson } from '../base/json.ts';
import { append } from '../base/lists.ts';
import { Diagnostics, fail, locatedProblems, ok, type Problem, type Result } from '../base/problem.ts';
import { hasSibling, listWords, nearestNames, useOneOf } from '../base/text.ts';
import type { Warning } from '../base/warning.ts';
import type { Workload } from '../cluster/objects.ts';
import type { SettingsOverride } from '../filter/settings.ts';
import { isPattern } from './pattern.ts';
import { CREATE_FIRST, idleExclusions, nothingSelected, selectWorkloads } from './select.ts';
import {
  describeWorkload,
  type NamedTarget,
  namespacesOf,
  type SelectedTargets,
  type TargetEntry,
  type WorkloadRef,
  workloadKey,
} from './target.ts';
import type { WorkloadIndex, WorkloadListKey } from './workload-index.ts';

/** A workload that the target list means, as it was observed, with the settings it has of its own. */
export interface ResolvedTarget {
  readonly ref: WorkloadRef;
  readonly workload: Workload;
  readonly override: SettingsOverride;
  /** From 1. */
  readonly wave: number;
}

/** The lists that resolving these entries needs, each once. */
export function neededLists(entries: readonly TargetEntry[]): WorkloadListKey[] {
  const keys = new Map<string, WorkloadListKey>();
  for (const entry of entries) {
    const pairs =
      entry.type === 'named'
        ? [entry.workload]
        : namespacesOf(entry).flatMap((namespace) => entry.kinds.map((kind) => ({ kind, namespace })));
    for (const { kind, namespace } of pairs) keys.set(`${namespace}/${kind}`, { kind, namespace });
  }
  return [...keys.values()];
}

/** What target entries come to: the workloads that were found, and what is wrong with the rest. */
export interface Resolution {
  readonly targets: readonly ResolvedTarget[];
  readonly problems: readonly Problem[];
  /** What of the entries means nothing, which is no problem of the targets. */
  readonly warnings: readonly Warning[];
}

/**
 * Finds the workloads that the entries mean. A workload meant twice is one target; entries that disagree about its
 * settings or its wave are a problem, as are names that do not exist and selectors that match nothing. `defaults` are
 * the settings of a target that has none of its own: an entry that spells them out agrees with one that does not.
 */
export function resolveTargets(
  entries: readonly TargetEntry[],
  workloadIndex: WorkloadIndex,
  defaults: SettingsOverride,
): Resolution {
  const diagnostics = new Diagnostics();
  const warnings: Warning[] = [];
  const find = finder(workloadIndex);
  const found = new Map<string, ResolvedTarget & { readonly origin: string }>();
  const namespaces = [...new Set(neededLists(entries).map(({ namespace }) => namespace))];
  for (const entry of entries) {
    const suggest = diagnostics.problems.length < MAX_SUGGESTIONS;
    const known = { workloadIndex, find, namespaces, suggest };
    const resolved = entry.type === 'selected' ? resolveSelected(entry, known, warnings) : resolveNamed(entry, known);
    if (!resolved.ok) diagnostics.add(locatedProblems(resolved.problems, entry.at));
    for (const target of resolved.ok ? resolved.value : []) {
      const key = workloadKey(target.ref);
      const earlier = found.get(key);
      if (earlier === undefined) found.set(key, { ...target, origin: entry.origin });
      else {
        const same = sameJson({ ...defaults, ...earlier.override }, { ...defaults, ...target.override });
        const differences = [
          ...(same ? [] : [disagreement(target.ref, earlier.origin, entry.origin, SETTINGS_DIFFER)]),
          ...(earlier.wave === target.wave
            ? []
            : [disagreement(target.ref, earlier.origin, entry.origin, WAVES_DIFFER)]),
        ];
        diagnostics.add(locatedProblems(differences, entry.at));
      }
    }
  }
  return { targets: [...found.values()], problems: diagnostics.problems, warnings };
}

/** The namespaces where a named workload is not among those of its kind: one of another kind may have its name. */
export function namespacesWithout(entries: readonly TargetEntry[], workloadIndex: WorkloadIndex): string[] {
  const find = finder(workloadIndex);
  const without = entries.flatMap((entry) => {
    if (entry.type === 'selected') return [];
    const { namespace } = entry.workload;
    const lacks = find(entry.workload) === null;
    return lacks && workloadIndex.namespaceState(namespace) !== 'missing' ? [namespace] : [];
  });
  return [...new Set(without)];
}

/** The workload of a name; null where its list has none, `undefined` if there is no list. */
type Find = (ref: WorkloadRef) => Workload | null | undefined;

/** Looks up names in lists that are gone through once each: thousands of entries may name workloads of the same list. */
function finder(workloadIndex: WorkloadIndex): Find {
  const lists = new Map<string, ReadonlyMap<string, Workload> | undefined>();
  return ({ kind, namespace, name }) => {
    const key = `${namespace}/${kind}`;
    if (!lists.has(key)) {
      const listed = workloadIndex.list({ kind, namespace });
      lists.set(key, listed && new Map(listed.map((workload) => [workload.metadata.name, workload])));
    }
    const byName = lists.get(key);
    return byName && (byName.get(name) ?? null);
  };
}

/** What entries are resolved with. */
interface Known {
  readonly workloadIndex: WorkloadIndex;
  readonly find: Find;
  /** Those of the run, one of which may be meant by a name that none has. */
  readonly namespaces: readonly string[];
  /** Whether names that may be meant are looked for: each is compared with all of its list. */
  readonly suggest: boolean;
}

/** A page shows no more problems one by one. */
const MAX_SUGGESTIONS = 100;

function resolveNamed(
  { workload: ref, override, wave, origin }: NamedTarget,
  known: Known,
): Result<readonly ResolvedTarget[]> {
  const workload = known.find(ref);
  if (workload === undefined) return ok([]);
  return workload === null ? fail(notFound(ref, origin, known)) : ok([{ ref, workload, override, wave }]);
}

/**
 * The workloads that an entry means; a problem where there is none, or none of a name that it has, and nothing was hidden. What of it
 * means nothing is added to `warnings`.
 */
function resolveSelected(entry: SelectedTargets, known: Known, warnings: Warning[]): Result<readonly ResolvedTarget[]> {
  const selection = selectWorkloads(entry, known.workloadIndex);
  append(warnings, idleExclusions(entry, selection));
  const { namespaces } = entry;
  if (namespaces.type === 'listed') {
    const absent = namespaces.names.filter((namespace) => known.workloadIndex.namespaceState(namespace) === 'missing');
    if (absent.length > 0) return fail(absent.map((one) => namespaceMissing(one, entry.origin, known)));
    const ending = namespaces.names.filter((namespace) => known.workloadIndex.namespaceState(namespace) === 'ending');
    if (ending.length > 0) return fail(ending.map((one) => namespaceEnding(one, entry.origin)));
    const without = namespaces.names.filter((namespace) => lacksNamed(entry, namespace, known));
    if (without.length > 0) return fail(without.map((namespace) => notNamed(entry, namespace, known)));
  }
  const { override, wave } = entry;
  if (selection.targets.length > 0) return ok(selection.targets.map((target) => ({ ...target, override, wave })));
  return selection.complete ? fail(nothingSelected(entry, selection)) : ok([]);
}

/** Whether the one name that an entry has is not in a namespace. */
function lacksNamed({ name, selector, kinds }: SelectedTargets, namespace: string, { find }: Known): boolean {
  if (name === undefined || isPattern(name) || selector !== undefined) return false;
  return kinds.every((kind) => find({ kind, namespace, name }) === null);
}

function notNamed({ name = '', kinds, origin }: SelectedTargets, namespace: string, known: Known): Problem {
  const [kind = ''] = kinds;
  const problem = notFound({ kind, namespace, name }, origin, known);
  return kinds.length === 1
    ? problem
    : { ...problem, message: `${listWords(kinds)} ${namespace}/${name} does not exist.` };
}

function notFound(ref: WorkloadRef, origin: string, known: Known): Problem {
  const { workloadIndex, find, suggest } = known;
  const state = workloadIndex.namespaceState(ref.namespace);
  if (state === 'ending') return namespaceEnding(ref.namespace, origin);
  if (state === 'missing') return namespaceMissing(ref.namespace, origin, known);
  const elsewhere = workloadIndex.kinds.filter((kind) => kind !== ref.kind && find({ ...ref, kind }));
  const names = suggest ? (workloadIndex.list(ref) ?? []).map(({ metadata }) => metadata.name) : [];
  const near = nearestNames(ref.name, names);
  const meant = [
    ...elsewhere.map((kind) => workloadName({ kind, name: ref.name })),
    ...near.map((name) => workloadName({ kind: ref.kind, name })),
  ];
  const remedy =
    meant.length > 0
      ? `Change it to ${listWords(meant)}.`
      : suggest
        ? anyOf(ref, names, state !== undefined)
        : undefined;
  return {
    kind: 'targets',
    subject: origin,
    form: 'sentence',
    message: `${describeWorkload(ref)} does not exist.`,
    ...defined({ remedy }),
  };
}

/** As a target list writes it: `deployment/reviews`. */
function workloadName({ kind, name }: Pick<WorkloadRef, 'kind' | 'name'>): string {
  return `${kind.toLowerCase()}/${name}`;
}

const MAX_LISTED = 5;

/** What to write where no name is near: one of the workloads of the kind, if there are any. */
function anyOf({ kind, namespace, name }: WorkloadRef, names: readonly string[], isKnown: boolean): string {
  if (names.length === 0) {
    return `Check the namespace: ${namespace} has no ${kind}s${!isKnown ? ', or does not exist' : ''}.`;
  }
  if (hasSibling(name, names)) return CREATE_FIRST;
  const listed = names.map((name) => workloadName({ kind, name }));
  return useOneOf(listed, MAX_LISTED);
}

function namespaceMissing(namespace: string, origin: string, { workloadIndex, namespaces, suggest }: Known): Problem {
  const named = namespaces.filter((one) => one !== namespace && workloadIndex.namespaceState(one) === 'there');
  return missingNamespace(namespace, origin, suggest ? [...named, ...workloadIndex.namespaces] : []);
}

/** Its workloads are gone before it is, and nothing new gets into it. */
function namespaceEnding(namespace: string, origin: string): Problem {
  return {
    kind: 'targets',
    subject: origin,
    form: 'clause',
    message: `the namespace "${namespace}" is being deleted, so nothing can be created in it.`,
    remedy:
      'Wait until it is gone and create it and its workloads again, or take them out of the target list; then re-run the job.',
    causeIn: 'cluster',
  };
}

/** What to do where a name is in the cluster neither as it is nor nearly. */
export const CHECK_CONTEXT = 'Check the spelling and the context of the kubeconfig.';

/** Says of a namespace that it does not exist; `known` are those that do. */
export function missingNamespace(namespace: string, origin: string, known: readonly string[]): Problem {
  const near = nearestNames(namespace, known);
  return {
    kind: 'targets',
    subject: origin,
    form: 'clause',
    message: `the namespace "${namespace}" does not exist.`,
    remedy:
      near.length === 0 ? CHECK_CONTEXT : `Change it to ${listWords(near)}, or check the context of the kubeconfig.`,
  };
}

/** What entries disagree about, and what has to be the same in both. */
interface Difference {
  readonly about: string;
  readonly same: string;
}

const SETTINGS_DIFFER: Difference = { about: 'settings', same: 'configuration, direction, port and insert' };
const WAVES_DIFFER: Difference = { about: 'waves', same: 'wave' };

function disagreement(ref: WorkloadRef, first: string, second: string, { about, same }: Difference): Problem {
  return {
    kind: 'targets',
    subject: describeWorkload(ref),
    message: `is named by ${first} and by ${second} with different ${about}.`,
    remedy: `Give it one entry, or the same ${same} in both.`,
  };
}
