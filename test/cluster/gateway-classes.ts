import type { KubeObject } from './kube.ts';

// Waypoints name four extensions of Istio's own proxy, where sidecars and gateways can be told to do without. What is here
// takes them out, so that Envoy as its own project builds it becomes ready as a waypoint and serves. Lost are the names of clients
// and servers in telemetry, and the clients' identities for policies.

const WAYPOINT = 'istio-waypoint';

/** What the classes of the Gateway API need beside istiod; its objects stand in istiod's namespace. */
export function gatewayClassObjects(namespace: string): readonly KubeObject[] {
  return [
    classDefaults(namespace, 'istio', {}),
    classDefaults(namespace, WAYPOINT, withoutPeerDiscovery()),
    {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'waypoints-of-upstream-envoy', namespace },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'GatewayClass', name: WAYPOINT }],
        configPatches: [
          patchHttpFilter('connect_terminate', 'waypoint_downstream_peer_metadata', { operation: 'REMOVE' }),
          patchHttpFilter('main_internal', 'waypoint_upstream_peer_metadata', { operation: 'REMOVE' }),
          patchHttpFilter('connect_terminate', 'connect_authority', {
            operation: 'REPLACE',
            value: connectAuthority(),
          }),
        ],
      },
    },
  ];
}

/**
 * A ConfigMap that istiod merges into the Deployments that it makes for a class, by strategic merge
 * (https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#gatewayclass-defaults).
 */
function classDefaults(namespace: string, gatewayClass: string, container: object): KubeObject {
  // A kubelet that is younger than the period (15 s by default) puts the first probe off by a random part of it.
  const containers = [{ name: 'istio-proxy', readinessProbe: { periodSeconds: 1 }, ...container }];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${gatewayClass}-defaults`,
      namespace,
      labels: { 'gateway.istio.io/defaults-for-class': gatewayClass },
    },
    data: { deployment: JSON.stringify({ spec: { template: { spec: { containers } } } }) },
  };
}

/**
 * The agent of a waypoint always wants Envoy to discover its peers' metadata, from its first configuration on (istio
 * pkg/bootstrap/config.go). It takes another template for that than the image's, whose file system is read-only.
 */
function withoutPeerDiscovery(): object {
  const template = '/etc/istio/proxy/bootstrap_tmpl.json';
  const edit = `sed 's/if .metadata_discovery/if false/' /var/lib/istio/envoy/envoy_bootstrap_tmpl.json > ${template}`;
  return {
    // istiod's arguments follow; the last word here is what the shell calls itself.
    command: ['/bin/sh', '-c', `${edit} && exec pilot-agent "$@"`, 'pilot-agent'],
    env: [{ name: 'ISTIO_BOOTSTRAP', value: template }],
  };
}

/**
 * Hands the address that a client asks for, and its own, to the listener behind the tunnel, as Istio's filter of that name does.
 * That one hands on identities as well, in a type of value that only Istio's proxy has.
 */
function connectAuthority(): object {
  const handOn = (key: string, value: string): object => ({
    object_key: `envoy.filters.listener.original_dst.${key}`,
    format_string: { text_format_source: { inline_string: value } },
    shared_with_upstream: 'ONCE',
  });
  return {
    name: 'connect_authority',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
      on_request_headers: [handOn('local_ip', '%REQ(:AUTHORITY)%'), handOn('remote_ip', '%DOWNSTREAM_REMOTE_ADDRESS%')],
    },
  };
}

function patchHttpFilter(listener: string, name: string, patch: object): object {
  const filter = { name: 'envoy.filters.network.http_connection_manager', subFilter: { name } };
  // All listeners of a waypoint are inbound ones for an EnvoyFilter.
  const match = { context: 'SIDECAR_INBOUND', listener: { name: listener, filterChain: { filter } } };
  return { applyTo: 'HTTP_FILTER', match, patch };
}
