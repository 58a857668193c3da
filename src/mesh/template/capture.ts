import type { Redirection, Setting } from './redirection.ts';

/**
 * Whether the sidecar gets the traffic of a port: all of it, that of some addresses or interfaces (`partly`), or nothing (`not`);
 * `by` is the setting that decides.
 */
export type Capture = { readonly state: 'captured' } | { readonly state: 'partly' | 'not'; readonly by: Setting };

const CAPTURED: Capture = { state: 'captured' };
/** The name that the kubelet's network plugins give to a pod's interface to the cluster. */
const POD_INTERFACE = 'eth0';
/** Every port, or every address. */
const ALL = '*';
const ALL_RANGES = [ALL, '0.0.0.0/0'];

/**
 * Whether requests to a port of the pod reach the sidecar; without a port, to one that no Service names. Rules of istio
 * tools/istio-iptables/pkg/capture/run.go: the excluded ports count only where all are included; an empty list includes none.
 */
export function captureInbound(redirection: Redirection, port: number | undefined): Capture {
  const { includeInboundPorts: include, excludeInboundPorts: exclude } = redirection;
  const whole = captureAtAll(redirection);
  if (whole.state === 'not') return whole;
  if (include.value !== ALL) {
    const none = port === undefined ? include.value === '' : !listsPort(include, port);
    return none ? { state: 'not', by: include } : whole;
  }
  return listsPort(exclude, port) ? { state: 'not', by: exclude } : whole;
}

/**
 * Whether what the app sends to a port of others reaches the sidecar. Excluded ports go first, then excluded ranges, then included
 * ports, then included ranges. Without a port, whether any may.
 */
export function captureOutbound(redirection: Redirection, port: number | undefined): Capture {
  const {
    includeOutboundPorts: ports,
    excludeOutboundPorts: not,
    includeOutboundRanges: ranges,
    excludeOutboundRanges: spared,
  } = redirection;
  const whole = captureAtAll(redirection);
  if (whole.state === 'not') return whole;
  if (listsPort(not, port)) return { state: 'not', by: not };
  if (listsAll(spared)) return { state: 'not', by: spared };
  const rest: Capture = spared.value === '' ? whole : { state: 'partly', by: spared };
  if (listsPort(ports, port) || listsAll(ranges)) return rest;
  const some = ranges.value !== '' || (port === undefined && ports.value !== '');
  return { state: some ? 'partly' : 'not', by: ranges };
}

/** What concerns all ports and both directions. */
function captureAtAll({ mode, excludeInterfaces }: Redirection): Capture {
  if (mode.value === 'NONE') return { state: 'not', by: mode };
  const interfaces = listOf(excludeInterfaces);
  if (interfaces.includes(POD_INTERFACE)) return { state: 'not', by: excludeInterfaces };
  return interfaces.length > 0 ? { state: 'partly', by: excludeInterfaces } : CAPTURED;
}

function listOf({ value }: Setting): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function listsAll(ranges: Setting): boolean {
  return listOf(ranges).some((range) => ALL_RANGES.includes(range));
}

/** An entry is a port, or a range of them as iptables (`:`) and nftables (`-`) write it. */
function listsPort(ports: Setting, port: number | undefined): boolean {
  if (port === undefined) return false;
  return listOf(ports).some((entry) => {
    const [, first, last = first] = /^(\d+)(?:[:-](\d+))?$/.exec(entry) ?? [];
    return first !== undefined && Number(first) <= port && port <= Number(last);
  });
}

/** Where a setting comes from, with its value: `the annotation traffic.sidecar.istio.io/excludeInboundPorts: "9080"`. */
export function describeSetting({ annotation, written, meshWide }: Setting): string {
  return meshWide
    ? `the mesh-wide value ${JSON.stringify(written)} of ${annotation}`
    : `the annotation ${annotation}: ${JSON.stringify(written)}`;
}
