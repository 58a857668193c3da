/** An API server that says what a test tells it to: over TLS, and preferring HTTP/2 as the real one does. */
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { dump } from 'js-yaml';
import { type WebSocket, WebSocketServer } from 'ws';
import { Client } from '../../../src/cluster/client.ts';
import type { ClusterAccess } from '../../../src/cluster/kubeconfig.ts';
import { Transport, type TransportOptions } from '../../../src/cluster/transport.ts';
import { openWebSocket } from '../../../src/cluster/websocket.ts';
import { makeCertificates, type ServerCertificates } from '../../embedded/certs.ts';
import { accessTo } from '../../harness/access.ts';

/** A request as it came. */
export interface Seen {
  /** `1.1` or `2.0`. */
  readonly version: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The body has no end. */
  readonly open?: boolean;
}

/** What happens to a request: a reply, a connection that breaks, or silence. */
export type Outcome = Reply | 'reset' | 'silence';

export interface Script {
  readonly answer?: (request: Seen, count: number) => Outcome;
  /** An agreed WebSocket's other end, or what else becomes of the request for one. */
  readonly connect?: (request: Seen, count: number) => Outcome | ((socket: WebSocket) => void);
  /** The sub-protocol that it speaks. */
  readonly protocol?: string;
}

export interface ApiServer {
  readonly url: string;
  readonly seen: readonly Seen[];
  readonly certificates: ServerCertificates;
  /** Who calls with the tokens `token-1`, then `token-2` once the first was refused, and so on. */
  access(cluster?: Readonly<Record<string, string>>): Promise<ClusterAccess>;
  client(options?: Partial<TransportOptions>, access?: ClusterAccess): Client;
  close(): Promise<void>;
}

/** A v1 `Status` that refuses, as a reply. */
export function refusal(status: number, reason: string, message: string): Reply {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Starts it on a free port of the loopback address. */
export async function startApiServer({ answer, connect, protocol = 'v5.channel.k8s.io' }: Script): Promise<ApiServer> {
  const certificates = makeCertificates();
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const transports: Transport[] = [];
  const server = createSecureServer({ key: certificates.keyPem, cert: certificates.certPem, allowHTTP1: true });
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.on('request', async (request, response) => {
    const { method, url: path, headers, httpVersion: version } = request;
    const one: Seen = { version, method, path, headers, body: await text(request) };
    seen.push(one);
    const outcome = answer?.(one, seen.length) ?? { status: 404 };
    if (outcome === 'silence') return;
    if (outcome === 'reset') {
      response.stream?.session?.destroy();
      return;
    }
    response.writeHead(outcome.status, outcome.headers ?? {});
    if (outcome.open === true) response.write(outcome.body ?? '');
    else response.end(outcome.body ?? '');
  });
  const upgrades = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    const { method, url: path, headers, httpVersion: version } = request;
    const one: Seen = { version, method, path, headers, body: '' };
    seen.push(one);
    const outcome = connect?.(one, seen.length) ?? { status: 404 };
    if (outcome === 'silence') return;
    if (outcome === 'reset') socket.destroy();
    else if (typeof outcome === 'function') upgrades.handleUpgrade(request, socket, head, outcome);
    else socket.end(rawReply(outcome));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const access = async (cluster: Readonly<Record<string, string>> = {}): Promise<ClusterAccess> => {
    const named = (token: string): Promise<ClusterAccess> => accessOf(url, certificates.caPem, token, cluster);
    const first = await named('token-1');
    let identities = 0;
    return { ...first, identify: async () => (await named(`token-${++identities}`)).identify() };
  };
  const usual = await access();
  return {
    url,
    seen,
    certificates,
    access,
    client: (options = {}, as = usual) => {
      const transport = new Transport(as, { userAgent: 'tester', openWebSocket, random: () => 0, ...options });
      transports.push(transport);
      return new Client(transport);
    },
    close: async () => {
      await Promise.all(transports.map((transport) => transport.close()));
      for (const socket of sockets) socket.destroy();
      server.close();
      upgrades.close();
    },
  };
}

function accessOf(server: string, ca: string, token: string, cluster: object): Promise<ClusterAccess> {
  const kubeconfig = dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64'), ...cluster },
      },
    ],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
  return accessTo(kubeconfig);
}

function rawReply({ status, headers = {}, body = '' }: Reply): string {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) });
  return `HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
