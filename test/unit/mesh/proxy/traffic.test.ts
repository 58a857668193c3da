import { describe, expect, test } from '@jest/globals';
import { parseMetrics } from '../../../../src/mesh/proxy/prometheus.ts';
import { addTraffic, quantileOf, slowerThan, trafficSince } from '../../../../src/mesh/proxy/traffic.ts';
import { metricName, parseProxyCounters } from '../../../../src/mesh/proxy/wasm-counters.ts';

/** As Istio's own proxy serves it, shortened. */
const ISTIO = `# TYPE istio_requests_total counter
istio_requests_total{reporter="destination",source_workload="a \\"b\\" {c}",response_code="200",response_flags="-"} 90
istio_requests_total{reporter="destination",source_workload="web",response_code="503",response_flags="UF"} 7
istio_requests_total{reporter="destination",source_workload="web",response_code="0",response_flags="DC"} 3
istio_requests_total{reporter="source",source_workload="reviews",response_code="500",response_flags="-"} 40
# TYPE istio_request_duration_milliseconds histogram
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="200",le="5"} 50
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="200",le="10"} 80
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="200",le="+Inf"} 90
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="503",le="5"} 0
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="503",le="10"} 7
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="503",le="+Inf"} 10
`;

/** As Envoy 1.40 served it in a mesh with \`statsInclusionRegexps\`, shortened. */
const ENVOY = `envoy_http_downstream_rq{response_code_class="2xx",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 30
envoy_http_downstream_rq{response_code_class="5xx",http_conn_manager_prefix="inbound_0.0.0.0_9080"} 3
envoy_http_downstream_rq{response_code_class="5xx",http_conn_manager_prefix="outbound_0.0.0.0_9080"} 9
envoy_http_downstream_rq_rx_reset{http_conn_manager_prefix="inbound_0.0.0.0_9080"} 2
envoy_wasm_envoy_wasm_runtime_v8_created{} 7
envoy_wasm_envoy_wasm_runtime_v8_active{} 6
envoy_wasm_probe_filter_vm_reload{} 0
envoy_wasm_probe_filter_vm_reload_backoff{} 86
envoy_wasm_probe_filter_vm_reload_failure{} 1
envoy_wasm_probe_filter_vm_reload_success{} 2
envoy_cluster_upstream_rq{cluster_name="xds-grpc",response_code="200"} 1
`;

describe('the counters of a proxy', () => {
  test("are Istio's, of the requests of one way", () => {
    const { traffic } = parseProxyCounters(ISTIO, 'inbound');
    expect(traffic).toMatchObject({ source: 'istio', requests: 100, errors: 7, resets: 3 });
    expect([...(traffic?.latencies ?? [])]).toEqual([
      [5, 50],
      [10, 87],
      [Number.POSITIVE_INFINITY, 100],
    ]);
    expect(parseProxyCounters(ISTIO, 'outbound').traffic).toMatchObject({ requests: 40, errors: 40 });
    expect(parseProxyCounters(ISTIO, 'any').traffic).toMatchObject({ requests: 140 });
  });

  test('count the failures of gRPC, whose status of HTTP is 200, each once', () => {
    const grpc = (code: string, status: string, count: number): string =>
      `istio_requests_total{reporter="destination",request_protocol="grpc",response_code="${code}",grpc_response_status="${status}"} ${count}\n`;
    const text = [
      grpc('200', '0', 50),
      grpc('200', '5', 20),
      grpc('200', '14', 6),
      grpc('503', '14', 3),
      grpc('0', '14', 1),
    ];
    const { traffic } = parseProxyCounters(text.join(''), 'inbound');
    expect(traffic).toMatchObject({ requests: 80, errors: 9, resets: 1 });
  });

  test("are Envoy's own where Istio's are missing, with those of each filter's VM", () => {
    const { traffic, plugins, vms } = parseProxyCounters(ENVOY, 'inbound');
    expect(traffic).toEqual({ source: 'envoy', requests: 33, errors: 3, resets: 2 });
    expect([...plugins]).toEqual([[metricName('probe-filter'), { success: 2, failure: 1, backoff: 86 }]]);
    expect(vms).toEqual({ created: 7, active: 6 });
  });

  test('are none where the proxy keeps none, or the text is something else', () => {
    expect(parseProxyCounters('envoy_server_live{} 1\n', 'inbound').traffic).toBeUndefined();
    expect(parseProxyCounters('<html>no</html>', 'inbound')).toEqual({
      plugins: new Map(),
      vms: { created: 0, active: 0 },
    });
  });

  test('lines that are not as the format has them are left out', () => {
    const lines = 'a{x="1"} 1\na{x="1} 2\na{x=1} 3\na 4 1700000000\na NaN\na{} x\nb 5\n';
    expect(parseMetrics(lines, (name) => name === 'a').map(({ value }) => value)).toEqual([1, 4]);
  });
});

describe('traffic', () => {
  const of = (requests: number, errors = 0) => ({ source: 'istio' as const, requests, errors, resets: 0 });

  test('since an earlier time is the difference, and all of it after a restart', () => {
    expect(trafficSince(of(10, 2), of(4, 1))).toMatchObject({ requests: 6, errors: 1 });
    expect(trafficSince(of(3, 1), of(4, 1))).toMatchObject({ requests: 3, errors: 1 });
    expect(addTraffic(of(1), undefined)).toEqual(of(1));
    expect(addTraffic(of(1, 1), of(2, 1))).toMatchObject({ requests: 3, errors: 2 });
  });

  test("a quantile lies within its bucket, as Prometheus' does", () => {
    const latencies = new Map([
      [10, 50],
      [20, 100],
      [Number.POSITIVE_INFINITY, 100],
    ]);
    expect(quantileOf(latencies, 0.5)).toBe(10);
    expect(quantileOf(latencies, 0.75)).toBe(15);
    expect(slowerThan(latencies, 10)).toBe(50);
    expect(quantileOf(new Map([[Number.POSITIVE_INFINITY, 0]]), 0.5)).toBeUndefined();
    const beyond = new Map([
      [10, 1],
      [Number.POSITIVE_INFINITY, 100],
    ]);
    expect(quantileOf(beyond, 0.99)).toBe(10);
  });
});
