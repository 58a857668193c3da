import type { Direction } from '../settings.ts';
import type { HeaderMap } from './header-map.ts';
import { serializeHeaders } from './pairs.ts';
import type { Header, TrialRequest } from './request.ts';
import type { Side, Stream } from './stream.ts';
import { NOBODY, type World } from './world.ts';

/** A bigint stands for an integer of 64 bits. */
type Value = string | bigint | boolean | readonly Header[] | Branch;
interface Branch {
  readonly [name: string]: Value;
}

/** `absent`: Envoy would not have it either. `unknown`: only a real proxy could say. */
export type PropertyAnswer = Uint8Array | 'absent' | 'unknown';

const NODE: Branch = {
  id: 'sidecar~10.0.0.2~trial-0.default~default.svc.cluster.local',
  cluster: 'trial.default',
  metadata: {
    NAMESPACE: 'default',
    NAME: 'trial-0',
    WORKLOAD_NAME: 'trial',
    CLUSTER_ID: 'Kubernetes',
    MESH_ID: 'cluster.local',
  },
};

const MAX_PATH_LENGTH = 4_096;

/** `envoy.config.core.v3.TrafficDirection`. */
const DIRECTIONS: Readonly<Record<Direction, bigint>> = { any: 0n, inbound: 1n, outbound: 2n, gateway: 2n };

/**
 * A property as Envoy serialises it: text as it is, integers as 8 bytes little-endian, booleans as one byte, header maps as
 * pairs. `path` is what the filter asks for, its parts divided by NUL
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes).
 */
export function property(
  path: string,
  request: TrialRequest,
  stream: Stream | undefined,
  world: World = NOBODY,
): PropertyAnswer {
  // Nothing has such a path; what a filter makes up is not taken apart at any length.
  if (path.length > MAX_PATH_LENGTH) return 'unknown';
  const parts = (path.endsWith('\0') ? path.slice(0, -1) : path).split('\0');
  const said = world.property(parts.join('.'));
  if (said !== undefined) return serialize(said);
  const all = allProperties(request, stream, world.now());
  let value: Value = all;
  for (const part of parts) {
    if (Array.isArray(value)) {
      const found: string | undefined = (value as readonly Header[]).find(([name]) => name === part.toLowerCase())?.[1];
      if (found === undefined) return 'absent';
      value = found;
    } else if (typeof value === 'object') {
      const next: Value | undefined = Object.hasOwn(value, part) ? (value as Branch)[part] : undefined;
      if (next === undefined) return isAbsent(parts, value === all) ? 'absent' : 'unknown';
      value = next;
    } else return 'absent';
  }
  return serialize(value);
}

/** What Envoy has at one moment or another. */
const OFTEN_ABSENT: Readonly<Record<string, readonly string[]>> = {
  request: ['path', 'url_path', 'query', 'host', 'scheme', 'method', 'id', 'useragent', 'referer', 'duration'],
  response: ['code', 'code_details'],
  xds: ['listener_direction', 'cluster_name', 'route_name'],
};
const OF_A_STREAM = ['request', 'response', 'connection', 'connection_id', 'upstream', 'source', 'destination'];

/** Whether Envoy has a property at another moment, but not at this one. */
function isAbsent([first = '', second = '']: readonly string[], atTop: boolean): boolean {
  return atTop ? OF_A_STREAM.includes(first) : (OFTEN_ABSENT[first]?.includes(second) ?? false);
}

function serialize(value: Value): PropertyAnswer {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0);
  if (typeof value === 'bigint') {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, value, true);
    return bytes;
  }
  // A branch would be a protobuf message.
  return Array.isArray(value) ? serializeHeaders(value as readonly Header[]) : 'unknown';
}

/**
 * What Envoy 1.36 and 1.40 have, tried one by one in each callback. Older ones have `node`, `listener_direction`, `route_name`
 * and `cluster_name` outside of `xds`, too; here they are unknown.
 */
function allProperties(request: TrialRequest, stream: Stream | undefined, now: bigint): Branch {
  const plugin = { plugin_name: request.name, plugin_root_id: request.rootId, plugin_vm_id: request.vmId };
  if (stream === undefined) return { ...plugin, xds: { node: NODE } };
  return {
    ...plugin,
    xds: {
      node: NODE,
      listener_direction: DIRECTIONS[request.direction],
      cluster_name:
        DIRECTIONS[request.direction] === DIRECTIONS.outbound ? 'outbound|8080||service.example' : 'inbound|8080||',
      route_name: 'default',
    },
    request: requestProperties(stream, now),
    response: responseProperties(stream),
    source: { address: '10.0.0.1:40000', port: 40_000n },
    destination: { address: '10.0.0.2:8080', port: 8080n },
    // Nobody knows before the request is routed.
    ...(!stream.request.open && { upstream: { address: '10.0.0.2:8080', port: 8080n } }),
    connection: { id: 1n, mtls: false, requested_server_name: '' },
    connection_id: 1n,
  };
}

function requestProperties({ request, logging, over }: Stream, now: bigint): Branch {
  const readable = request.open || logging;
  const { headers, trailers } = request;
  return {
    headers: readable ? (headers?.headers ?? []) : [],
    trailers: trailers?.headers ?? [],
    protocol: 'HTTP/1.1',
    time: now,
    size: BigInt(sizeOf(request)),
    total_size: BigInt(sizeOf(request) + (headers?.byteSize ?? 0)),
    ...(readable && headers !== undefined ? ofRequestHeaders(headers) : {}),
    ...(over && { duration: 1_000_000n }),
  };
}

/** The bytes of a body: as its header says, else as many as have come. */
function sizeOf({ headers, received }: Side): number {
  const said = headers?.get('content-length');
  return said !== undefined && /^\d{1,15}$/.test(said) ? Number(said) : received;
}

/** What comes from the headers, and is gone when those are. */
function ofRequestHeaders(requestHeaders: HeaderMap): Branch {
  const header = (name: string): string => requestHeaders.get(name) ?? '';
  const path = header(':path');
  const query = path.indexOf('?');
  return {
    path,
    url_path: query === -1 ? path : path.slice(0, query),
    query: query === -1 ? '' : path.slice(query + 1),
    host: header(':authority'),
    scheme: header(':scheme'),
    method: header(':method'),
    id: header('x-request-id'),
    useragent: header('user-agent'),
    referer: header('referer'),
  };
}

function responseProperties({ response, logging }: Stream): Branch {
  const { headers, open } = response;
  const code = /^\d{3}$/.exec(headers?.get(':status') ?? '')?.[0] ?? 0;
  const size = BigInt(headers === undefined ? 0 : sizeOf(response));
  return {
    flags: 0n,
    headers: headers !== undefined && (open || logging) ? headers.headers : [],
    trailers: [],
    size,
    total_size: size,
    ...(headers !== undefined && { code: BigInt(code), code_details: 'via_upstream' }),
  };
}
