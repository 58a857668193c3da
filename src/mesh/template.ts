import { bad, type Checked, good } from '../base/problem.ts';
import type { Workload } from '../cluster/objects.ts';
import { type MountChange, mergeMounts, preferText } from './mounts.ts';
import { podLabel, STATE_ANNOTATION, USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from './names.ts';
import { formatState, parseState, type WorkloadState } from './state.ts';

/** Keys of a map and what they become; null takes a key away (RFC 7386). */
export type KeyChanges = Readonly<Record<string, string | null>>;

/** The keys of a workload that change: our state, our labels and the two mount annotations of its pod template. */
export interface WorkloadPatch {
  readonly metadata?: { readonly annotations: KeyChanges };
  readonly spec?: {
    readonly template: { readonly metadata: { readonly labels?: KeyChanges; readonly annotations?: KeyChanges } };
  };
}

/** What is to change on a workload. */
export interface TemplateChange extends MountChange {
  /** Makes the state that is to be recorded of the one that is. */
  readonly state: (recorded: WorkloadState) => WorkloadState;
  /** What the workload was like: texts that come to the same are taken from it. */
  readonly like?: Workload;
}

/** What one filter's revision is on a workload, as its pod template says; undefined when it is not there. */
export function revisionOn(workload: Workload, filter: string): string | undefined {
  return workload.spec?.template?.metadata?.labels?.[podLabel(filter)];
}

/** The filters that a pod template carries. */
export function filtersOn(workload: Workload): string[] {
  const prefix = podLabel('');
  return Object.keys(workload.spec?.template?.metadata?.labels ?? {}).flatMap((label) =>
    label.startsWith(prefix) ? [label.slice(prefix.length)] : [],
  );
}

/** The state that is recorded on a workload. */
export function stateOn({ metadata }: Workload): WorkloadState {
  return parseState(metadata.annotations?.[STATE_ANNOTATION]);
}

/**
 * The merge patch that makes a change, or undefined when the workload is as wanted already. Only keys that differ are in it; a
 * patch without `spec` restarts nothing. `name` is how problems call the workload.
 */
export function patchWorkload(
  workload: Workload,
  change: TemplateChange,
  name: string,
): Checked<WorkloadPatch | undefined> {
  const template = workload.spec?.template ?? {};
  const merged = mergeMounts(template, change, name);
  if (!merged.ok) return bad(...merged.problems);
  const before = change.like?.spec?.template?.metadata?.annotations;
  const mounts = Object.fromEntries(
    ([USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION] as const).map((key) => [
      key,
      change.like === undefined ? merged.value[key] : preferText(merged.value[key], before?.[key]),
    ]),
  );
  const annotations = changed(template.metadata?.annotations, mounts);
  const labels = changed(
    template.metadata?.labels,
    Object.fromEntries([
      ...change.remove.map((filter): [string, undefined] => [podLabel(filter), undefined]),
      ...change.place.map(({ filter, id }): [string, string] => [podLabel(filter), id]),
    ]),
  );
  const state = changed(workload.metadata.annotations, {
    [STATE_ANNOTATION]: formatState(change.state(stateOn(workload))),
  });
  if (annotations === undefined && labels === undefined && state === undefined) return good(undefined);
  const metadata = {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return good({
    ...(state === undefined ? {} : { metadata: { annotations: state } }),
    ...(labels === undefined && annotations === undefined ? {} : { spec: { template: { metadata } } }),
  });
}

function changed(
  now: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string | undefined>>,
): KeyChanges | undefined {
  const different = Object.entries(wanted).filter(([key, value]) => now?.[key] !== value);
  if (different.length === 0) return undefined;
  return Object.fromEntries(different.map(([key, value]) => [key, value ?? null]));
}
