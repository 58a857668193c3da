import type { KubernetesObject } from '../../cluster/objects.ts';
import { GATEWAY } from '../../cluster/resources.ts';
import { FILTER_LABEL } from '../identity/names.ts';
import { type PulledRevision, podRevisionOf, type Revision } from '../identity/revision.ts';
import { FAIL_STRATEGIES, renderWasmPlugin, type WasmPlugin } from '../objects/wasm-plugin.ts';

/** Istiod labels the pods of a Gateway with its name (https://gateway-api.sigs.k8s.io/geps/gep-1762/). */
export const GATEWAY_NAME_LABEL = 'gateway.networking.k8s.io/gateway-name';

/** The name of the WasmPlugin that brings a filter to a Gateway. No filter has a dot in its name. */
export function gatewayPluginName(filter: string, gateway: string): string {
  return `${filter}.${gateway}`;
}

/** `NAMESPACE.NAME` of it, as `pluginOf` gives that of a revision. */
export function gatewayPluginKey(namespace: string, filter: string, gateway: string): string {
  return `${namespace}.${gatewayPluginName(filter, gateway)}`;
}

/** Which filter a WasmPlugin of this action brings to which Gateway; `undefined` if it is the filter resource of a revision. */
export function gatewayOf({ metadata }: KubernetesObject): { filter: string; gateway: string } | undefined {
  const filter = metadata.labels?.[FILTER_LABEL];
  if (filter === undefined || !metadata.name.startsWith(gatewayPluginName(filter, ''))) return undefined;
  return { filter, gateway: metadata.name.slice(filter.length + 1) };
}

/** What the pods of a Gateway carry for a revision with an image. */
export function gatewayPodRevision(revision: Revision, gateway: string): PulledRevision {
  const { filter, id, image = '' } = podRevisionOf(revision);
  return {
    filter,
    id,
    kind: 'WasmPlugin',
    image,
    plugin: gatewayPluginSpec(renderWasmPlugin(revision, '').spec, gateway),
  };
}

/** The spec of a revision's WasmPlugin as it is for a Gateway. Its traffic is all one way, which gateways and waypoints call differently. */
export function gatewayPluginSpec(
  { selector: _, match, ...spec }: WasmPlugin['spec'],
  gateway: string,
): WasmPlugin['spec'] {
  const both = Array.isArray(match) ? match.map((one) => ({ ...Object(one), mode: 'CLIENT_AND_SERVER' })) : [];
  return { ...spec, match: both, targetRefs: [{ group: GATEWAY.group, kind: GATEWAY.kind, name: gateway }] };
}

/** A spec with which requests pass while the module cannot be pulled. */
export function openSpec(spec: WasmPlugin['spec']): WasmPlugin['spec'] {
  return { ...spec, failStrategy: FAIL_STRATEGIES.open };
}
