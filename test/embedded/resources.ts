/** The table of resources the server knows. Adding a kind is one line here. */

/** How the object's `metadata.name` is checked: DNS-1123 subdomain or label, or any path segment (RBAC). */
export type NameRule = 'subdomain' | 'label' | 'segment';

export interface Resource {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  /** True when `status` is a subresource of its own. */
  readonly status: boolean;
  /** True for a custom resource: other rules for generation, update and field ownership. */
  readonly custom: boolean;
  readonly nameRule: NameRule;
  /** True when the server counts `metadata.generation` for it. */
  readonly generation: boolean;
  /** The text of a `Warning` header that every write answers. */
  readonly writeWarning: string | undefined;
}

const ENVOYFILTER_WARNING =
  'EnvoyFilter exposes internal implementation details that may change at any time. Prefer other APIs if possible, and exercise extreme caution, especially around upgrades.';

type Extra = Partial<Omit<Resource, 'group' | 'version' | 'plural' | 'kind'>>;

function resource(groupVersion: string, plural: string, kind: string, extra: Extra = {}): Resource {
  const slash = groupVersion.indexOf('/');
  const custom = extra.custom ?? false;
  return {
    group: slash < 0 ? '' : groupVersion.slice(0, slash),
    version: groupVersion.slice(slash + 1),
    plural,
    kind,
    namespaced: extra.namespaced ?? true,
    shortNames: extra.shortNames ?? [],
    status: extra.status ?? false,
    custom,
    nameRule: extra.nameRule ?? 'subdomain',
    generation: extra.generation ?? custom,
    writeWarning: extra.writeWarning,
  };
}

const RBAC = 'rbac.authorization.k8s.io/v1';
const workload = { status: true, generation: true } as const;
const cluster = { namespaced: false } as const;

/** Kinds that every cluster has. */
export const BUILT_IN: readonly Resource[] = [
  resource('v1', 'namespaces', 'Namespace', { ...cluster, status: true, shortNames: ['ns'], nameRule: 'label' }),
  resource('v1', 'nodes', 'Node', { ...cluster, status: true, shortNames: ['no'] }),
  resource('v1', 'pods', 'Pod', { ...workload, shortNames: ['po'] }),
  resource('v1', 'configmaps', 'ConfigMap', { shortNames: ['cm'] }),
  resource('v1', 'secrets', 'Secret'),
  resource('v1', 'events', 'Event', { shortNames: ['ev'] }),
  resource('v1', 'services', 'Service', { status: true, shortNames: ['svc'], nameRule: 'label' }),
  resource('v1', 'serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] }),
  resource('apps/v1', 'deployments', 'Deployment', { ...workload, shortNames: ['deploy'] }),
  resource('apps/v1', 'statefulsets', 'StatefulSet', { ...workload, shortNames: ['sts'] }),
  resource('apps/v1', 'daemonsets', 'DaemonSet', { ...workload, shortNames: ['ds'] }),
  resource('apps/v1', 'replicasets', 'ReplicaSet', { ...workload, shortNames: ['rs'] }),
  resource('apps/v1', 'controllerrevisions', 'ControllerRevision'),
  resource('coordination.k8s.io/v1', 'leases', 'Lease'),
  resource(RBAC, 'roles', 'Role', { nameRule: 'segment' }),
  resource(RBAC, 'rolebindings', 'RoleBinding', { nameRule: 'segment' }),
  resource(RBAC, 'clusterroles', 'ClusterRole', { ...cluster, nameRule: 'segment' }),
  resource(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', { ...cluster, nameRule: 'segment' }),
  resource('apiextensions.k8s.io/v1', 'customresourcedefinitions', 'CustomResourceDefinition', {
    ...cluster,
    status: true,
    generation: true,
    shortNames: ['crd', 'crds'],
  }),
];

/** Kinds that exist when Istio is installed. */
export const ISTIO: readonly Resource[] = [
  resource('networking.istio.io/v1alpha3', 'envoyfilters', 'EnvoyFilter', {
    custom: true,
    status: true,
    writeWarning: ENVOYFILTER_WARNING,
  }),
  resource('extensions.istio.io/v1alpha1', 'wasmplugins', 'WasmPlugin', { custom: true, status: true }),
  resource('extensions.istio.io/v1alpha1', 'trafficextensions', 'TrafficExtension', { custom: true, status: true }),
];

/** Kinds that exist when the CRDs of Gateway API are installed. */
export const GATEWAY_API: readonly Resource[] = [
  resource('gateway.networking.k8s.io/v1', 'gateways', 'Gateway', {
    custom: true,
    status: true,
    shortNames: ['gtw'],
  }),
];

/** The kind that exists when Argo Rollouts is installed, as far as its controller is imitated. */
export const ARGO_ROLLOUTS: readonly Resource[] = [
  resource('argoproj.io/v1alpha1', 'rollouts', 'Rollout', { custom: true, status: true, shortNames: ['ro'] }),
];

/** A custom resource with a status of its own. */
export function customResource(groupVersion: string, plural: string, kind: string): Resource {
  return resource(groupVersion, plural, kind, { custom: true, status: true });
}

/** `apps/v1`, or `v1` for the core group. */
export function groupVersion(resource: Pick<Resource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The key of a resource inside the store: group and plural, as in the name of a CRD. */
export function resourceKey(resource: Pick<Resource, 'group' | 'plural'>): string {
  return `${resource.plural}.${resource.group}`;
}

/** Looks resources up by path and by kind. */
export class ResourceTable {
  readonly all: readonly Resource[];

  constructor(all: readonly Resource[]) {
    this.all = all;
  }

  /** The resource served at a group, version and plural. */
  find(group: string, version: string, plural: string): Resource | undefined {
    return this.all.find((item) => item.group === group && item.version === version && item.plural === plural);
  }

  /** The resource of an object's `apiVersion` and `kind`; the version of the group does not matter. */
  forKind(apiVersion: string, kind: string): Resource | undefined {
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    return this.all.find((item) => item.group === group && item.kind === kind);
  }

  /** A resource that is known to exist. */
  get(plural: string): Resource {
    const found = this.all.find((item) => item.plural === plural);
    if (found === undefined) throw new Error(`no resource named ${plural} in the table`);
    return found;
  }
}
