import { greatest } from '../../base/lists.ts';
import type { MetricSample } from './prometheus.ts';

/** How long requests took: how many took no longer than each bound, in milliseconds; the last bound is infinite. */
export type Latencies = ReadonlyMap<number, number>;

/** What a proxy has counted of the requests that went through it. */
export interface Traffic {
  /** Whose counters these are: those of Istio's own proxy, or Envoy's. */
  readonly source: 'istio' | 'envoy';
  readonly requests: number;
  /** Answered with a status of 500 or more, or with one of gRPC that stands for that. */
  readonly errors: number;
  /** Ended without an answer. */
  readonly resets: number;
  /** Omitted where it keeps no histogram. */
  readonly latencies?: Latencies;
}

/** Which way the requests go that are looked at; `any`: both. */
export type Way = 'inbound' | 'outbound' | 'any';

/** The metrics that tell of requests. The first are Istio's (https://istio.io/latest/docs/reference/config/metrics/). */
const REQUESTS = 'istio_requests_total';
const DURATIONS = 'istio_request_duration_milliseconds_bucket';
/** Envoy's own, which Istio's default for `proxyStatsMatcher` leaves out (envoy: source/common/http/conn_manager_config.h). */
const ENVOY_CLASSES = 'envoy_http_downstream_rq';
const ENVOY_CLASSES_BEFORE = 'envoy_http_downstream_rq_xx';
const ENVOY_RESETS = ['envoy_http_downstream_rq_rx_reset', 'envoy_http_downstream_rq_tx_reset'];
const ENVOY_DURATIONS = 'envoy_http_downstream_rq_time_bucket';

export const TRAFFIC_METRICS: ReadonlySet<string> = new Set([
  REQUESTS,
  DURATIONS,
  ENVOY_CLASSES,
  ENVOY_CLASSES_BEFORE,
  ENVOY_DURATIONS,
  ...ENVOY_RESETS,
]);

/**
 * The statuses of gRPC that stand for 5xx: unknown, deadline exceeded, unimplemented, internal, unavailable, and data loss (envoy:
 * source/common/grpc/status.cc). With any of them the status of HTTP is 200, also of what Envoy itself answers for a filter.
 */
const GRPC_FAULTS: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);

/** Istio's proxy of a server says `destination`, that of a client or a gateway `source`. */
const REPORTERS: Readonly<Record<Way, string | undefined>> = {
  inbound: 'destination',
  outbound: 'source',
  any: undefined,
};

/**
 * Returns what samples tell of the requests of one way: by Istio's counters, or else by Envoy's; `undefined` where a proxy keeps
 * neither. One that has served nothing yet has none of Istio's either, and looks the same.
 */
export function trafficIn(samples: readonly MetricSample[], way: Way): Traffic | undefined {
  return istioTraffic(samples, way) ?? envoyTraffic(samples, way);
}

function istioTraffic(samples: readonly MetricSample[], way: Way): Traffic | undefined {
  const reporter = REPORTERS[way];
  const ours = samples.filter(
    ({ name, labels }) =>
      (name === REQUESTS || name === DURATIONS) && (reporter === undefined || labels.reporter === reporter),
  );
  const counts = ours.filter(({ name }) => name === REQUESTS);
  if (counts.length === 0) return undefined;
  const countOfThose = (is: (code: string, grpc: string) => boolean): number =>
    sum(counts.filter(({ labels }) => is(labels.response_code ?? '', labels.grpc_response_status ?? '')));
  return {
    source: 'istio',
    requests: sum(counts),
    errors: countOfThose((code, grpc) => /^5\d\d$/.test(code) || (code !== '0' && GRPC_FAULTS.has(grpc))),
    // Envoy has no status for a stream that was reset before there was one.
    resets: countOfThose((code) => code === '0'),
    ...latenciesIn(ours.filter(({ name }) => name === DURATIONS)),
  };
}

function envoyTraffic(samples: readonly MetricSample[], way: Way): Traffic | undefined {
  const ours = samples.filter(
    ({ name, labels }) => name.startsWith('envoy_http_') && isOfWay(labels.http_conn_manager_prefix ?? '', way),
  );
  const classes = ours.filter(({ name }) => name === ENVOY_CLASSES || name === ENVOY_CLASSES_BEFORE);
  if (classes.length === 0) return undefined;
  return {
    source: 'envoy',
    requests: sum(classes),
    errors: sum(classes.filter(({ labels }) => labels.response_code_class?.startsWith('5'))),
    resets: sum(ours.filter(({ name }) => ENVOY_RESETS.includes(name))),
    ...latenciesIn(ours.filter(({ name }) => name === ENVOY_DURATIONS)),
  };
}

/** Istio calls the connection managers of a sidecar `inbound_0.0.0.0_9080`; those of a gateway are outbound. */
function isOfWay(prefix: string, way: Way): boolean {
  if (way === 'any') return prefix.startsWith('inbound_') || prefix.startsWith('outbound_');
  return prefix.startsWith(`${way}_`);
}

function latenciesIn(buckets: readonly MetricSample[]): { latencies?: Latencies } {
  if (buckets.length === 0) return {};
  const counts = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    if (!Number.isNaN(bound)) counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return { latencies: new Map([...counts].sort(([one], [other]) => one - other)) };
}

function sum(samples: readonly MetricSample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

/**
 * Returns the traffic of several proxies together; that of one where the other is `undefined`. Of a proxy without a histogram its
 * requests count, and no times.
 */
export function addTraffic(one: Traffic | undefined, other: Traffic | undefined): Traffic | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return combine(one, other, sumOf, addLatencies(one.latencies, other.latencies));
}

/** Returns the traffic since an earlier time; all of it where the proxy has begun to count anew since. */
export function trafficSince(now: Traffic, earlier: Traffic | undefined): Traffic {
  if (earlier === undefined || hasBegunAnew(now, earlier)) return now;
  return combine(now, earlier, difference, latenciesSince(now.latencies, earlier.latencies));
}

/** Counters only rise, so one that has fallen is that of a proxy that was started anew. */
function hasBegunAnew(now: Traffic, earlier: Traffic): boolean {
  if (now.source !== earlier.source) return true;
  if (now.requests < earlier.requests || now.errors < earlier.errors || now.resets < earlier.resets) return true;
  return [...(now.latencies ?? [])].some(([bound, count]) => count < (earlier.latencies?.get(bound) ?? 0));
}

type Operation = (left: number, right: number) => number;
const sumOf: Operation = (left, right) => left + right;
const difference: Operation = (left, right) => left - right;

function combine(one: Traffic, other: Traffic, operation: Operation, latencies: Latencies | undefined): Traffic {
  return {
    source: one.source,
    requests: operation(one.requests, other.requests),
    errors: operation(one.errors, other.errors),
    resets: operation(one.resets, other.resets),
    ...(latencies !== undefined && { latencies }),
  };
}

function addLatencies(one: Latencies | undefined, other: Latencies | undefined): Latencies | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  // Below a bound that only one of them has, nobody knows what the other one has.
  return new Map(
    [...one].flatMap(([bound, count]) => {
      const more = other.get(bound);
      return more === undefined ? [] : [[bound, count + more]];
    }),
  );
}

function latenciesSince(now: Latencies | undefined, earlier: Latencies | undefined): Latencies | undefined {
  return now && new Map([...now].map(([bound, count]) => [bound, count - (earlier?.get(bound) ?? 0)]));
}

/** Returns how many requests a histogram has. */
export function countOf(latencies: Latencies): number {
  return latencies.get(Number.POSITIVE_INFINITY) ?? greatest([...latencies.values()], 0);
}

/** Returns how many requests took longer than a bound of the histogram, in milliseconds. */
export function slowerThan(latencies: Latencies, bound: number): number {
  return countOf(latencies) - (latencies.get(bound) ?? 0);
}

/**
 * Returns a quantile of a histogram in milliseconds, taken as even within its bucket, as Prometheus' `histogram_quantile` does; the last
 * finite bound where it lies beyond that. `undefined` of an empty one.
 */
export function quantileOf(latencies: Latencies, quantile: number): number | undefined {
  const all = countOf(latencies);
  if (all === 0) return undefined;
  const rank = quantile * all;
  let [below, before] = [0, 0];
  for (const [bound, count] of latencies) {
    if (count >= rank && count > before) {
      if (bound === Number.POSITIVE_INFINITY) return below;
      return below + ((bound - below) * (rank - before)) / (count - before);
    }
    if (bound !== Number.POSITIVE_INFINITY) below = bound;
    before = count;
  }
  return below;
}
