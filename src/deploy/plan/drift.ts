import type { Workload } from '../../cluster/objects.ts';
import { attachmentOf, type GatewayView, isGatewayView } from '../../mesh/gateway/view.ts';
import { describeEditors } from '../../mesh/identity/editors.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../../mesh/identity/names.ts';
import type { Placement } from '../../mesh/identity/revision.ts';
import { isGateway, mergeGatewayMounts } from '../../mesh/template/gateway-mounts.ts';
import { mergeMounts, mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { patchWorkload, revisionOn, stateOn } from '../../mesh/template/template.ts';

/** What of the revisions that a run has recorded is not as it left it, or that the record itself is not. */
export function findDrift(observed: Workload, place: readonly Placement[]): string[] {
  const state = stateOn(observed);
  const template = observed.spec?.template ?? {};
  const records = place.flatMap(({ filter, id }) => {
    const named = state[filter]?.revision;
    if (revisionOn(observed, filter) !== id || named === id) return [];
    return [`the record of ${filter} ${named === undefined ? 'was missing' : `named the revision ${named}`}`];
  });
  const recorded = place.filter(({ filter, id }) => state[filter]?.revision === id);
  const labels = recorded.flatMap(({ filter, id }) => {
    const label = revisionOn(observed, filter);
    if (label === id) return [];
    return [`the label of ${filter} was ${label === undefined ? 'removed' : `changed to ${label}`}`];
  });
  const moved = recorded.flatMap(({ filter, mountPath }) => {
    const now = mountedAt(template, filter);
    return mountPath === undefined || now === undefined || now === mountPath ? [] : [`${filter} was mounted at ${now}`];
  });
  if (isGatewayView(observed)) return [...records, ...labels, ...editedAttachments(observed, recorded)];
  // What is new in the same patch, such as another filter, is no drift.
  if (isGateway(template)) {
    const lists = mergeGatewayMounts(template, { place: recorded, remove: [] }, '');
    const edited = moved.length === 0 && lists.ok && Object.keys(lists.value).length > 0;
    return [...records, ...labels, ...(edited ? ['the mounts in its pod template were edited'] : []), ...moved];
  }
  const mended = mergeMounts(template, { place: recorded, remove: [] }, '');
  const keys = moved.length === 0 ? MOUNT_ANNOTATIONS : ([USER_VOLUME_ANNOTATION] as const);
  const edited = keys.filter((key) => mended.ok && mended.value[key] !== template.metadata?.annotations?.[key]);
  return [...records, ...labels, ...edited.map((key) => `the annotation ${key} was edited`), ...moved];
}

const MOUNT_ANNOTATIONS = [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION] as const;

/** The plugins of a Gateway that do not say any more what a run has written. */
function editedAttachments(view: GatewayView, recorded: readonly Placement[]): string[] {
  return recorded.flatMap((placement) => {
    if (revisionOn(view, placement.filter) !== placement.id) return [];
    const mended = patchWorkload(view, { place: [placement], remove: [], state: (state) => state }, '');
    if (!mended.ok || mended.value === undefined) return [];
    const plugin = attachmentOf(view, placement.filter);
    // One that a run left unfinished is nobody's edit.
    if (plugin === undefined) return [];
    return describeEditors(`${plugin.kind} ${view.metadata.namespace}/${plugin.metadata.name}`, plugin);
  });
}
