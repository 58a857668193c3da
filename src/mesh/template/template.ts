import { defined } from '../../base/defined.ts';
import { fail, ok, type Result } from '../../base/problem.ts';
import type { PodTemplate, Workload } from '../../cluster/objects.ts';
import type { ProxyLogLevel } from '../../filter/settings.ts';
import { filtersIn, LOG_LEVEL_ANNOTATION, MOUNT_ANNOTATIONS, podLabel, STATE_ANNOTATION } from '../identity/names.ts';
import {
  formatState,
  parseEmptyLists,
  parseLogLevelBefore,
  parseState,
  type WorkloadState,
} from '../identity/state.ts';
import { changedKeys, type WorkloadPatch } from '../workload-patch.ts';
import { isInjectedGateway, mergeGatewayMounts } from './gateway-mounts.ts';
import { changeLogLevel, type LogLevelAnnotation, wantedLogLevel } from './log-level.ts';
import type { MountChange, PlacePatch } from './mount-change.ts';
import { type MountAnnotations, mergeMounts, preferText, rememberEmptyLists } from './sidecar-mounts.ts';

/** What is to change on a workload. */
export interface TemplateChange extends MountChange {
  /** Makes the state that is to be recorded of the one that is. */
  readonly state: (recorded: WorkloadState) => WorkloadState;
  /** What the workload was like: texts that come to the same are taken from it. */
  readonly like?: Workload;
}

/** What one filter's revision is on a workload, as its pod template says; `undefined` if it is not there. */
export function revisionOn(workload: Workload, filter: string): string | undefined {
  return workload.spec?.template?.metadata?.labels?.[podLabel(filter)];
}

/** The filters that a pod template carries. */
export function filtersOn(workload: Workload): string[] {
  return filtersIn(workload.spec?.template?.metadata?.labels ?? {});
}

/** The state that is recorded on a workload. */
export function stateOn({ metadata }: Workload): WorkloadState {
  return parseState(metadata.annotations?.[STATE_ANNOTATION]);
}

/** Whether others have changed at which level the proxies of a workload log what its filters say. */
export function isLogLevelEdited(workload: Workload): boolean {
  const wanted = wantedLogLevel(stateOn(workload));
  return wanted !== undefined && logLevelOn(workload, wanted).text !== annotationsOf(workload)?.[LOG_LEVEL_ANNOTATION];
}

function logLevelOn(workload: Workload, wanted: ProxyLogLevel | undefined): LogLevelAnnotation {
  const before = parseLogLevelBefore(workload.metadata.annotations?.[STATE_ANNOTATION]);
  return changeLogLevel(annotationsOf(workload)?.[LOG_LEVEL_ANNOTATION], before, wanted);
}

function annotationsOf({ spec }: Workload): Readonly<Record<string, string>> | undefined {
  return spec?.template?.metadata?.annotations;
}

/**
 * The merge patch that makes a change, or `undefined` if the workload is as wanted already. Only keys that differ are in it; a
 * patch without `spec` restarts nothing. `name` is how problems call the workload. `placing` says what of the template brings
 * filters to the pods; the mounts, unless it is told otherwise.
 */
export function patchWorkload(
  workload: Workload,
  change: TemplateChange,
  name: string,
  placing: (template: PodTemplate, change: TemplateChange, name: string) => Result<PlacePatch> = changeMounts,
): Result<WorkloadPatch | undefined> {
  const template = workload.spec?.template ?? {};
  const remembered = workload.metadata.annotations?.[STATE_ANNOTATION];
  const mounts = placing(template, { emptyLists: parseEmptyLists(remembered), ...change }, name);
  if (!mounts.ok) return fail(mounts.problems);
  const { spec, emptyLists = {} } = mounts.value;
  const next = change.state(stateOn(workload));
  const level = logLevelOn(workload, wantedLogLevel(next));
  const levels = changedKeys(template.metadata?.annotations, { [LOG_LEVEL_ANNOTATION]: level.text });
  const annotations =
    mounts.value.annotations === undefined && levels === undefined
      ? undefined
      : { ...mounts.value.annotations, ...levels };
  const labels = changedKeys(
    template.metadata?.labels,
    Object.fromEntries([
      ...change.remove.map((filter): [string, undefined] => [podLabel(filter), undefined]),
      ...change.podRevisions.map(({ filter, id }): [string, string] => [podLabel(filter), id]),
    ]),
  );
  const state = changedKeys(workload.metadata.annotations, {
    [STATE_ANNOTATION]: formatState(next, { emptyLists, ...defined({ logLevel: level.before }) }),
  });
  const metadata = {
    ...defined({ labels, annotations }),
  };
  const templateChange = {
    ...((labels !== undefined || annotations !== undefined) && { metadata }),
    ...defined({ spec }),
  };
  const patch = {
    ...(state !== undefined && { metadata: { annotations: state } }),
    ...(Object.keys(templateChange).length > 0 && { spec: { template: templateChange } }),
  };
  return ok(Object.keys(patch).length === 0 ? undefined : patch);
}

function changeMounts(template: PodTemplate, change: TemplateChange, name: string): Result<PlacePatch> {
  if (isInjectedGateway(template)) {
    const lists = mergeGatewayMounts(template, change, name);
    return lists.ok ? ok(Object.keys(lists.value).length === 0 ? {} : { spec: lists.value }) : lists;
  }
  const merged = mergeMounts(template, change, name);
  if (!merged.ok) return merged;
  const before = change.like?.spec?.template?.metadata?.annotations;
  const mounts = Object.fromEntries(
    MOUNT_ANNOTATIONS.map((key) => [
      key,
      change.like === undefined ? merged.value[key] : preferText(merged.value[key], before?.[key]),
    ]),
  ) as MountAnnotations;
  const annotations = changedKeys(template.metadata?.annotations, mounts);
  const emptyLists = rememberEmptyLists(template.metadata, mounts, change.emptyLists ?? {});
  return ok({ ...defined({ annotations }), emptyLists });
}
