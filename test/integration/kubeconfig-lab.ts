/** What kubeconfigs are tried with: a cluster's own credentials, proxies of every kind, and a server whose authority is a chain. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { load } from 'js-yaml';
import { type CertificateChain, makeCertificateChain, makeCertificates } from '../embedded/certs.ts';
import { startEmbeddedCluster } from '../embedded/index.ts';
import { type Api, connectApi } from '../harness/api.ts';
import { KUBECONFIG_VARIABLE } from '../harness/cluster.ts';

export interface Materials {
  readonly server: string;
  readonly port: number;
  readonly token: string;
  readonly authority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
  /** A certificate with its key that the cluster knows nothing of, and the authority behind it. */
  readonly otherCertificate: string;
  readonly otherKey: string;
  readonly otherAuthority: string;
  readonly encryptedKey: string;
  readonly chain: CertificateChain;
  /** Passes requests on to the API server; its certificate is the chain's. */
  readonly chainServer: string;
  /** Passes requests on without TLS, in the name of the token, as `kubectl proxy` does in its user's. */
  readonly plainServer: string;
  /** Proxies that connect to the API server, whatever host they are asked for. */
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly socksProxy: string;
  readonly refusingProxy: string;
}

export interface KubeconfigLab {
  readonly materials: Materials;
  /** Whether it is a real API server, which knows client certificates and who asks. */
  readonly isReal: boolean;
  stop(): Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** Starts it on the cluster of TEST_KUBECONFIG, else on an embedded one. */
export async function startKubeconfigLab(): Promise<KubeconfigLab> {
  const file = process.env[KUBECONFIG_VARIABLE];
  const embedded = file ? undefined : await startEmbeddedCluster({});
  const text = embedded?.kubeconfig ?? (await readFile(file ?? '', 'utf8'));
  const api = await connectApi(text);
  const { clusters, users } = load(text) as Kubeconfig;
  const decode = (encoded = ''): string => Buffer.from(encoded, 'base64').toString('utf8');
  const other = makeCertificates();
  const chain = makeCertificateChain();
  const target = { host: new URL(api.server).hostname, port: Number(new URL(api.server).port) };
  const token = users[0].user.token ?? (await serviceAccountToken(api));
  const servers = await Promise.all([
    listen(tunnelling(createHttpServer(), target)),
    listen(tunnelling(createHttpsServer({ cert: other.certPem, key: other.keyPem }), target)),
    listen(createServer((socket) => serveSocks(socket, target))),
    listen(refusing(createHttpServer())),
    listen(
      createHttpsServer(
        { cert: chain.served, key: chain.key },
        (request, response) => void passOn(api, request, response),
      ),
    ),
    listen(createHttpServer((request, response) => void passOn(api, request, response, `Bearer ${token}`))),
  ]);
  const [http, https, socks, refused, chained, plain] = servers.map(({ port }) => `127.0.0.1:${port}`);
  return {
    isReal: embedded === undefined,
    materials: {
      server: api.server,
      port: target.port,
      token,
      authority: decode(clusters[0].cluster['certificate-authority-data']),
      clientCertificate: decode(users[0].user['client-certificate-data']),
      clientKey: decode(users[0].user['client-key-data']),
      otherCertificate: other.certPem,
      otherKey: other.keyPem,
      otherAuthority: other.caPem,
      encryptedKey: encryptedKey(),
      chain,
      chainServer: `https://${chained}`,
      plainServer: `http://${plain}`,
      httpProxy: `http://${http}`,
      httpsProxy: `https://${https}`,
      socksProxy: `socks5://${socks}`,
      refusingProxy: `http://${refused}`,
    },
    stop: async () => {
      for (const { stop } of servers) stop();
      await api.close();
      await embedded?.stop();
    },
  };
}

async function serviceAccountToken(api: Api): Promise<string> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
  const spec = { expirationSeconds: 3600 };
  const answer = (await api.create(path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
  } as never)) as {
    readonly status?: { readonly token?: string };
  };
  return answer.status?.token ?? '';
}

function encryptedKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function tunnelling<S extends Server>(server: S, target: Target): S {
  server.on('connect', (_request: IncomingMessage, client: Duplex) => {
    const upstream = connect(target.port, target.host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      join(client, upstream);
    });
  });
  return server;
}

function refusing<S extends Server>(server: S): S {
  server.on('connect', (_request: IncomingMessage, client: Duplex) => {
    client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
  });
  return server;
}

/** A SOCKS5 proxy without a login (RFC 1928): greeting, request, then bytes both ways. */
export function serveSocks(client: Socket, target: Target): void {
  client.on('error', () => undefined);
  client.once('data', () => {
    client.write(Uint8Array.of(5, 0));
    client.once('data', () => {
      const upstream = connect(target.port, target.host, () => {
        client.write(Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0));
        join(client, upstream);
      });
    });
  });
}

function join(one: Duplex, other: Duplex): void {
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.pipe(other).pipe(one);
}

/** @param instead credentials in place of those that the request should have; with them it must have none */
async function passOn(api: Api, request: IncomingMessage, response: ServerResponse, instead?: string): Promise<void> {
  const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
  const { authorization: given = '', 'content-type': contentType = 'application/json' } = request.headers;
  const authorization = instead !== undefined && given === '' ? instead : given;
  const answer = await api.anonymous.request({
    origin: api.server,
    path: request.url ?? '/',
    method: (request.method ?? 'GET') as 'GET',
    headers: { authorization, accept: 'application/json', 'content-type': contentType },
    body: chunks.length > 0 ? Buffer.concat(chunks) : null,
  });
  response.writeHead(answer.statusCode, { 'content-type': 'application/json' });
  response.end(await answer.body.text());
}

interface Listening {
  readonly port: number;
  stop(): void;
}

async function listen(server: import('node:net').Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
