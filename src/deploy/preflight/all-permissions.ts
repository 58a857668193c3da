import { EACH_NAMESPACE, type Permission } from '../../base/permission.ts';
import { permissionOf } from '../../cluster/access.ts';
import { CONFIG_MAP, ENVOY_FILTER, EVENT, NAMESPACE, PLUGINS, POD, type Resource } from '../../cluster/resources.ts';
import { choosesNamespaces } from '../../targets/namespaces.ts';
import { neededLists } from '../../targets/resolve.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { WorkloadListKey } from '../../targets/workload-index.ts';
import type { TargetKind } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { RolloutPolicy } from '../policy.ts';
import { probeVerb } from '../probe.ts';
import type { DeployRequest, RemovalRequest, Scope, StatusRequest } from '../request.ts';
import { SCOUT_VERBS } from './permissions.ts';

// Everything that a command may need with its inputs, whatever is granted already: equal inputs give an equal list in a cluster. A kind
// that the cluster does not have to have (`installed` says whether it has) is treated as any other: a run without permission to list
// it does less, and the next one would lack the permission to write it.

/** What is done to the objects of a run and to its targets. */
interface Verbs {
  readonly objects: readonly string[];
  readonly plugins: readonly string[];
  readonly targets: readonly string[];
}

const LISTED: readonly string[] = ['list'];
const LOOKED_AT: readonly string[] = ['get', 'list'];

/** Returns all that `deploy` may need, also where nothing could be planned yet. */
export function deployPermissions(request: DeployRequest, installed: readonly TargetKind[]): Permission[] {
  const { filters, wait, settingsChange, verify } = request;
  const targets = filters.flatMap((filter) => filter.targets);
  const lists = listsFor(targets);
  const adopts = filters.some(({ adopt }) => adopt !== false);
  const objects = [...(adopts ? ['get'] : []), 'list', 'create', 'patch', ...(wait ? ['delete'] : [])];
  const pulls =
    filters.some(({ settings }) => settings.image !== undefined) ||
    lists.some(({ kind }) => targetKind({ kind }).binding.needsImage);
  const verbs = { objects, plugins: pulls ? objects : LISTED, targets: ['get', 'list', 'watch', 'patch'] };
  return [
    ...choicePermissions(targets),
    ...permissionsOn(lists, installed, verbs),
    ...(request.scout === 'required' ? namespacesOf(lists) : []).flatMap((namespace) =>
      granted(POD, namespace, SCOUT_VERBS),
    ),
    ...evidencePermissions(lists, request, verify === 'required' || (verify === 'auto' && settingsChange === 'push')),
  ];
}

/** Returns all that `remove` or `sweep` may need. */
export function removalPermissions({ scopes, wait }: RemovalRequest, installed: readonly TargetKind[]): Permission[] {
  const lists = listsOf(scopes, installed);
  const objects = ['list', 'patch', ...(wait ? ['delete'] : [])];
  const verbs = { objects, plugins: objects, targets: ['get', 'list', 'watch', 'patch'] };
  return [
    ...choicePermissions(scopes.flatMap(({ entries }) => entries)),
    ...permissionsOn(lists, installed, verbs),
    ...evidencePermissions(lists, { wait, onFailure: wait ? 'rollback' : 'keep', verify: 'off' }),
  ];
}

/** Returns all that `status` may need. */
export function statusPermissions({ scopes, verify }: StatusRequest, installed: readonly TargetKind[]): Permission[] {
  const lists = listsOf(scopes, installed);
  return [
    ...choicePermissions(scopes.flatMap(({ entries }) => entries)),
    ...permissionsOn(lists, installed, { objects: LISTED, plugins: LISTED, targets: LOOKED_AT }),
    ...evidencePermissions(lists, { wait: true, onFailure: 'keep', verify }),
  ];
}

/**
 * Returns what a run does without in a namespace with "verify: auto", and gets stronger evidence with, and with "scout: auto": none
 * where they say that it is needed, or that nothing is looked at.
 */
export function optionalPermissions(
  { verify, scout }: Pick<RolloutPolicy, 'verify' | 'scout'>,
  namespace: string,
): Permission[] {
  return [
    ...(verify === 'auto' ? execPermissions(namespace) : []),
    ...(scout === 'auto' ? granted(POD, namespace, SCOUT_VERBS) : []),
  ];
}

/** The lists of scopes, each once: without entries, those of every kind that is installed. */
function listsOf(scopes: readonly Scope[], installed: readonly TargetKind[]): WorkloadListKey[] {
  const lists = scopes.flatMap(({ entries, namespaces }) =>
    entries.length > 0
      ? listsFor(entries)
      : namespaces.flatMap((namespace) => installed.map(({ resource: { kind } }) => ({ kind, namespace }))),
  );
  return [...new Map(lists.map((list) => [`${list.namespace}/${list.kind}`, list])).values()];
}

/** The lists of entries; where it is not known which namespaces they choose, those of one that stands for each. */
function listsFor(entries: readonly TargetEntry[]): WorkloadListKey[] {
  return neededLists(
    entries.map((entry): TargetEntry => {
      if (!choosesNamespaces(entry)) return entry;
      return { ...entry, namespaces: { found: [EACH_NAMESPACE], ...entry.namespaces } };
    }),
  );
}

/** What choosing among the namespaces of the cluster takes: no Role holds it, as namespaces are in no namespace. */
function choicePermissions(entries: readonly TargetEntry[]): Permission[] {
  const { group, plural } = NAMESPACE;
  return entries.some(choosesNamespaces) ? [{ verb: 'list', group, resource: plural }] : [];
}

function namespacesOf(lists: readonly WorkloadListKey[]): string[] {
  return [...new Set(lists.map(({ namespace }) => namespace))];
}

function permissionsOn(
  lists: readonly WorkloadListKey[],
  installed: readonly TargetKind[],
  { objects, plugins, targets }: Verbs,
): Permission[] {
  return [
    ...namespacesOf(lists).flatMap((namespace) => [
      ...granted(CONFIG_MAP, namespace, objects),
      ...granted(ENVOY_FILTER, namespace, objects),
      ...Object.values(PLUGINS).flatMap((plugin) => granted(plugin, namespace, plugins)),
      // What else names a revision decides what may go.
      ...installed.flatMap(({ resource }) => granted(resource, namespace, LISTED)),
    ]),
    ...lists.flatMap(({ kind, namespace }) => {
      const { binding, resource } = targetKind({ kind });
      // Of the object that has a target's pod template, nobody waits for anything.
      const source = binding.templateSource;
      const written = targets.filter((verb) => verb !== 'watch');
      return [
        ...granted(resource, namespace, binding.inPlace ? LOOKED_AT : targets),
        ...(source === undefined ? [] : granted(source, namespace, written)),
      ];
    }),
  ];
}

/** What shows the cause of a failure and proves a success, and what lets a rollback succeed. */
function evidencePermissions(
  lists: readonly WorkloadListKey[],
  { wait, onFailure, verify, probe }: Pick<RolloutPolicy, 'wait' | 'onFailure' | 'verify' | 'probe'>,
  inspects = verify === 'required',
): Permission[] {
  const stuck = lists.filter((list) => wait && onFailure !== 'keep' && mayHaveStuckPods(list));
  return [
    ...namespacesOf(lists).flatMap((namespace) => [
      ...granted(POD, namespace, LOOKED_AT),
      ...granted(POD, namespace, LOOKED_AT, 'log'),
      ...granted(EVENT, namespace, LOOKED_AT),
      ...(wait && inspects ? execPermissions(namespace) : []),
      ...(wait && probe !== undefined ? granted(POD, namespace, [probeVerb(probe)], 'proxy') : []),
    ]),
    ...namespacesOf(stuck).flatMap((namespace) => granted(POD, namespace, ['delete'])),
  ];
}

/** What a look into the proxies of a namespace takes. */
function execPermissions(namespace: string): Permission[] {
  return granted(POD, namespace, ['get', 'create'], 'exec');
}

/** Whether a rollback may have to delete pods of a kind; a target may say that it has none such. */
function mayHaveStuckPods({ kind, namespace }: WorkloadListKey): boolean {
  const target = targetKind({ kind });
  return target.stuckPods(target.binding.unread({ kind, namespace, name: '' })) === 'waited-for';
}

function granted(resource: Resource, namespace: string, verbs: readonly string[], subresource?: string): Permission[] {
  return verbs.map((verb) =>
    permissionOf({ verb, resource, namespace, ...(subresource !== undefined && { subresource }) }),
  );
}
