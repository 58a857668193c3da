import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';

/** What happened to a request through a filter. */
export type Answer =
  | {
      readonly state: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }
  /** The connection was closed in place of an answer. */
  | { readonly state: 'reset' }
  /** Nothing came in three seconds. */
  | { readonly state: 'held' };

/** Far more than an answer takes: two processes on one machine. */
const HELD_AFTER_MS = 3_000;

/** The request and the answer are those of the trial run (src/filter/host/stream.ts). */
const BODY = '{"trial":true}';
const ANSWER = '{"status":"ok"}';

/** The workload behind the proxies: every request gets one small JSON answer. */
export interface Upstream {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends the request through a proxy on loopback. */
export async function ask(port: number): Promise<Answer> {
  const headers = { host: 'service.example:8080', 'content-type': 'application/json', 'content-length': BODY.length };
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/trial?run=1', headers, agent: false });
  const held = setTimeout(() => {
    resolve({ state: 'held' });
    outgoing.destroy();
  }, HELD_AFTER_MS);
  outgoing.on('error', () => resolve({ state: 'reset' }));
  outgoing.on('response', (response) => {
    text(response).then(
      () => resolve({ state: 'answered', status: response.statusCode ?? 0, headers: response.headers }),
      () => resolve({ state: 'reset' }),
    );
  });
  outgoing.end(BODY);
  try {
    return await promise;
  } finally {
    clearTimeout(held);
  }
}

/** Asks a server on a socket for JSON; rejects when nobody answers. */
export async function getJson(socketPath: string, path: string): Promise<unknown> {
  return json(await get(socketPath, path));
}

/** Asks a server on a socket for text; rejects when nobody answers. */
export async function getText(socketPath: string, path: string): Promise<string> {
  return text(await get(socketPath, path));
}

async function get(socketPath: string, path: string): Promise<IncomingMessage> {
  const outgoing = request({ socketPath, path, agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}
