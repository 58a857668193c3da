/** A kind of object the action reads or writes, and where the API server keeps it. */
export interface Resource {
  readonly kind: string;
  readonly apiVersion: string;
  readonly group: string;
  readonly plural: string;
  /** Set where objects have a pod template in `spec.template`, and all fields of `Workload` are as that says. */
  readonly isWorkload?: true;
  /** Set where a CustomResourceDefinition makes it: there is no strategic-merge patch, and a merge patch replaces whole lists. */
  readonly isCustom?: true;
}

/** Returns a resource of a group and version: `apps/v1`, `v1`. */
export function resource(apiVersion: string, kind: string, plural: string): Resource {
  const [group, version] = apiVersion.split('/');
  return { kind, apiVersion, plural, group: version === undefined ? '' : (group ?? '') };
}

export const CONFIG_MAP = resource('v1', 'ConfigMap', 'configmaps');
export const POD = resource('v1', 'Pod', 'pods');
/** How much memory and processor the containers of a pod use, where the cluster serves it (metrics-server and others). */
export const POD_METRICS = resource('metrics.k8s.io/v1beta1', 'PodMetrics', 'pods');
export const SERVICE = resource('v1', 'Service', 'services');
export const EVENT = resource('v1', 'Event', 'events');
export const NAMESPACE = resource('v1', 'Namespace', 'namespaces');
export const JOB = resource('batch/v1', 'Job', 'jobs');
export const CRON_JOB = resource('batch/v1', 'CronJob', 'cronjobs');
export const ROLLOUT: Resource = {
  ...resource('argoproj.io/v1alpha1', 'Rollout', 'rollouts'),
  isWorkload: true,
  isCustom: true,
};
export const DEPLOYMENT: Resource = { ...resource('apps/v1', 'Deployment', 'deployments'), isWorkload: true };
/** What a Deployment and a Rollout make their pods with. */
export const REPLICA_SET = resource('apps/v1', 'ReplicaSet', 'replicasets');
export const ENVOY_FILTER = resource('networking.istio.io/v1alpha3', 'EnvoyFilter', 'envoyfilters');
export const WASM_PLUGIN = resource('extensions.istio.io/v1alpha1', 'WasmPlugin', 'wasmplugins');
export const TRAFFIC_EXTENSION = resource('extensions.istio.io/v1alpha1', 'TrafficExtension', 'trafficextensions');
export const GATEWAY = resource('gateway.networking.k8s.io/v1', 'Gateway', 'gateways');
export const ACCESS_REVIEW = resource('authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews');
export const SELF_REVIEW = resource('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews');

/** What brings an image to proxies. A cluster may have both, or the newer one alone. */
export const PLUGINS = { WasmPlugin: WASM_PLUGIN, TrafficExtension: TRAFFIC_EXTENSION } as const;
export type PluginKind = keyof typeof PLUGINS;

/** Whether objects of this kind bring images to proxies. */
export function isPluginKind(kind: string): kind is PluginKind {
  return Object.hasOwn(PLUGINS, kind);
}

/** The path of a collection, or of one object in it. `namespace` is `undefined` for what has none. */
export function resourcePath(resource: Resource, namespace: string | undefined, name?: string): string {
  const root = resource.group === '' ? `/api/${resource.apiVersion}` : `/apis/${resource.apiVersion}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${resource.plural}${object}`;
}

/** What a path of `resourcePath` names, with or without a query: `deployments shop/reviews`; of a collection, `pods in namespace shop`. */
export function describePath(path: string): string {
  const [, , namespace = '', plural = '', name = ''] =
    /^\/(api|apis\/[^/]+)\/[^/]+\/namespaces\/([^/?]+)\/([^/?]+)(?:\/([^/?]+))?/.exec(path) ?? [];
  if (plural === '') return path;
  const inside = decodeURIComponent(namespace);
  return name === '' ? `${plural} in namespace ${inside}` : `${plural} ${inside}/${decodeURIComponent(name)}`;
}

/** The resource as RBAC rules and the API server's messages write it: `deployments.apps`, `configmaps`. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
