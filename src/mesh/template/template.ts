import { defined } from '../../base/defined.ts';
import { canonicalJson } from '../../base/json.ts';
import { bad, type Checked, good, type Problem } from '../../base/problem.ts';
import type { PodTemplate, Workload } from '../../cluster/objects.ts';
import { isGatewayView } from '../gateway/view.ts';
import { filtersIn, MOUNT_ANNOTATIONS, podLabel, STATE_ANNOTATION } from '../identity/names.ts';
import type { EmptyLists } from '../identity/state.ts';
import { formatState, parseEmptyLists, parseState, type WorkloadState } from '../identity/state.ts';
import type { KeyChanges, PodLists, WorkloadPatch } from '../workload-patch.ts';
import { isGateway, mergeGatewayMounts } from './gateway-mounts.ts';
import type { MountChange } from './mount-change.ts';
import { type MountAnnotations, mergeMounts, preferText, rememberEmptyLists } from './sidecar-mounts.ts';

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
  return filtersIn(workload.spec?.template?.metadata?.labels ?? {});
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
  const remembered = parseEmptyLists(workload.metadata.annotations?.[STATE_ANNOTATION]);
  const mounts = isGatewayView(workload)
    ? changePlugins(template, change, name)
    : changeMounts(template, { emptyLists: remembered, ...change }, name);
  if (!mounts.ok) return bad(mounts.problems);
  const { annotations, spec, emptyLists } = mounts.value;
  const labels = changed(
    template.metadata?.labels,
    Object.fromEntries([
      ...change.remove.map((filter): [string, undefined] => [podLabel(filter), undefined]),
      ...change.place.map(({ filter, id }): [string, string] => [podLabel(filter), id]),
    ]),
  );
  const state = changed(workload.metadata.annotations, {
    [STATE_ANNOTATION]: formatState(change.state(stateOn(workload)), emptyLists),
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
  return good(Object.keys(patch).length === 0 ? undefined : patch);
}

/** The specs of the WasmPlugins that name a Gateway, which stand for its mounts. */
function changePlugins(
  { metadata }: PodTemplate,
  { place, remove }: TemplateChange,
  name: string,
): Checked<MountPatch> {
  const mounted = place.filter(({ plugin }) => plugin === undefined);
  if (mounted.length > 0) return bad(mounted.map(({ filter }) => notMountable(name, filter)));
  const annotations = changed(
    metadata?.annotations,
    Object.fromEntries([
      ...remove.map((filter): [string, undefined] => [podLabel(filter), undefined]),
      ...place.map(({ filter, plugin = {} }): [string, string] => [podLabel(filter), canonicalJson(plugin)]),
    ]),
  );
  return good(annotations === undefined ? {} : { annotations });
}

function notMountable(subject: string, filter: string): Problem {
  return {
    kind: 'workload',
    subject,
    message: `cannot run ${filter} from a ConfigMap: istiod creates its pods, and nothing can be mounted into them.`,
    remedy: 'Deliver the filter as an image: "filter: oci://…", or a file and "push-to".',
  };
}

/** What of a pod template changes for the mounts. */
interface MountPatch {
  readonly annotations?: KeyChanges;
  readonly spec?: PodLists;
  readonly emptyLists?: EmptyLists;
}

function changeMounts(template: PodTemplate, change: TemplateChange, name: string): Checked<MountPatch> {
  if (isGateway(template)) {
    const lists = mergeGatewayMounts(template, change, name);
    return lists.ok ? good(Object.keys(lists.value).length === 0 ? {} : { spec: lists.value }) : lists;
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
  const annotations = changed(template.metadata?.annotations, mounts);
  const emptyLists = rememberEmptyLists(template.metadata, mounts, change.emptyLists ?? {});
  return good({ ...defined({ annotations }), emptyLists });
}

function changed(
  now: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string | undefined>>,
): KeyChanges | undefined {
  const different = Object.entries(wanted).filter(([key, value]) => now?.[key] !== value);
  if (different.length === 0) return undefined;
  return Object.fromEntries(different.map(([key, value]) => [key, value ?? null]));
}
