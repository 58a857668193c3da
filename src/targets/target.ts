import type { FilePosition } from '../base/problem.ts';
import type { Resource } from '../cluster/resources.ts';
import type { SettingsOverride } from '../filter/settings.ts';
import type { Selector } from './selector.ts';

/** One workload of a cluster, or a Gateway. */
export interface WorkloadRef {
  /** One of the kinds that `parseTargets` was given. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** In reports that speak of several clusters, the one that it is in. */
  readonly cluster?: string;
}

/** The wave of an entry that names none, and the last one there may be. */
export const FIRST_WAVE = 1;
export const LAST_WAVE = 100;

/** A cluster that a target list names. */
export interface TargetCluster {
  /** As the list calls it. */
  readonly name: string;
  /** Its context of the kubeconfig. */
  readonly context: string;
  /** What is added to the waves of its targets; 0 or more. */
  readonly wave: number;
}

/** Where an entry stands. */
export interface EntryPlace {
  /** How messages call the entry: `targets entry 3`. */
  readonly origin: string;
  /** Where somebody has written it; omitted where that is no file of the workspace. */
  readonly at?: FilePosition;
  /** The clusters that it is for; omitted for the one of the run. */
  readonly clusters?: readonly TargetCluster[];
}

interface Entry extends EntryPlace {
  readonly override: SettingsOverride;
  /** When it gets the filter: after every target of a lower wave. No setting: it makes no other revision. */
  readonly wave: number;
}

/** An entry of the target list that names a workload. */
export interface NamedTarget extends Entry {
  readonly type: 'named';
  readonly workload: WorkloadRef;
}

/** An entry of the target list that selects workloads by what they have in common. */
export interface SelectedTargets extends Entry {
  readonly type: 'selected';
  readonly namespaces: Namespaces;
  readonly kinds: readonly string[];
  /** What their labels have to be; omitted for any. */
  readonly selector?: Selector;
  /** A pattern of their names; omitted for any. */
  readonly name?: string;
  /** What of that is not meant. */
  readonly exclude: readonly Exclusion[];
}

/** Where an entry looks for workloads. */
export type Namespaces = ListedNamespaces | ChosenNamespaces;

/** Namespaces that are named one by one. */
export interface ListedNamespaces {
  readonly type: 'listed';
  readonly names: readonly string[];
}

/** Those of the cluster's namespaces that have labels, or names like these. */
export interface ChosenNamespaces {
  readonly type: 'chosen';
  readonly by: Selector | NamePatterns;
  /** Those that are there; omitted until the cluster was asked. */
  readonly found?: readonly string[];
}

/** Names, some of which have a `*`. */
export interface NamePatterns {
  readonly patterns: readonly string[];
}

/** Workloads that an entry does not mean: all that have each of what is named. */
export interface Exclusion {
  /** As the list has it, for messages. */
  readonly text: string;
  readonly kind?: string;
  /** Patterns. */
  readonly namespace?: string;
  readonly name?: string;
}

export type TargetEntry = NamedTarget | SelectedTargets;

/** Returns the namespaces of an entry; none of those that are to be chosen, before the cluster was asked. */
export function namespacesOf(entry: TargetEntry): readonly string[] {
  if (entry.type === 'named') return [entry.workload.namespace];
  const { namespaces } = entry;
  return namespaces.type === 'listed' ? namespaces.names : (namespaces.found ?? []);
}

/** `Deployment shop/reviews`, for messages; of several clusters `prod-eu: Deployment shop/reviews`. */
export function describeWorkload({ cluster, kind, namespace, name }: WorkloadRef): string {
  return inClusterName(cluster, `${kind} ${namespace}/${name}`);
}

/** `shop/reviews`, where its kind does not matter; of several clusters `prod-eu: shop/reviews`. */
export function shortWorkload({ cluster, namespace, name }: WorkloadRef): string {
  return inClusterName(cluster, `${namespace}/${name}`);
}

/** `prod-eu: ConfigMap shop/x`: what something is called where several clusters have one; without a cluster as it is. */
export function inClusterName(cluster: string | undefined, name: string): string {
  return cluster === undefined ? name : `${cluster}: ${name}`;
}

/** The same of several. */
export function inClusterNames(cluster: string | undefined, names: readonly string[]): string[] {
  return names.map((name) => inClusterName(cluster, name));
}

/** One text per workload, to compare and to index by. */
export function workloadKey({ kind, namespace, name }: WorkloadRef): string {
  return `${namespace}/${kind}/${name}`;
}

/** RFC 1123 subdomain, which workload names must be. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Whether Kubernetes allows a workload's name. */
export function isWorkloadName(name: string): boolean {
  return NAME.test(name) && name.length <= 253;
}

/** Whether Kubernetes allows a namespace's name: an RFC 1123 label. */
export function isNamespaceName(name: string): boolean {
  return NAME.test(name) && name.length <= 63 && !name.includes('.');
}

/** A kind of target, as a target list names it. */
export interface KindName extends Pick<Resource, 'kind' | 'group' | 'plural'> {
  /** What kubectl calls it for short: `deploy`. */
  readonly shortNames: readonly string[];
  /** Whether an entry with a selector and without `kinds` means this kind, too. */
  readonly selectedByDefault: boolean;
}

/**
 * Returns the one of the kinds that a word means, as kubectl reads it: `deployment`, `Deployments`, `sts`, `daemonset.apps`; `undefined`
 * for any other.
 */
export function parseKind(word: string, kinds: readonly KindName[]): string | undefined {
  const [, plain = '', group] = /^([^.]*)(?:\.(.+))?$/.exec(word.toLowerCase()) ?? [];
  return kinds.find(
    ({ kind, plural, shortNames, ...of }) =>
      [kind.toLowerCase(), plural, ...shortNames].includes(plain) && (group === undefined || group === of.group),
  )?.kind;
}
