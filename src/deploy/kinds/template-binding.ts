import { defined } from '../../base/defined.ts';
import type { Workload } from '../../cluster/objects.ts';
import { LOG_LEVEL_ANNOTATION, MOUNT_ANNOTATIONS, USER_VOLUME_ANNOTATION } from '../../mesh/identity/names.ts';
import { type PodRevision, podRevisionOf } from '../../mesh/identity/revision.ts';
import { isPlugin, podRevisionIn, shownSettings } from '../../mesh/objects/filter-resource.ts';
import { pluginOf } from '../../mesh/objects/wasm-plugin.ts';
import { isInjectedGateway, mergeGatewayMounts } from '../../mesh/template/gateway-mounts.ts';
import { mergeMounts, mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { isLogLevelEdited, patchWorkload, stateOn } from '../../mesh/template/template.ts';
import type { FilterBinding } from './binding.ts';

/** A target's own pod template, in `spec.template`, says what its pods run: by a label for each filter and what mounts it. */
export const templateBinding: FilterBinding = {
  inPlace: false,
  needsImage: false,

  view: (listed) => listed,
  candidates: (_, listed = []) => listed,
  sourceOf: () => undefined,
  templateHolder: (workload) => workload,
  alsoRestarts: () => undefined,
  refresh: (shown) => shown,
  unread: ({ namespace, name }) => ({ metadata: { namespace, name } }),

  read: (client, resource, { namespace, name }) => client.get<Workload>(resource, namespace, name),
  patchFor: (observed, change, name) => patchWorkload(observed, change, name),
  writes: ({ kind, name }) => [{ action: 'change', kind, name }],
  write: (client, resource, { namespace, name }, { observed, patch }, { openFirst: _, ...options }) => {
    const { resourceVersion } = observed.metadata;
    const conditional = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
    return client.mergePatch<Workload>(resource, namespace, name, conditional, options);
  },
  permissions: (resource) => ({ resource, verbs: ['patch'] }),

  podRevisionFor: podRevisionOf,
  podRevisionFromResource: (filterResource, { filter, id }) => podRevisionIn(filterResource, filter, id),
  podRevisionFromWorkload: (workload, filter, id) => {
    const mountPath = mountedAt(workload.spec?.template ?? {}, filter);
    return mountPath === undefined ? undefined : { filter, id, mountPath };
  },
  running: (workload, filter, id, filterResource) => {
    if (filterResource === undefined) return undefined;
    const podRevision = isPlugin(filterResource)
      ? podRevisionIn(filterResource, filter, id)
      : templateBinding.podRevisionFromWorkload(workload, filter, id);
    const { logLevel } = stateOn(workload)[filter] ?? {};
    return (
      podRevision && {
        revision: { settings: { ...shownSettings(filterResource), ...defined({ logLevel }) } },
        podRevision,
      }
    );
  },
  editsOf,
  editorsOf: () => [],
  // A plugin of its own for each revision: what has its name is what it is.
  pluginTrace: ({ namespace }, podRevision) => ({ plugin: pluginOf(namespace, podRevision), image: podRevision.image }),
  ownPlugin: () => undefined,
  targetRef: () => undefined,
};

function editsOf(observed: Workload, recorded: readonly PodRevision[]): string[] {
  const template = observed.spec?.template ?? {};
  const moved = recorded.flatMap(({ filter, mountPath }) => {
    const now = mountedAt(template, filter);
    return mountPath === undefined || now === undefined || now === mountPath ? [] : [`${filter} was mounted at ${now}`];
  });
  const wantsLevel = recorded.some(({ filter }) => stateOn(observed)[filter]?.logLevel !== undefined);
  const level = wantsLevel && isLogLevelEdited(observed) ? [`the annotation ${LOG_LEVEL_ANNOTATION} was edited`] : [];
  // What is new in the same patch, such as another filter, is no drift.
  const change = { podRevisions: recorded, remove: [] };
  if (isInjectedGateway(template)) {
    const lists = mergeGatewayMounts(template, change, '');
    const edited = moved.length === 0 && lists.ok && Object.keys(lists.value).length > 0;
    return [...(edited ? ['the mounts in its pod template were edited'] : []), ...moved, ...level];
  }
  const repaired = mergeMounts(template, change, '');
  const keys = moved.length === 0 ? MOUNT_ANNOTATIONS : ([USER_VOLUME_ANNOTATION] as const);
  const edited = keys.filter((key) => repaired.ok && repaired.value[key] !== template.metadata?.annotations?.[key]);
  return [...edited.map((key) => `the annotation ${key} was edited`), ...moved, ...level];
}
