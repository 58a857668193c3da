import { badRequest, notFound, StatusError } from '../embedded/status-error.ts';
import { type ApiObject, dig, digList } from '../kubelet/client.ts';
import { hasProxy } from '../kubelet/container-status.ts';
import { type Api, ApiCallError } from './api.ts';
import type { ExecOutcome } from './exec-channel.ts';
import type { ExecRequest, ProxyRequest } from './pod-request.ts';
import { askAdmin, prometheusStats } from './sidecar/admin.ts';
import { watchCluster } from './sidecar/cluster-view.ts';
import { CATCH_ALL_HTTP, type FilterChain, VIRTUAL_INBOUND } from './sidecar/listeners.ts';
import { type MountedFiles, readMountedFiles } from './sidecar/mounted-files.ts';
import { isGatewayPod, type ProxyState, portsOf, replay } from './sidecar/proxy.ts';
import { pluginsOf, type WasmFilter, wasmFiltersOf } from './sidecar/wasm.ts';

/** The status of the app's answers; 200 when absent. */
export const PROBE_STATUS = 'sim/probe-status';

/** An answer that comes from a pod. */
export interface PodAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The sidecars of a cluster whose nodes are simulated: what Envoy would have, by the EnvoyFilters that select a pod and the files that
 * it mounts, and what the pod would answer. Annotations named `sim/` choose how a pod behaves.
 */
export interface Sidecars {
  /** Runs `pilot-agent request` in the proxy. @throws StatusError before the stream is opened */
  exec(request: ExecRequest): Promise<ExecOutcome>;
  /** Sends a request to a port of the pod. @throws StatusError when nobody answers there */
  fetch(request: ProxyRequest): Promise<PodAnswer>;
  /** What a pod's proxy and its agent have logged about WasmPlugins. @param since the clock's time in milliseconds */
  pluginLog(namespace: string, pod: string, since?: number): Promise<string>;
  stop(): Promise<void>;
}

/** @param api the admin's, which the state of the cluster is read through */
export async function startSidecars(api: Api): Promise<Sidecars> {
  // A proxy reads its files when it starts; what happens to them later does not matter.
  const files = new Map<string, Promise<MountedFiles>>();
  const view = await watchCluster(api, (uid) => files.delete(uid));

  const readPod = async (namespace: string, name: string): Promise<ApiObject> => {
    const pod = await readOrAbsent(api, `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}`);
    if (pod === undefined) throw notFound({ group: '', plural: 'pods' }, name);
    return pod;
  };
  const filesOf = (pod: ApiObject): Promise<MountedFiles> => {
    const { uid = '', namespace = '' } = pod.metadata;
    const known = files.get(uid);
    if (known !== undefined) return known;
    const read = readMountedFiles(pod, (name) =>
      readOrAbsent(api, `/api/v1/namespaces/${namespace}/configmaps/${name}`),
    );
    files.set(uid, read);
    return read;
  };
  /** Undefined while the proxy does not run. */
  const stateOf = async (pod: ApiObject): Promise<ProxyState | undefined> => {
    const start = view.startOf(pod);
    if (start === undefined) return undefined;
    const changes = await view.filterChanges(pod.metadata.namespace ?? '');
    return replay(pod, start, changes, await filesOf(pod), Date.now());
  };

  return {
    exec: async ({ namespace, pod: name, container, command }) => {
      const pod = await readPod(namespace, name);
      const names = ['initContainers', 'containers'].flatMap((list) =>
        digList(pod, 'spec', list).map((item) => String(dig(item, 'name'))),
      );
      if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
      if (!dig(pod, 'spec', 'nodeName')) throw badRequest(`pod ${name} does not have a host assigned`);
      const state = await stateOf(pod);
      return state === undefined
        ? failed(`unable to upgrade connection: container not found ("${container}")`)
        : run(state, command);
    },
    fetch: async ({ namespace, pod: name, port = 80, path }) => {
      const pod = await readPod(namespace, name);
      const address = dig(pod, 'status', 'podIP');
      if (typeof address !== 'string') throw badRequest('address not allowed');
      const refused = unreachable(`dial tcp ${address}:${port}: connect: connection refused`);
      if (!hasProxy(pod)) {
        if (!portsOf(pod).http.includes(port)) throw refused;
        return appAnswer(pod, []);
      }
      const state = await stateOf(pod);
      if (state === undefined) throw refused;
      if (port !== 15090) return answerThroughProxy(pod, state, port, refused);
      const found = path.replace(/\?.*/, '') === '/stats/prometheus';
      return found ? text(200, prometheusStats(state)) : text(404, '');
    },
    pluginLog: async (namespace, name, since = 0) => {
      const { log = [] } = (await stateOf(await readPod(namespace, name))) ?? {};
      return log
        .filter(({ at }) => at >= since)
        .map(({ at, text: line }) => `${new Date(at).toISOString()}\t${line}\n`)
        .join('');
    },
    stop: () => view.stop(),
  };
}

async function readOrAbsent(api: Api, path: string): Promise<ApiObject | undefined> {
  try {
    return (await api.get(path)) as ApiObject;
  } catch (error) {
    if (error instanceof ApiCallError && error.status === 404) return undefined;
    throw error;
  }
}

/** `pilot-agent request METHOD PATH` (istio: pilot/cmd/pilot-agent/app/request.go). */
function run(state: ProxyState, command: readonly string[]): ExecOutcome {
  const [program = '', action, method, path] = command;
  if (program !== 'pilot-agent') {
    return failed(`error executing command in container: exec: "${program}": executable file not found in $PATH`);
  }
  if (action !== 'request' || method === undefined || path === undefined) return exited('Error: wrong usage\n');
  const { status, body } = askAdmin(state, path);
  if (status >= 400) return exited(`Error: received unsuccessful status code ${status}: ${body}\n`);
  return { stdout: body, stderr: '', status: { metadata: {}, status: 'Success' } };
}

function exited(stderr: string): ExecOutcome {
  const status = {
    metadata: {},
    status: 'Failure',
    message: 'command terminated with non-zero exit code: command terminated with exit code 255',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '255' }] },
  };
  return { stdout: '', stderr, status };
}

function failed(why: string): ExecOutcome {
  const status = {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${why}`,
    reason: 'InternalError',
    details: { causes: [{ message: why }] },
    code: 500,
  };
  return { stdout: '', stderr: '', status };
}

function unreachable(why: string): StatusError {
  const message = `error trying to reach service: ${why}`;
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message });
}

function answerThroughProxy(pod: ApiObject, state: ProxyState, port: number, refused: StatusError): PodAnswer {
  if (isGatewayPod(pod)) {
    const own = state.listeners.find(({ name }) => name === `0.0.0.0_${port}`)?.active?.filter_chains[0];
    if (own === undefined) throw refused;
    return answerThroughChain(pod, own, state);
  }
  const inbound = state.listeners.find(({ name }) => name === VIRTUAL_INBOUND)?.active;
  if (inbound === undefined) throw refused;
  const { http, tcp } = portsOf(pod);
  if (tcp.includes(port)) throw unreachable('EOF');
  const taking = inbound.filter_chains.filter(({ filter_chain_match: match }) => match?.transport_protocol !== 'tls');
  const own = inbound.filter_chains.some((chain) => chain.filter_chain_match?.destination_port === port);
  const chain = taking.find(({ name, filter_chain_match: match }) =>
    own ? match?.destination_port === port : name === CATCH_ALL_HTTP,
  );
  if (!http.includes(port)) {
    return text(
      503,
      'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure',
    );
  }
  // Strict mutual TLS.
  if (chain === undefined) throw unreachable('read: connection reset by peer');
  return answerThroughChain(pod, chain, state);
}

function answerThroughChain(pod: ApiObject, chain: FilterChain, { extensions }: ProxyState): PodAnswer {
  const plugins = pluginsOf(chain, extensions);
  if (plugins.includes('deny')) return text(403, 'RBAC: access denied');
  if (plugins.includes('missing')) return text(500, '');
  const running = plugins.filter((plugin) => typeof plugin !== 'string');
  return appAnswer(pod, [...running, ...wasmFiltersOf(chain)]);
}

/** Each filter adds `x-filter-NAME`, with the revision that its file is named after, and the header that its configuration is. */
function appAnswer(pod: ApiObject, filters: readonly WasmFilter[]): PodAnswer {
  const headers: Record<string, string> = {};
  // Answers pass the filters the other way round: what the first one sets stays.
  for (const { name, file = '', configuration } of filters.toReversed()) {
    const stem = file.replace(/^.*\//, '').replace(/\.wasm$/, '');
    headers[`x-filter-${name}`] = stem.startsWith(`${name}-`) ? stem.slice(name.length + 1) : stem;
    const [, header, value] = /^([\w-]+):[ \t]*([\x20-\x7e]*?)\s*$/.exec(configuration) ?? [];
    if (header !== undefined && value !== undefined) headers[header.toLowerCase()] = value;
  }
  const status = Number(pod.metadata.annotations?.[PROBE_STATUS] ?? 200);
  const { body, headers: usual } = text(status, `${pod.metadata.name}\n`);
  return { status, headers: { ...usual, ...headers }, body };
}

function text(status: number, body: string): PodAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', server: 'istio-envoy' }, body };
}
