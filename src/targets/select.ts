import type { Problem } from '../base/problem.ts';
import { hasSibling, listWords, nearestNames, useOneOf } from '../base/text.ts';
import type { Warning } from '../base/warning.ts';
import type { Workload } from '../cluster/objects.ts';
import { excludes } from './exclusion.ts';
import { targetsProblem } from './fields.ts';
import { labelRemedy } from './label-remedy.ts';
import { isPattern, matchesPattern } from './pattern.ts';
import { matchesSelector, type Selector } from './selector.ts';
import {
  describeWorkload,
  type Exclusion,
  type NamePatterns,
  namespacesOf,
  type SelectedTargets,
  type WorkloadRef,
} from './target.ts';
import type { WorkloadIndex } from './workload-index.ts';

/** A workload that an entry means. */
export interface SelectedWorkload {
  readonly ref: WorkloadRef;
  readonly workload: Workload;
}

/** What an entry comes to. */
export interface Selection {
  readonly targets: readonly SelectedWorkload[];
  /** What it means but for its exclusions. */
  readonly excluded: readonly WorkloadRef[];
  /** The workloads of its kinds in its namespaces. */
  readonly seen: readonly SelectedWorkload[];
  /** Whether there is a list of each of its kinds in each of its namespaces. */
  readonly complete: boolean;
}

/** Finds the workloads that an entry means. */
export function selectWorkloads(entry: SelectedTargets, workloadIndex: WorkloadIndex): Selection {
  const { selector, name, kinds, exclude } = entry;
  const targets: SelectedWorkload[] = [];
  const excluded: WorkloadRef[] = [];
  const seen: SelectedWorkload[] = [];
  // Without a namespace it is a problem already that there is none.
  let complete = namespacesOf(entry).length > 0;
  for (const namespace of namespacesOf(entry)) {
    for (const kind of kinds) {
      const workloads = workloadIndex.list({ kind, namespace });
      if (workloads === undefined) complete = false;
      for (const workload of workloads ?? []) {
        const ref = { kind, namespace, name: workload.metadata.name };
        seen.push({ ref, workload });
        if (name !== undefined && !matchesPattern(name, ref.name)) continue;
        if (selector !== undefined && !matchesSelector(selector, workload.metadata.labels)) continue;
        if (exclude.some((one) => excludes(one, ref))) excluded.push(ref);
        else targets.push({ ref, workload });
      }
    }
  }
  return { targets, excluded, seen, complete };
}

/** Says that an entry means no workload, which is a problem. */
export function nothingSelected(entry: SelectedTargets, { excluded, seen }: Selection): Problem {
  const { origin, kinds } = entry;
  if (excluded.length > 0) {
    const all = listWords(excluded.map(describeWorkload), 'and', MAX_NAMED);
    return targetsProblem(
      origin,
      `excludes every workload that it selects: ${all}.`,
      'Remove an exclusion, or take the entry out of the list.',
    );
  }
  const counted = seen.length === 0 ? 'is none' : seen.length === 1 ? 'is one' : `are ${seen.length}`;
  const message = `${describeSelection(entry)} matches no ${listWords(kinds)} in ${describePlace(entry)}, where there ${counted}.`;
  return { ...targetsProblem(origin, message, remedyFor(entry, seen)), form: 'clause' };
}

const MAX_NAMED = 5;

/** What to do where only names with other numbers are there, as those of other pull requests. */
export const CREATE_FIRST = 'Create it first, or check the name.';

function remedyFor({ selector, name }: SelectedTargets, seen: readonly SelectedWorkload[]): string {
  const named = seen.filter(({ ref }) => name === undefined || matchesPattern(name, ref.name));
  if (selector !== undefined && named.length > 0) return selectorRemedy(selector, named);
  const selected = seen.filter(({ workload: { metadata } }) => selector && matchesSelector(selector, metadata.labels));
  const names = [...new Set((selected.length === 0 ? seen : selected).map(({ ref }) => ref.name))];
  const wanted = (name ?? '').replaceAll('*', '');
  const near = nearestNames(wanted, names);
  if (near.length > 0) return `Change it to ${listWords(near)}.`;
  if (names.length === 0) return 'Check the namespace and the kinds.';
  if (hasSibling(wanted, names)) return CREATE_FIRST;
  return useOneOf(names, MAX_NAMED);
}

/** What to write instead of a selector that selects none of some workloads. */
function selectorRemedy(selector: Selector, workloads: readonly SelectedWorkload[]): string {
  const labels = workloads.map(({ workload }) => workload.metadata.labels ?? {});
  const wantsLabels = selector.requirements.some(({ operator }) => operator === 'in' || operator === 'exists');
  const ofPods = workloads.filter(
    ({ workload }) => wantsLabels && matchesSelector(selector, workload.spec?.template?.metadata?.labels),
  );
  const [first] = ofPods;
  if (first !== undefined) {
    const whose = `${describeWorkload(first.ref)}${ofPods.length === 1 ? '' : ` and ${ofPods.length - 1} more`}`;
    return `Write labels of the workload itself (metadata.labels): only the pods of ${whose} have these.`;
  }
  return (
    labelRemedy(selector, labels, 'workload') ?? 'No workload there meets all of it at once: leave a part of it out.'
  );
}

/** Returns what an entry selects by, for messages: `the selector "app=web"`, `the name "front-*"`. */
export function describeSelection({ selector, name }: Pick<SelectedTargets, 'selector' | 'name'>): string {
  const names = name === undefined || (name === '*' && selector !== undefined) ? [] : [`the name "${name}"`];
  const labels = selector === undefined ? [] : [`the selector "${selector.text}"`];
  return [...labels, ...names].join(' with ');
}

function describePlace(entry: SelectedTargets): string {
  const names = listWords(namespacesOf(entry), 'and', MAX_NAMED);
  if (entry.namespaces.type === 'listed') return names;
  return `${names} (${describeChoice(entry.namespaces.by)})`;
}

/** Returns how namespaces are chosen, for messages: `namespace-selector "team=shop"`, `namespaces "team-*"`. */
export function describeChoice(by: { readonly text: string } | NamePatterns): string {
  if ('text' in by) return `namespace-selector "${by.text}"`;
  return `namespaces ${listWords(
    by.patterns.map((pattern) => `"${pattern}"`),
    'and',
    MAX_NAMED,
  )}`;
}

/**
 * Warns of exclusions that mean no workload of the kinds and namespaces of their entry: they are mistyped more often than not. One
 * that means a workload which the entry does not select anyway is not warned of.
 */
export function idleExclusions(entry: SelectedTargets, { seen, complete }: Selection): Warning[] {
  if (!complete) return [];
  return entry.exclude.flatMap((exclusion) => {
    const refs = seen.map(({ ref }) => ref);
    if (refs.some((ref) => excludes(exclusion, ref))) return [];
    const text = `${entry.origin}: exclude ${exclusion.text} matches none of its workloads.${meantBy(exclusion, refs)}`;
    return [{ topic: 'Exclusion without effect', subject: entry.origin, text }];
  });
}

function meantBy({ name, ...where }: Exclusion, seen: readonly WorkloadRef[]): string {
  if (name === undefined || isPattern(name)) return '';
  const elsewhere = seen.filter((ref) => ref.name === name);
  if (elsewhere.length > 0) return ` Did you mean ${listWords(elsewhere.map(describeWorkload), 'or', MAX_NAMED)}?`;
  const there = seen.filter((ref) => excludes(where, ref));
  const near = nearestNames(
    name,
    there.map((ref) => ref.name),
  );
  return near.length === 0 ? '' : ` Did you mean ${listWords(near)}?`;
}
