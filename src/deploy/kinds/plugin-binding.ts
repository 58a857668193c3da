import { defined } from '../../base/defined.ts';
import { append } from '../../base/lists.ts';
import type { Client, Written } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import { PLUGINS, type Resource } from '../../cluster/resources.ts';
import {
  gatewayOf,
  gatewayPluginKey,
  gatewayPluginSpec,
  gatewayPodRevision,
  openSpec,
} from '../../mesh/gateway/plugin.ts';
import { changePlugins } from '../../mesh/gateway/plugin-change.ts';
import {
  type GatewayView,
  gatewayPluginOf,
  isGatewayView,
  podRevisionOnGateway,
  viewGateway,
} from '../../mesh/gateway/view.ts';
import { pluginWrites } from '../../mesh/gateway/writes.ts';
import { describeEditors, writtenAt } from '../../mesh/identity/editors.ts';
import { isPlugin, podRevisionIn } from '../../mesh/objects/filter-resource.ts';
import { pluginSettings } from '../../mesh/objects/wasm-plugin.ts';
import { patchWorkload, revisionOn } from '../../mesh/template/template.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { FilterBinding, ListedPlugins, TargetWriteOptions } from './binding.ts';
import { applyPlugin, deletePlugin, listPlugins } from './plugins.ts';

/** Plugins that name a target, one for each filter and replaced in place, say what its pods run: nobody else may change these pods. */
export const pluginBinding: FilterBinding = {
  inPlace: true,
  needsImage: true,

  view: (listed, { plugins }) => viewGateways(listed, plugins),
  candidates: (namespace, listed = [], { plugins }) => {
    const known = new Map(listed.map((gateway) => [gateway.metadata.name, gateway]));
    const names = new Set(plugins.items.flatMap((plugin) => gatewayOf(plugin)?.gateway ?? []));
    const named = [...names].sort().map((name) => known.get(name) ?? { metadata: { name, namespace } });
    return viewGateways(named, plugins);
  },
  sourceOf: () => undefined,
  templateHolder: (workload) => workload,
  alsoRestarts: () => undefined,
  refresh: (shown) => shown,
  unread: ({ namespace, name }) => viewGateway({ metadata: { name, namespace } }, []),

  read: async (client, resource, { namespace, name }, observed) => {
    const { pluginKind } = viewOf(observed);
    const [gateway, plugins] = await Promise.all([
      client.get<Workload>(resource, namespace, name),
      listPlugins(client, pluginKind, namespace),
    ]);
    const [view] = viewGateways([gateway], { items: plugins, kind: pluginKind });
    return view as GatewayView;
  },
  patchFor: (observed, change, name) => patchWorkload(viewOf(observed), change, name, changePlugins),
  writes: (_, observed, patch) => {
    const view = viewOf(observed);
    return pluginWrites(view, patch).map(({ name, observed: before, wanted: after }) => ({
      action: after === undefined ? 'delete' : before === undefined ? 'create' : 'change',
      kind: view.pluginKind,
      name,
      plugin: defined({ before, after }),
    }));
  },
  write: writePlugins,
  // Rolling a target back may mean to delete what was made.
  permissions: (_, observed) => ({
    resource: PLUGINS[viewOf(observed).pluginKind],
    verbs: ['create', 'patch', 'delete'],
  }),

  podRevisionFor: gatewayPodRevision,
  podRevisionFromResource: (filterResource, { filter, id }, target) => {
    const carried = podRevisionIn(filterResource, filter, id);
    if (!isPlugin(filterResource) || carried?.image === undefined) return carried;
    return { ...carried, plugin: gatewayPluginSpec(filterResource.spec, target) };
  },
  podRevisionFromWorkload: (workload, filter, id) => podRevisionOnGateway(viewOf(workload), filter, id),
  running: (workload, filter, id) => {
    const podRevision = podRevisionOnGateway(viewOf(workload), filter, id);
    return podRevision && { revision: { settings: pluginSettings(podRevision.plugin ?? {}) }, podRevision };
  },
  editsOf: (observed, recorded) => {
    const view = viewOf(observed);
    return recorded.flatMap((podRevision) => {
      if (revisionOn(view, podRevision.filter) !== podRevision.id) return [];
      const change = { podRevisions: [podRevision], remove: [], state: <T>(state: T): T => state };
      const repaired = pluginBinding.patchFor(view, change, '');
      // One that a run left unfinished is nobody's edit.
      return repaired.ok && repaired.value !== undefined ? editorsOf(view, podRevision.filter) : [];
    });
  },
  editorsOf: (observed, filter) => editorsOf(viewOf(observed), filter),
  pluginTrace: (ref, { filter, image }, observed) => {
    const plugin = gatewayPluginOf(viewOf(observed), filter);
    const since = plugin && writtenAt(plugin);
    return { plugin: ownPlugin(ref, filter), image, ...defined({ since }) };
  },
  ownPlugin,
  targetRef: ({ name }) => name,
};

function ownPlugin({ namespace, name }: WorkloadRef, filter: string): string {
  return gatewayPluginKey(namespace, filter, name);
}

function viewGateways(gateways: readonly Workload[], { items, kind }: ListedPlugins): GatewayView[] {
  const attached = Map.groupBy(items, (plugin) => gatewayOf(plugin)?.gateway);
  return gateways.map((gateway) => viewGateway(gateway, attached.get(gateway.metadata.name) ?? [], kind));
}

/** A Gateway with the plugins that name it; one that was observed without them has none. */
function viewOf(observed: Workload): GatewayView {
  return isGatewayView(observed) ? observed : viewGateway(observed, []);
}

function editorsOf(view: GatewayView, filter: string): string[] {
  const plugin = gatewayPluginOf(view, filter);
  if (plugin === undefined) return [];
  return describeEditors(`${plugin.kind} ${view.metadata.namespace}/${plugin.metadata.name}`, plugin);
}

/** Writes what a patch says of the view to the plugins, one after the other. @throws ApiError */
async function writePlugins(
  client: Client,
  _: Resource,
  { namespace }: WorkloadRef,
  { observed: before, patch }: { readonly observed: Workload; readonly patch: WorkloadPatch },
  { openFirst = false, ...options }: TargetWriteOptions,
): Promise<Written<Workload>> {
  const view = viewOf(before);
  const plugins = new Map(view.plugins.map((plugin) => [plugin.metadata.name, plugin]));
  const warnings: string[] = [];
  for (const { name, observed, wanted } of pluginWrites(view, patch)) {
    if (wanted === undefined) {
      if (observed !== undefined) await deletePlugin(client, namespace, observed, options);
      plugins.delete(name);
      continue;
    }
    const { resourceVersion } = observed?.metadata ?? {};
    const metadata = { ...wanted.metadata, ...defined({ resourceVersion }) };
    const force = observed !== undefined;
    const spec = openFirst && observed === undefined ? openSpec(wanted.spec) : wanted.spec;
    const body = { ...wanted, metadata, spec };
    const written = await applyPlugin(client, namespace, body, { ...options, force });
    append(warnings, written.warnings);
    plugins.set(name, written.object);
  }
  return { object: viewGateway(view, [...plugins.values()]), warnings };
}
