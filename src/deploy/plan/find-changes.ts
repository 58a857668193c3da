import { describeEditors } from '../../mesh/identity/editors.ts';
import { type PodRevision, revisionName } from '../../mesh/identity/revision.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { isPlugin, kindOf, podRevisionIn } from '../../mesh/objects/filter-resource.ts';
import { mountChanges } from '../../mesh/template/sidecar-mounts.ts';
import { isLogLevelEdited } from '../../mesh/template/template.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { ClusterSnapshot, ObservedFilter } from '../observe/snapshot.ts';

/**
 * Returns, for `status`, what of a filter on a workload is not as its last run has left it, one clause each that says `its mount`,
 * `its label`. What `deploy` corrects is the narrower `findDrift`.
 * `rendered`: it came by the files of `render`, which no run records and others apply.
 */
export function findChanges(
  { filter, ref, workload, id, recorded: state, configMap, filterResource }: ObservedFilter,
  { pluginKind }: Pick<ClusterSnapshot, 'pluginKind'>,
  rendered: boolean,
): string[] {
  const { namespace } = ref;
  if (id === undefined) return ['its label was removed from the pod template, so no pod runs it'];
  const name = revisionName({ filter, id });
  const target = targetKind(ref);
  const pulled = isPlugin(filterResource) || (configMap !== undefined && imageOf(configMap) !== undefined);
  const kind = filterResource === undefined ? (pulled ? pluginKind : 'EnvoyFilter') : kindOf(filterResource);
  // What others apply, they may have merged with what is their own; that it is there is enough.
  const path =
    rendered || filterResource === undefined ? undefined : podRevisionIn(filterResource, filter, id)?.mountPath;
  return [
    ...(state === undefined && !rendered ? ['no run of this action has recorded it'] : []),
    ...(state !== undefined && state.revision !== id
      ? [`revision ${state.revision} was recorded, but ${id} is there`]
      : []),
    ...(pulled ? [] : mountChanges(workload.spec?.template ?? {}, { filter, id }, path)),
    ...(state?.logLevel !== undefined && isLogLevelEdited(workload)
      ? ['its log level in the annotations of the pod template was edited']
      : []),
    ...(configMap === undefined
      ? [`ConfigMap ${namespace}/${name} was deleted${pulled ? '' : '; new pods cannot start'}`]
      : []),
    ...(configMap === undefined || rendered ? [] : describeEditors(`ConfigMap ${namespace}/${name}`, configMap)),
    ...(filterResource === undefined ? [`${kind} ${namespace}/${name} was deleted; no proxy runs it`] : []),
    ...target.binding.editorsOf(workload, filter),
    ...(filterResource === undefined || rendered
      ? []
      : describeEditors(`${kind} ${namespace}/${name}`, filterResource)),
  ];
}

/**
 * The same of the revision that a wanted one takes the place of, with its name; that of the wanted one itself is for `findDrift`
 * to say. A workload may not become ready for want of what is named here, and then deploying is the remedy.
 */
export function changesBefore(
  wanted: PodRevision,
  current: ObservedFilter,
  snapshot: Pick<ClusterSnapshot, 'pluginKind'>,
): string[] {
  const { filter, ref, id, recorded } = current;
  if (targetKind(ref).binding.inPlace || id === undefined || id === wanted.id || recorded?.revision !== id) return [];
  return findChanges(current, snapshot, false).map((change) => `${filter} ${id}: ${change}`);
}
