/** The defaults the API server fills in that clients look at (kubernetes: pkg/apis/apps/v1/defaults.go, core/v1/defaults.go). */
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { KubeObject } from './objects.ts';
import type { Resource } from './resources.ts';

function member(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  if (isObject(value)) return value;
  const created: JsonObject = {};
  parent[key] = created;
  return created;
}

function setDefault(parent: JsonObject, key: string, value: Json): void {
  if (parent[key] === undefined || parent[key] === null) parent[key] = value;
}

/** Fills the defaults into an object that is not in the store yet. */
export function applyDefaults(resource: Resource, object: KubeObject): void {
  const json = object as unknown as JsonObject;
  const defaults = DEFAULTS[resource.kind];
  if (defaults !== undefined) defaults(json);
}

const DEFAULTS: Readonly<Record<string, (object: JsonObject) => void>> = {
  Deployment(object) {
    const spec = member(object, 'spec');
    setDefault(spec, 'replicas', 1);
    const strategy = member(spec, 'strategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy.type === 'RollingUpdate') {
      const rolling = member(strategy, 'rollingUpdate');
      setDefault(rolling, 'maxUnavailable', '25%');
      setDefault(rolling, 'maxSurge', '25%');
    }
    setDefault(spec, 'revisionHistoryLimit', 10);
    setDefault(spec, 'progressDeadlineSeconds', 600);
    templateDefaults(spec);
  },
  StatefulSet(object) {
    const spec = member(object, 'spec');
    setDefault(spec, 'replicas', 1);
    setDefault(spec, 'podManagementPolicy', 'OrderedReady');
    setDefault(spec, 'revisionHistoryLimit', 10);
    const hadType = isObject(spec.updateStrategy) && spec.updateStrategy.type !== undefined;
    const strategy = member(spec, 'updateStrategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (!hadType) member(strategy, 'rollingUpdate');
    if (strategy.type === 'RollingUpdate' && isObject(strategy.rollingUpdate)) {
      setDefault(strategy.rollingUpdate, 'partition', 0);
    }
    const retention = member(spec, 'persistentVolumeClaimRetentionPolicy');
    setDefault(retention, 'whenDeleted', 'Retain');
    setDefault(retention, 'whenScaled', 'Retain');
    templateDefaults(spec);
  },
  DaemonSet(object) {
    const spec = member(object, 'spec');
    setDefault(spec, 'revisionHistoryLimit', 10);
    const strategy = member(spec, 'updateStrategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy.type === 'RollingUpdate') {
      const rolling = member(strategy, 'rollingUpdate');
      setDefault(rolling, 'maxUnavailable', 1);
      setDefault(rolling, 'maxSurge', 0);
    }
    templateDefaults(spec);
  },
  ReplicaSet(object) {
    const spec = member(object, 'spec');
    setDefault(spec, 'replicas', 1);
    templateDefaults(spec);
  },
  Pod(object) {
    const spec = member(object, 'spec');
    podSpecDefaults(spec);
    setDefault(spec, 'serviceAccountName', 'default');
    setDefault(spec, 'serviceAccount', String(spec.serviceAccountName));
    setDefault(spec, 'enableServiceLinks', true);
    setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority');
    setDefault(spec, 'priority', 0);
    setDefault(spec, 'tolerations', [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ]);
  },
  Namespace(object) {
    const spec = member(object, 'spec');
    setDefault(spec, 'finalizers', ['kubernetes']);
  },
  Secret(object) {
    setDefault(object, 'type', 'Opaque');
  },
  Gateway: gatewayDefaults,
  Service(object) {
    const spec = member(object, 'spec');
    setDefault(spec, 'type', 'ClusterIP');
    setDefault(spec, 'sessionAffinity', 'None');
  },
};

const UNKNOWN = {
  lastTransitionTime: '1970-01-01T00:00:00Z',
  message: 'Waiting for controller',
  reason: 'Pending',
  status: 'Unknown',
};

/** Those of the CRD (gateway-api: config/crd/standard/gateway.networking.k8s.io_gateways.yaml). */
function gatewayDefaults(object: JsonObject): void {
  setDefault(
    member(object, 'status'),
    'conditions',
    ['Accepted', 'Programmed'].map((type) => ({ ...UNKNOWN, type })),
  );
  const { listeners } = isObject(object.spec) ? object.spec : {};
  for (const listener of isList(listeners) ? listeners : []) {
    if (!isObject(listener)) continue;
    const routes = member(listener, 'allowedRoutes');
    setDefault(member(routes, 'namespaces'), 'from', 'Same');
    if (!isObject(listener.tls)) continue;
    setDefault(listener.tls, 'mode', 'Terminate');
    const { certificateRefs } = listener.tls;
    for (const reference of isList(certificateRefs) ? certificateRefs : []) {
      if (!isObject(reference)) continue;
      setDefault(reference, 'group', '');
      setDefault(reference, 'kind', 'Secret');
    }
  }
}

function templateDefaults(spec: JsonObject): void {
  const template = member(spec, 'template');
  member(template, 'metadata');
  podSpecDefaults(member(template, 'spec'));
}

function podSpecDefaults(spec: JsonObject): void {
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'schedulerName', 'default-scheduler');
  for (const key of ['containers', 'initContainers']) {
    const containers = spec[key];
    if (isList(containers)) for (const container of containers) if (isObject(container)) containerDefaults(container);
  }
  const volumes = spec.volumes;
  if (!isList(volumes)) return;
  for (const volume of volumes) {
    if (!isObject(volume)) continue;
    for (const source of ['configMap', 'secret', 'projected', 'downwardAPI']) {
      if (isObject(volume[source])) setDefault(volume[source], 'defaultMode', 420);
    }
  }
}

function containerDefaults(container: JsonObject): void {
  const image = String(container.image ?? '');
  const tag = image.includes('@') ? '' : (/:([^/:]+)$/.exec(image)?.[1] ?? 'latest');
  setDefault(container, 'imagePullPolicy', tag === 'latest' ? 'Always' : 'IfNotPresent');
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'resources', {});
  const ports = container.ports;
  if (isList(ports)) for (const port of ports) if (isObject(port)) setDefault(port, 'protocol', 'TCP');
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (!isObject(probe)) continue;
    setDefault(probe, 'timeoutSeconds', 1);
    setDefault(probe, 'periodSeconds', 10);
    setDefault(probe, 'successThreshold', 1);
    setDefault(probe, 'failureThreshold', 3);
    if (isObject(probe.httpGet)) setDefault(probe.httpGet, 'scheme', 'HTTP');
  }
}
