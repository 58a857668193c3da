import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { makeCertificates } from '../embedded/certs.ts';
import { kubeconfigText } from '../embedded/kubeconfig.ts';
import type { Api } from './api.ts';

/** A request as the API server got it. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
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
    readonly body?: string;
  };
  /** Runs before the request is passed on: what somebody else does at that very moment. */
  readonly meanwhile?: () => Promise<void>;
}

/** Looks at each request; undefined lets it pass. */
export type FaultRule = (request: { readonly method: string; readonly path: string }) => Fault | undefined;

/**
 * A proxy in front of any API server that keeps what passes and makes faults on demand, so that both work alike on the
 * embedded and on a real one.
 */
export interface Recorder {
  readonly requests: readonly RecordedRequest[];
  /** The requests that change objects: no reads, and no questions about rights. */
  readonly writes: readonly RecordedRequest[];
  /** The kubeconfig of the cluster's admin, or of a user who may do what RBAC objects allow. */
  kubeconfig(user?: string): string;
  /** Forgets what was recorded and every fault. */
  reset(): void;
  inject(rule: FaultRule): void;
  stop(): Promise<void>;
}

const ADMIN_TOKEN = 'recorder-admin';
const USER_TOKEN = 'recorder-user-';

export async function startRecorder(api: Api): Promise<Recorder> {
  const certificates = makeCertificates();
  const requests: RecordedRequest[] = [];
  let rules: FaultRule[] = [];
  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (incoming, outgoing) => {
    void handle(incoming, outgoing).catch(() => outgoing.destroy());
  });

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = incoming;
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
    const fault = rules.map((rule) => rule({ method, path })).find((found) => found !== undefined);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    await fault?.meanwhile?.();
    if (fault?.disconnect === 'before') {
      requests.push({ method, path, status: 0 });
      incoming.socket.destroy();
      return;
    }
    if (fault?.answer !== undefined) {
      requests.push({ method, path, status: fault.answer.status });
      outgoing.writeHead(fault.answer.status, { 'content-type': 'application/json', ...fault.answer.headers });
      outgoing.end(fault.answer.body ?? '{}');
      return;
    }
    const { headers, ours } = passedHeaders(incoming, api);
    const response = await (ours ? api.dispatcher : api.anonymous).request({
      origin: api.server,
      path,
      method: method as 'GET',
      headers,
      body: body.length > 0 ? body : null,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    requests.push({ method, path, status: response.statusCode });
    if (fault?.disconnect === 'after') {
      await response.body.dump();
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(response.statusCode, responseHeaders(response.headers));
    outgoing.flushHeaders();
    outgoing.on('close', () => response.body.destroy());
    await pipeline(response.body, outgoing);
  };

  const port = await listen(server);
  return {
    get requests() {
      return requests;
    },
    get writes() {
      return requests.filter(({ method, path }) => method !== 'GET' && !path.includes('selfsubjectaccessreviews'));
    },
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
    },
    inject: (rule) => {
      rules.push(rule);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The admin's token becomes the credentials of the cluster's admin, a user's impersonates it; any other is passed on. */
function passedHeaders({ headers }: IncomingMessage, api: Api): { headers: Record<string, string>; ours: boolean } {
  const passed: Record<string, string> = {};
  for (const name of ['accept', 'content-type', 'user-agent', 'authorization']) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  const token = passed.authorization?.replace('Bearer ', '') ?? '';
  const user = token.startsWith(USER_TOKEN) ? token.slice(USER_TOKEN.length) : undefined;
  if (token !== ADMIN_TOKEN && user === undefined) return { headers: passed, ours: false };
  const { authorization: _, ...rest } = passed;
  return {
    headers: { ...rest, ...api.headers, ...(user === undefined ? {} : { 'Impersonate-User': user }) },
    ours: true,
  };
}

function responseHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name of ['content-type', 'warning', 'retry-after']) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
