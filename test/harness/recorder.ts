import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeCertificates } from '../embedded/certs.ts';
import { kubeconfigText } from '../embedded/kubeconfig.ts';
import { logSince } from '../embedded/pod-log.ts';
import type { Api } from './api.ts';
import { ADMIN_TOKEN, callerOf, USER_TOKEN } from './caller.ts';
import { injectLines, injectMounts, injectSidecar, isWatch, makesPod, readsPods, watchesPods } from './injector.ts';
import { refuseUpgrade, startPodGateway } from './pod-gateway.ts';
import { parsePodRequest } from './pod-request.ts';
import { type Traffic, watchTraffic } from './traffic.ts';

/** A request as the API server got it. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
  /** What was sent to change an object. */
  readonly body?: string;
}

/** What a request meets instead of, or before, its answer. */
export interface Fault {
  /** Waits first, in milliseconds. */
  readonly delayMs?: number;
  /** `before`: the connection breaks and nothing was done. `after`: the request was done, its answer is lost. */
  readonly disconnect?: 'before' | 'after';
  /** Answers this without passing the request on. */
  readonly answer?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** Pieces are sent as they come, and may have no end. */
    readonly body?: string | AsyncIterable<string | Uint8Array>;
  };
  /** The request is taken, and nothing is ever said of it; `after`: but it is done. */
  readonly hang?: 'before' | 'after';
  /** Runs before the request is passed on: what somebody else does at that very moment. */
  readonly meanwhile?: () => Promise<void>;
}

const PROXY_LOG = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log\?(?:.*&)?container=istio-proxy(?:&|$)/;

/** The answer where nothing is served. */
const NOT_FOUND: Fault = {
  answer: { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' },
};

/** Looks at each request; undefined lets it pass. */
export type FaultRule = (request: Omit<RecordedRequest, 'status'>) => Fault | Promise<Fault> | undefined;

/**
 * A proxy in front of any API server that keeps what passes and makes faults on demand, so that both work alike on the
 * embedded and on a real one.
 */
export interface Recorder {
  readonly requests: readonly RecordedRequest[];
  /** The requests that change objects: no reads, dry runs or questions about permissions, and nothing that is sent to a pod. */
  readonly writes: readonly RecordedRequest[];
  /** The same as its sockets saw it, with times. */
  readonly traffic: Traffic;
  /** The kubeconfig of the cluster's admin, or of a user who may do what RBAC objects allow. */
  kubeconfig(user?: string): string;
  /** Forgets what was recorded and every fault. */
  reset(): void;
  inject(rule: FaultRule): void;
  stop(): Promise<void>;
}

/**
 * Sidecars that are simulated live here, too: requests to pods are answered in place of a node, see `pod-gateway.ts`.
 * @param without names of CRDs whose objects are answered for as if the API server did not know them
 */
export async function startRecorder(api: Api, without: readonly string[] = []): Promise<Recorder> {
  const certificates = makeCertificates();
  const requests: RecordedRequest[] = [];
  let rules: FaultRule[] = [];
  const pods = await startPodGateway(api);
  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (incoming, outgoing) => {
    void handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const traffic = watchTraffic(server);
  server.on('upgrade', (incoming, socket, head) => {
    socket.on('error', () => socket.destroy());
    void upgrade(incoming, socket, head).catch(() => socket.destroy());
  });

  /** The fault that a request meets; those that come before it is passed on are done. */
  const meetFault = async (request: Omit<RecordedRequest, 'status'>): Promise<Fault | undefined> => {
    const absent: FaultRule = ({ path }) => (without.some((name) => isOf(name, path)) ? NOT_FOUND : undefined);
    const fault = await [absent, ...rules].map((rule) => rule(request)).find((found) => found !== undefined);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    await fault?.meanwhile?.();
    if (fault?.disconnect === 'before') requests.push({ ...request, status: 0 });
    else if (fault?.hang === 'before') requests.push({ ...request, status: 0 });
    else if (fault?.answer !== undefined) requests.push({ ...request, status: fault.answer.status });
    return fault;
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = incoming;
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
    const isRead = method === 'GET' || method === 'HEAD' || parsePodRequest(path) !== undefined;
    const request = { method, path, ...(isRead ? {} : { body: body.toString() }) };
    const fault = await meetFault(request);
    if (fault?.disconnect === 'before') {
      incoming.socket.destroy();
      return;
    }
    if (fault?.hang === 'before') return;
    if (fault?.answer !== undefined) {
      const { status, headers, body: pieces = '{}' } = fault.answer;
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
      if (typeof pieces === 'string') outgoing.end(pieces);
      else await pipeline(pieces, outgoing);
      return;
    }
    const caller = callerOf(incoming, api);
    const podRequest = parsePodRequest(path);
    if (podRequest !== undefined) {
      const answer = await pods.answer(caller, method, podRequest);
      requests.push({ method, path, status: answer.status });
      if (fault?.hang === 'after') return;
      if (fault?.disconnect === 'after') {
        incoming.socket.destroy();
        return;
      }
      outgoing.writeHead(answer.status, answer.headers);
      outgoing.end(answer.body);
      return;
    }
    const response = await caller.dispatcher.request({
      origin: api.server,
      path,
      method: method as 'GET',
      headers: caller.headers,
      body: body.length === 0 ? null : makesPod(method, path) ? injectSidecar(body.toString()) : body,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    requests.push({ ...request, status: response.statusCode });
    if (fault?.hang === 'after') {
      await response.body.dump();
      return;
    }
    if (fault?.disconnect === 'after') {
      await response.body.dump();
      incoming.socket.destroy();
      return;
    }
    const [, namespace, pod] = PROXY_LOG.exec(path) ?? [];
    if (namespace !== undefined && pod !== undefined && ![401, 403, 404, 422].includes(response.statusCode)) {
      const text = await response.body.text();
      const since = logSince(new URL(path, api.server).searchParams);
      outgoing.writeHead(200, { 'content-type': 'text/plain' });
      outgoing.end(`${response.statusCode === 200 ? text : ''}${await pods.pluginLog(namespace, pod, since)}`);
      return;
    }
    outgoing.writeHead(response.statusCode, responseHeaders(response.headers));
    const { statusCode } = response;
    if ((statusCode === 200 && readsPods(method, path)) || (statusCode === 201 && makesPod(method, path))) {
      outgoing.end(injectMounts(await response.body.text()));
      return;
    }
    if (!isWatch(method, path)) {
      outgoing.end(await response.body.bytes());
      return;
    }
    outgoing.flushHeaders();
    outgoing.on('close', () => response.body.destroy());
    if (statusCode === 200 && watchesPods(method, path)) await pipeline(injectLines(response.body), outgoing);
    else await pipeline(response.body, outgoing);
  };

  const upgrade = async (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const { method = 'GET', url: path = '/' } = incoming;
    const fault = await meetFault({ method, path });
    if (fault?.disconnect === 'before') {
      socket.destroy();
      return;
    }
    if (fault?.hang !== undefined) return;
    if (fault?.answer !== undefined) {
      const { status, headers, body: pieces = '{}' } = fault.answer;
      const body = typeof pieces === 'string' ? pieces : '';
      refuseUpgrade(socket, { status, headers: { 'content-type': 'application/json', ...headers }, body });
      return;
    }
    const { status, finish } = await pods.open(callerOf(incoming, api), incoming, socket, head);
    requests.push({ method, path, status });
    if (fault?.disconnect === 'after') socket.destroy();
    else finish();
  };

  const port = await listen(server);
  return {
    get requests() {
      return requests;
    },
    get writes() {
      return requests.filter(isWrite);
    },
    traffic,
    kubeconfig: (user) =>
      kubeconfigText(
        `https://127.0.0.1:${port}`,
        certificates.caPem,
        user ?? 'admin',
        user === undefined ? ADMIN_TOKEN : USER_TOKEN + user,
      ),
    reset: () => {
      requests.length = 0;
      rules = [];
      traffic.reset();
    },
    inject: (rule) => {
      rules.push(rule);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await pods.stop();
    },
  };
}

/** Whether a request is about objects of a CRD, `PLURAL.GROUP`. */
function isOf(definition: string, path: string): boolean {
  const [, plural = '', group = ''] = /^([^.]+)\.(.+)$/.exec(definition) ?? [];
  const [, inGroup, ofPlural] = /^\/apis\/([^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/?]+)/.exec(path) ?? [];
  return inGroup === group && ofPlural === plural;
}

/** What is sent to pods changes no object, nor does a question about permissions or a dry run. */
export function isWrite({ method, path, body = '' }: Omit<RecordedRequest, 'status'>): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  const inQuery = new URLSearchParams(path.replace(/^[^?]*\??/, '')).get('dryRun') === 'All';
  // A deletion says it in its body.
  const dryRun = inQuery || (method === 'DELETE' && body.includes('"dryRun":["All"]'));
  return !dryRun && !/subject(?:access)?reviews/.test(path) && parsePodRequest(path) === undefined;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function responseHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name of ['content-type', 'warning', 'retry-after']) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
