import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { count, listWords, nearestNames, someOf } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';
import { stateOn } from '../../mesh/template/template.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import { type ClusterSnapshot, knownFilters, type ObservedWorkload } from '../observe/snapshot.ts';
import type { NothingToRemove, PresentFilter } from '../report/removal-report.ts';
import type { RemovalRequest, Scope } from '../request.ts';
import type { ResolvedPart, ResolvedScopes } from './scope.ts';

/** The filters of this action in the namespaces, on workloads or as objects. */
function findPresent(
  namespaces: readonly string[],
  snapshot: Pick<ClusterSnapshot, 'workloads' | 'filtersWithObjects'>,
): PresentFilter[] {
  return namespaces.flatMap((namespace) => {
    const workloads = snapshot.workloads(namespace);
    const names = new Set([
      ...workloads.flatMap((workload) => knownFilters(workload)),
      ...snapshot.filtersWithObjects(namespace),
    ]);
    return [...names].sort().map((filter): PresentFilter => {
      const carrying = workloads.filter((workload) => knownFilters(workload, filter).length > 0);
      const [expires] = carrying.flatMap(({ workload }) => stateOn(workload)[filter]?.expires ?? []).sort();
      const refs = carrying.map(({ ref }) => ref);
      return { filter, namespace, workloads: refs, ...defined({ expires }) };
    });
  });
}

/** What nothing was found in. */
export function nothingToRemove({ request, snapshot, namespaces }: ResolvedScopes<RemovalRequest>): NothingToRemove {
  const filters = request.scopes.flatMap(({ filter }) => filter ?? []);
  return { state: 'nothing', namespaces, present: findPresent(namespaces, snapshot), filters };
}

/**
 * Says of the filter that was asked for that it is nowhere: neither on a workload of the scope nor, without a target list, as an
 * object. A name that nothing carries is a mistyped one more often than that of a filter which is gone already.
 */
export function missingFilter(
  part: ResolvedPart<RemovalRequest>,
  snapshot: Pick<ClusterSnapshot, 'workloads' | 'filtersWithObjects'>,
): Problem[] {
  const { scope, workloads, namespaces } = part;
  const { filter, entries } = scope;
  if (filter === undefined || workloads.some((workload) => knownFilters(workload, filter).length > 0)) return [];
  const present = findPresent(namespaces, snapshot);
  const here = present.filter((one) => one.filter === filter);
  if (entries.length === 0 && here.length > 0) return [];
  const remedy = [
    ...hints(filter, present),
    'If it may be gone already, as when a preview is closed twice, set "missing: ok".',
  ].join(' ');
  if (entries.length > 0) {
    const targets = workloads.map(({ ref }) => describeWorkload(ref));
    const message = `means ${listSome(targets)}, and ${targets.length === 1 ? 'it does' : 'they do'} not have the filter "${filter}".`;
    return [{ kind: 'targets', subject: 'target list', ...defined({ at: entries[0]?.at }), message, remedy }];
  }
  const message = `is "${filter}", and ${placesOf(namespaces)} ${namespaces.length === 1 ? 'has' : 'have'} no such filter: no workload runs it, and no object of it is left.`;
  return [{ kind: 'input', subject: 'input "name"', message, remedy }];
}

function hints(filter: string, present: readonly PresentFilter[]): string[] {
  const carrying = present.flatMap((one) => (one.filter === filter ? one.workloads : [])).map(describeWorkload);
  if (carrying.length > 0) return [`${listSome(carrying)} ${carrying.length === 1 ? 'has' : 'have'} it.`];
  if (present.length === 0) return ['No filter of this action is there.'];
  const near = nearestNames(
    filter,
    present.map((one) => one.filter),
  );
  return [
    ...(near.length > 0 ? [`Change it to ${listWords(near.map((name) => `"${name}"`))}.`] : []),
    `Filters that exist: ${listSome(present.map(describePresent))}.`,
  ];
}

/** What a scope names. */
type NamedScope = { readonly scope: Scope; readonly workloads: readonly ObservedWorkload[] };

/** That a target list names workloads that do not have the filter, or any filter where none is named. */
export function namedWithout({ scope, workloads }: NamedScope): Warning[] {
  const { filter, entries } = scope;
  const named = new Set(entries.flatMap((entry) => (entry.type === 'named' ? [workloadKey(entry.workload)] : [])));
  const without = workloads.filter(
    (workload) => named.has(workloadKey(workload.ref)) && knownFilters(workload, filter).length === 0,
  );
  if (without.length === 0) return [];
  const what = filter === undefined ? 'no filter of this action' : `no filter "${filter}"`;
  const names = without.map(({ ref }) => describeWorkload(ref));
  const text = `The target list names ${listSome(names)}, which ${names.length === 1 ? 'has' : 'have'} ${what}.`;
  return [{ topic: 'Target without the filter', ...onlySubject(names), text }];
}

/** That workloads which a target list does not mean still have the filter that is removed from those that it means. */
export function keptElsewhere(
  { scope: { filter, entries }, workloads, namespaces }: ResolvedPart<RemovalRequest>,
  snapshot: ClusterSnapshot,
): Warning[] {
  if (filter === undefined || entries.length === 0) return [];
  const meant = new Set(workloads.map(({ ref }) => workloadKey(ref)));
  const others = namespaces
    .flatMap((namespace) => snapshot.workloads(namespace))
    .filter((other) => !meant.has(workloadKey(other.ref)) && knownFilters(other, filter).length > 0);
  if (others.length === 0) return [];
  const names = others.map(({ ref }) => describeWorkload(ref));
  const places = [...new Set(others.map(({ ref }) => ref.namespace))];
  const text = `${listSome(names)} still ${names.length === 1 ? 'has' : 'have'} the filter "${filter}", because the target list does not mean ${names.length === 1 ? 'it' : 'them'}. To remove it there, too, run "remove" with "name: ${filter}" and "namespace: ${someOf(places)}", without targets and without a manifest.`;
  return [{ topic: 'Filter left on other workloads', ...onlySubject(names), text }];
}

/** `namespace shop`, `namespaces shop and edge`. */
function placesOf(namespaces: readonly string[]): string {
  return `namespace${namespaces.length === 1 ? '' : 's'} ${listSome(namespaces)}`;
}

function describePresent({ filter, namespace, workloads }: PresentFilter): string {
  const on = workloads.length === 0 ? 'objects alone' : `on ${count(workloads.length, 'workload')}`;
  return `"${filter}" in ${namespace} (${on})`;
}

const MAX_LISTED = 5;

function listSome(words: readonly string[]): string {
  return listWords(words, 'and', MAX_LISTED);
}
