/** One Envoy: what it was sent since its start, what it took and what it refused. A pure function of the cluster's history. */
import type { ApiObject } from '../../kubelet/client.ts';
import { type Extension, extensionsAt, type LogLine, renewExtensions } from './extensions.ts';
import type { FilterChange } from './filter-history.ts';
import { GATEWAY_NAME_LABEL, isWaypoint } from './gateway-plugin.ts';
import {
  type AppPorts,
  baseListeners,
  gatewayApiListeners,
  gatewayListeners,
  type Listener,
  waypointListeners,
} from './listeners.ts';
import type { MountedFiles } from './mounted-files.ts';
import { patchListeners, selectedFilters } from './patches.ts';
import { asPlugin, placedIn, placePlugins, selectedPlugins } from './plugins.ts';
import { Pulls } from './pulls.ts';
import { refusalOf } from './wasm.ts';

/** A configuration that contains this text is refused by the filter. */
export const REFUSES = 'sim/refuses';
/** The app's ports that the mesh takes for HTTP, with commas; 9080 when absent. */
export const HTTP_PORTS = 'sim/http-ports';
/** The same for TCP; none when absent. */
export const TCP_PORTS = 'sim/tcp-ports';
/** The mode of a PeerAuthentication for the pod; PERMISSIVE when absent. */
export const MTLS = 'sim/mtls';
/** How long the mesh takes to bring a changed EnvoyFilter to the proxy, in milliseconds; 0 when absent. */
export const XDS_DELAY = 'sim/xds-delay-ms';

/**
 * How long istio-agent takes to pull an image, in milliseconds; 0 when absent. The listeners do not wait for it: under a name that
 * Envoy still knows, what it had before serves and is shown until then.
 */
export const PULL_TIME = 'sim/pull-ms';

/**
 * How long a gateway shows, and has, the configuration of a WasmPlugin that was taken away, in milliseconds: as long as it drains
 * the connections that know it; 45,000 when absent, as istio-agent tells Envoy.
 */
export const DRAIN = 'sim/drain-ms';

export interface ListenerState {
  readonly name: string;
  /** What serves; undefined when nothing was ever taken. */
  readonly active?: Listener;
  /** Set while what was sent last is refused. */
  readonly error?: { readonly failed: Listener; readonly details: string; readonly at: number };
}

export interface ProxyState {
  readonly listeners: readonly ListenerState[];
  /** What WasmPlugins have brought. */
  readonly extensions: readonly Extension[];
  /** What was logged about them. */
  readonly log: readonly LogLine[];
  /** How many updates of the listeners were taken as a whole. */
  readonly accepted: number;
  /** How many were refused, at least for one listener. */
  readonly rejected: number;
}

/** When a proxy came up: the version of its pod then, and the clock's time in milliseconds. */
export interface ProxyStart {
  readonly version: number;
  readonly at: number;
  /** Its pod's labels then and each time that they changed; those that it has now when absent. */
  readonly labels?: readonly PodLabels[];
}

/** The labels of a pod from a version and a time on. */
export interface PodLabels {
  readonly version: number;
  readonly at: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Plays what happened until `now` in the eyes of a pod's proxy. */
export function replay(
  pod: ApiObject,
  start: ProxyStart,
  changes: readonly FilterChange[],
  files: MountedFiles,
  now: number,
): ProxyState {
  const role = roleOf(pod);
  const annotations = pod.metadata.annotations ?? {};
  const delay = Number(annotations[XDS_DELAY] ?? 0);
  const pullMs = Number(annotations[PULL_TIME] ?? 0);
  const pulls = new Pulls(pullMs);
  const refused = annotations[REFUSES] || undefined;
  // A workload's plugin goes with its pods, so that it makes no difference there.
  const drainMs = role === 'gateway' || role === 'waypoint' ? Number(annotations[DRAIN] ?? 45_000) : 0;
  const rules = { refused, drainMs };
  let { labels = {} } = start.labels?.[0] ?? pod.metadata;
  const filters = new Map<string, ApiObject>();
  const arrivals = [
    ...changes.map((change) => ({
      version: change.version,
      at: arrival(change, start) + delay,
      take: () => {
        if (change.object === undefined) filters.delete(change.name);
        else filters.set(change.name, change.object);
      },
    })),
    ...(start.labels ?? []).slice(1).map((next) => ({
      version: next.version,
      at: next.at + delay,
      take: () => {
        labels = next.labels;
      },
    })),
  ].sort((a, b) => a.at - b.at);
  const base = listenersOf(pod);
  const log: LogLine[] = [];
  let state: ProxyState = {
    listeners: base.map(({ name }) => ({ name })),
    extensions: [],
    log,
    accepted: 0,
    rejected: 0,
  };
  let sent = '';
  const push = (at: number): void => {
    const objects = [...filters.values()];
    const selected = selectedPlugins(
      objects.flatMap((object) => asPlugin(object) ?? []),
      labels,
    );
    const placed = placePlugins(base, selected, role === 'gateway');
    const wanted = patchListeners(
      placed,
      selectedFilters(
        objects.filter((object) => asPlugin(object) === undefined),
        labels,
      ),
      role === 'gateway' || role === 'injected gateway',
    );
    const plugins = placedIn(placed, selected);
    // A proxy does not start without what it needs.
    const pulled = at <= start.at ? new Set(plugins) : pulls.done(plugins, at);
    const extensions = renewExtensions(state.extensions, plugins, pulled, rules, at, log);
    state = { ...state, extensions };
    const text = JSON.stringify(wanted);
    if (text === sent) return;
    sent = text;
    state = update(state, wanted, (listener) => refusalOf(listener, files, refused), at);
  };
  const known = arrivals.filter(({ version, at }) => version < start.version && at <= start.at);
  for (const change of known) change.take();
  push(start.at);
  const later = arrivals.filter((change) => !known.includes(change));
  const ends = pullMs === 0 ? [] : later.map(({ at }) => ({ at: at + pullMs, take: () => undefined }));
  for (const { at, take } of [...later, ...ends].sort((a, b) => a.at - b.at)) {
    if (at > now) break;
    take();
    push(at);
  }
  return { ...state, extensions: extensionsAt(state.extensions, drainMs, now) };
}

/** Versions order what two watches report at about the same time: before the start is before the start. */
function arrival({ version, seenAt }: FilterChange, start: ProxyStart): number {
  return version < start.version ? Math.min(seenAt, start.at) : Math.max(seenAt, start.at);
}

function update(
  state: ProxyState,
  wanted: readonly Listener[],
  refusal: (listener: Listener) => string | undefined,
  at: number,
): ProxyState {
  const listeners = wanted.map((listener): ListenerState => {
    const details = refusal(listener);
    if (details === undefined) return { name: listener.name, active: listener };
    const active = state.listeners.find(({ name }) => name === listener.name)?.active;
    return {
      name: listener.name,
      ...(active === undefined ? {} : { active }),
      error: { failed: listener, details, at },
    };
  });
  const refused = listeners.some(({ error }) => error !== undefined);
  return {
    ...state,
    listeners,
    accepted: state.accepted + (refused ? 0 : 1),
    rejected: state.rejected + (refused ? 1 : 0),
  };
}

/** What a pod's proxy is: `gateway` and `waypoint` are those of a Gateway API, which istiod makes. */
export type Role = 'sidecar' | 'injected gateway' | 'gateway' | 'waypoint';

export function roleOf({ metadata }: ApiObject): Role {
  const { labels = {}, annotations = {} } = metadata;
  if (labels[GATEWAY_NAME_LABEL] !== undefined) return isWaypoint(labels) ? 'waypoint' : 'gateway';
  return annotations['inject.istio.io/templates'] === 'gateway' ? 'injected gateway' : 'sidecar';
}

/** Whether a pod's proxy is no sidecar, so that Istio mounts nothing by annotations. */
export function isGatewayPod(pod: ApiObject): boolean {
  return roleOf(pod) !== 'sidecar';
}

function listenersOf(pod: ApiObject): Listener[] {
  const ports = portsOf(pod);
  switch (roleOf(pod)) {
    case 'sidecar':
      return baseListeners(ports, pod.metadata.annotations?.[MTLS] === 'STRICT');
    case 'injected gateway':
      return gatewayListeners(ports);
    case 'gateway':
      return gatewayApiListeners(ports);
    case 'waypoint':
      return waypointListeners(ports, `reviews.${pod.metadata.namespace}.svc.cluster.local`);
  }
}

/** The ports that the pod's annotations name. */
export function portsOf(pod: ApiObject): AppPorts {
  const numbers = (text: string): number[] =>
    text
      .split(',')
      .map(Number)
      .filter((port) => port > 0);
  const annotations = pod.metadata.annotations ?? {};
  return { http: numbers(annotations[HTTP_PORTS] ?? '9080'), tcp: numbers(annotations[TCP_PORTS] ?? '') };
}
