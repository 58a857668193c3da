/** The objects a new cluster has. */
import type { JsonObject } from './json.ts';
import { toObject } from './objects.ts';
import type { Registry } from './registry.ts';
import { groupVersion, type Resource } from './resources.ts';

const OPTIONS = { manager: 'kube-apiserver' } as const;

/** Creates namespaces, the cluster-admin role, and a CustomResourceDefinition for each custom resource in the table. */
export function seedCluster(registry: Registry, namespaces: readonly string[]): void {
  const { table } = registry;
  for (const name of new Set(['default', 'kube-system', ...namespaces])) {
    registry.create(
      table.get('namespaces'),
      '',
      toObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
      OPTIONS,
    );
  }
  const rbac = 'rbac.authorization.k8s.io/v1';
  const roles = table.get('clusterroles');
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ];
  registry.create(
    roles,
    '',
    toObject({ apiVersion: rbac, kind: 'ClusterRole', metadata: { name: 'cluster-admin' }, rules }),
    OPTIONS,
  );
  for (const resource of table.all.filter((item) => item.custom)) createDefinition(registry, resource);
}

function createDefinition(registry: Registry, resource: Resource): void {
  const crds = registry.table.get('customresourcedefinitions');
  const definition = toObject(definitionOf(resource));
  if (groupVersion(crds) === definition.apiVersion) registry.create(crds, '', definition, OPTIONS);
}

/** The CustomResourceDefinition of a resource; its objects may have any fields. */
export function definitionOf(resource: Resource): JsonObject {
  const names = {
    plural: resource.plural,
    singular: resource.kind.toLowerCase(),
    kind: resource.kind,
    listKind: `${resource.kind}List`,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: [...resource.shortNames] }),
  };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const version = {
    name: resource.version,
    served: true,
    storage: true,
    schema,
    ...(resource.status ? { subresources: { status: {} } } : {}),
  };
  const condition = (type: string, reason: string): Record<string, string> => ({
    type,
    status: 'True',
    reason,
    message: '',
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${resource.group}` },
    spec: {
      group: resource.group,
      names,
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      conversion: { strategy: 'None' },
      versions: [version],
    },
    status: {
      acceptedNames: names,
      storedVersions: [resource.version],
      conditions: [condition('NamesAccepted', 'NoConflicts'), condition('Established', 'InitialNamesAccepted')],
    },
  };
}
