import { TARGET_KINDS, type TargetKind, WORKLOADS } from '../cluster/resources.ts';
import type { SettingsOverride } from '../filter/settings.ts';
import type { Selector } from './selector.ts';

/** One workload of a cluster, or a Gateway. */
export interface WorkloadRef {
  readonly kind: TargetKind;
  readonly namespace: string;
  readonly name: string;
}

/** The wave of an entry that names none, and the last one there may be. */
export const FIRST_WAVE = 1;
export const LAST_WAVE = 100;

interface Entry {
  /** How messages call the entry: `targets entry 3`. */
  readonly origin: string;
  readonly override: SettingsOverride;
  /** When it gets the filter: after every target of a lower wave. No setting: it makes no other revision. */
  readonly wave: number;
}

/** An entry of the target list that names a workload. */
export interface NamedTarget extends Entry {
  readonly type: 'named';
  readonly workload: WorkloadRef;
}

/** An entry of the target list that selects workloads by their labels. */
export interface SelectedTargets extends Entry {
  readonly type: 'selected';
  readonly namespaces: readonly string[];
  readonly kinds: readonly TargetKind[];
  readonly selector: Selector;
}

export type TargetEntry = NamedTarget | SelectedTargets;

/** `Deployment shop/reviews`, for messages. */
export function describeWorkload({ kind, namespace, name }: WorkloadRef): string {
  return `${kind} ${namespace}/${name}`;
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

const SHORT_NAMES: ReadonlyMap<string, TargetKind> = new Map([
  ['deploy', 'Deployment'],
  ['sts', 'StatefulSet'],
  ['ds', 'DaemonSet'],
  ['gtw', 'Gateway'],
]);

/**
 * The kind a word means, as kubectl reads it: `deployment`, `Deployments`, `sts`, `daemonset.apps`; undefined for any other. A
 * Gateway is that of the Gateway API, not Istio's own resource of that name.
 */
export function parseKind(word: string): TargetKind | undefined {
  const [, plain = '', group] = /^([^.]*)(?:\.(.+))?$/.exec(word.toLowerCase()) ?? [];
  const kind =
    SHORT_NAMES.get(plain) ??
    TARGET_KINDS.find((kind) => [kind.toLowerCase(), `${kind.toLowerCase()}s`].includes(plain));
  return kind !== undefined && group !== undefined && WORKLOADS[kind].group !== group ? undefined : kind;
}
