import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeCertificates } from '../embedded/certs.ts';
import { type BundleRun, makeModule, runBundle } from '../harness/action.ts';
import { serveSocks } from './kubeconfig-lab.ts';

const FILTER = makeModule();
const HOST = 'filters.example';

let folder: string;
const spoken: string[] = [];
const sockets = new Set<Socket>();
const servers: Server[] = [];
/** Where they listen. */
let [filters, newer, proxy, secureProxy, socksProxy] = [0, 0, 0, 0, 0];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http1-'));
  const { caPem, certPem: cert, keyPem: key } = makeCertificates(HOST);
  await writeFile(join(folder, 'ca.pem'), caPem);
  const both = { cert, key, allowHTTP1: true };
  // Who names no protocol means HTTP/1.1.
  const speaks = (name: string) => (socket: TLSSocket) =>
    void spoken.push(`${name}: ${socket.alpnProtocol || 'http/1.1'}`);
  const source = createSecureServer(both, (_, response) => void response.end(FILTER));
  filters = await listen(source.on('secureConnection', speaks('filters')));
  newer = await listen(createSecureServer({ cert, key }));
  const tunnel = (_: unknown, near: Socket): void => {
    near.write('HTTP/1.1 200 OK\r\n\r\n');
    near.pipe(connect(filters, '127.0.0.1')).pipe(near);
  };
  proxy = await listen(createServer().on('connect', tunnel));
  socksProxy = await listen(createTcpServer((near) => serveSocks(near, { host: '127.0.0.1', port: filters })));
  secureProxy = await listen(createSecureServer(both).on('connect', tunnel).on('secureConnection', speaks('proxy')));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

// Of a server that speaks both, HTTP/2 would be its choice.
test.each([
  ['a server', () => ({}), ['filters: http/1.1']],
  ['a server behind a proxy', () => ({ HTTPS_PROXY: `http://127.0.0.1:${proxy}` }), ['filters: http/1.1']],
  ['a server behind a SOCKS proxy', () => ({ HTTPS_PROXY: `socks5://127.0.0.1:${socksProxy}` }), ['filters: http/1.1']],
  [
    'a server behind a proxy with TLS',
    () => ({ HTTPS_PROXY: `https://localhost:${secureProxy}` }),
    ['proxy: http/1.1', 'filters: http/1.1'],
  ],
])('the built action speaks HTTP/1.1 with %s', async (_, environmentOf, expected) => {
  spoken.length = 0;
  const environment = environmentOf();
  const host = 'HTTPS_PROXY' in environment ? HOST : '127.0.0.1';
  const { code, stdout } = await render(`https://${host}:${filters}/f.wasm`, environment);
  expect([code, code === 0 ? '' : stdout]).toEqual([0, '']);
  expect(spoken).toEqual(expected);
});

test('the built action says what is wrong with a server that speaks nothing else than HTTP/2', async () => {
  const { code, stdout } = await render(`https://127.0.0.1:${newer}/f.wasm`);
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/127\.0\.0\.1:\d+ does not answer: it accepts no HTTP\/1\.1, and nothing else was offered\./),
  ]);
});

/** Gets a filter and renders it, which needs no cluster. */
function render(filter: string, environment: Readonly<Record<string, string>> = {}): Promise<BundleRun> {
  return runBundle({
    inputs: {
      command: 'render',
      filter,
      sha256: createHash('sha256').update(FILTER).digest('hex'),
      name: 'filter',
      targets: '- deployment/reviews',
      namespace: 'shop',
      'render-to': 'rendered',
    },
    environment: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), ...environment },
  });
}
