import type { Direction } from '../settings.ts';
import { serializeHeaders } from './pairs.ts';
import { REQUEST_BODY, RESPONSE_BODY, type Stream } from './stream.ts';
import type { Header, TrialRequest } from './verdict.ts';

/** A bigint stands for an integer of 64 bits. */
type Value = string | bigint | boolean | readonly Header[] | Branch;
interface Branch {
  readonly [name: string]: Value;
}

/** `absent`: Envoy would not have it either. `unknown`: only a real proxy could say. */
export type PropertyAnswer = Uint8Array | 'absent' | 'unknown';

/** `envoy.config.core.v3.TrafficDirection`. */
const DIRECTIONS: Readonly<Record<Direction, bigint>> = { any: 0n, inbound: 1n, outbound: 2n, gateway: 2n };

/**
 * A property as Envoy serialises it: text as it is, integers as 8 bytes little-endian, booleans as one byte, header maps as
 * pairs. `path` is what the filter asks for, its parts divided by NUL
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes).
 */
export function property(path: string, request: TrialRequest, stream: Stream | undefined): PropertyAnswer {
  const parts = path.replace(/\0$/, '').split('\0');
  const all = allProperties(request, stream);
  let value: Value = all;
  for (const part of parts) {
    if (Array.isArray(value)) {
      const found: string | undefined = (value as readonly Header[]).find(([name]) => name === part.toLowerCase())?.[1];
      if (found === undefined) return 'absent';
      value = found;
    } else if (typeof value === 'object') {
      const next: Value | undefined = Object.hasOwn(value, part) ? (value as Branch)[part] : undefined;
      if (next === undefined) return value === all && OF_A_STREAM.includes(part) ? 'absent' : 'unknown';
      value = next;
    } else return 'absent';
  }
  return serialize(value);
}

/** What is there only during a request, or an answer. */
const OF_A_STREAM = ['request', 'response', 'connection', 'connection_id', 'upstream', 'source', 'destination'];

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

function allProperties(request: TrialRequest, stream: Stream | undefined): Branch {
  const node = {
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
  const direction = { listener_direction: DIRECTIONS[request.direction] };
  const plugin = { plugin_name: request.name, plugin_root_id: request.rootId, plugin_vm_id: request.vmId };
  const always = { ...plugin, ...direction, node };
  if (stream === undefined) return { ...always, xds: { ...direction, node } };
  const cluster =
    DIRECTIONS[request.direction] === DIRECTIONS.outbound ? 'outbound|8080||service.example' : 'inbound|8080||';
  const route = { cluster_name: cluster, route_name: 'default' };
  return {
    ...always,
    ...route,
    xds: { ...direction, ...route, node },
    request: requestProperties(stream),
    ...(stream.responseHeaders === undefined ? {} : { response: responseProperties(stream.responseHeaders.headers) }),
    source: { address: '10.0.0.1:40000', port: 40_000n },
    destination: { address: '10.0.0.2:8080', port: 8080n },
    upstream: { address: '10.0.0.2:8080', port: 8080n },
    connection: { id: 1n, mtls: false, requested_server_name: '' },
    connection_id: 1n,
  };
}

function requestProperties({ requestHeaders, requestTrailers }: Stream): Branch {
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
    headers: requestHeaders.headers,
    trailers: requestTrailers?.headers ?? [],
    id: header('x-request-id'),
    useragent: header('user-agent'),
    referer: header('referer'),
    protocol: 'HTTP/1.1',
    time: BigInt(Date.now()) * 1_000_000n,
    duration: 1_000_000n,
    size: BigInt(REQUEST_BODY.length),
    total_size: BigInt(REQUEST_BODY.length + requestHeaders.byteSize),
  };
}

function responseProperties(headers: readonly Header[]): Branch {
  return {
    code: BigInt(headers.find(([name]) => name === ':status')?.[1].match(/^\d{3}$/)?.[0] ?? 0),
    code_details: 'via_upstream',
    flags: 0n,
    headers,
    trailers: [],
    size: BigInt(RESPONSE_BODY.length),
    total_size: BigInt(RESPONSE_BODY.length),
  };
}
