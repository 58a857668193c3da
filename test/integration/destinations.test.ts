import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeCertificates } from '../embedded/certs.ts';
import { makeModule, runBundle } from '../harness/action.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { image, layerOf, store } from '../harness/registry/images.ts';
import { USER } from '../harness/registry/index.ts';

describe('the built action, led astray by the server that it gets a filter from', () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  /** What else listens on the runner: it gives tokens to whoever asks. */
  let neighbour: EmbeddedRegistry;
  let secure: Server;
  let location: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'destinations-'));
    [registry, neighbour] = await Promise.all([startEmbeddedRegistry(), startEmbeddedRegistry()]);
    neighbour.inject(() => ({ status: 200, body: '{"token":"a-token"}' }));
    await store(registry.host, 'filter', 'v1', image([await layerOf({ 'plugin.wasm': makeModule() })]));
    registry.inject(({ authorization }) => (authorization === 'Bearer a-token' ? undefined : loginAt(neighbour)));
    const { caPem, certPem, keyPem } = makeCertificates();
    await writeFile(join(folder, 'ca.pem'), caPem);
    secure = createServer({ cert: certPem, key: keyPem }, (_, response) => response.writeHead(302, { location }).end());
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
  });
  afterAll(async () => {
    secure?.closeAllConnections();
    secure?.close();
    await Promise.all([registry?.stop(), neighbour?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });
  let asked: number;
  beforeEach(() => {
    asked = neighbour.requests.length;
  });

  /** Gets a filter and renders it, which needs no cluster. What is said is on one line. */
  const render = async (
    filter: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number | null; said: string }> => {
    const { code, stdout, summary } = await runBundle({
      inputs: {
        command: 'render',
        filter,
        name: 'filter',
        targets: '- deployment/reviews',
        namespace: 'shop',
        'render-to': 'rendered',
        'registry-username': USER.username,
        'registry-password': USER.password,
        ...(filter.startsWith('https:') ? { sha256: '0'.repeat(64) } : {}),
        'insecure-registries': 'registry.example',
      },
      environment: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), ...environment },
    });
    return { code, said: `${stdout}\n${summary}`.replace(/\s+/g, ' ') };
  };
  const loginAt = ({ host }: EmbeddedRegistry) => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="http://${host}/token",service="x"` },
    body: '{}',
  });
  const secureHost = (): string => `127.0.0.1:${(secure.address() as AddressInfo).port}`;

  test('logs in where the registry says, which is on this machine as it is', async () => {
    const { code, said } = await render(`oci://${registry.host}/filter:v1`);
    expect([code, said]).toEqual([0, expect.stringContaining('rendered')]);
    expect(neighbour.requests).toEqual([
      expect.objectContaining({ method: 'GET', authorization: expect.stringMatching(/^Basic /) }),
    ]);
  });

  test('does not log in on the runner for a registry elsewhere', async () => {
    // A proxy stands for the way to it, and answers in its name.
    const elsewhere = await startEmbeddedRegistry();
    elsewhere.inject(() => loginAt(neighbour));
    try {
      const { code, said } = await render('oci://registry.example/filter:v1', {
        HTTP_PROXY: `http://${elsewhere.host}`,
      });
      expect(code).toBe(1);
      expect(said).toMatch(/registry\.example leads to 127\.0\.0\.1, which is an address of the runner itself\./);
      expect(said).toMatch(/add it to NO_PROXY/);
      expect(elsewhere.requests.map(({ path, authorization }) => [path, authorization])).toEqual([
        ['http://registry.example/v2/filter/manifests/v1', undefined],
      ]);
      expect(neighbour.requests).toHaveLength(asked);
    } finally {
      await elsewhere.stop();
    }
  });

  test.each<[string, () => string, RegExp]>([
    [
      'from TLS to none',
      () => `http://${neighbour.host}/f.wasm`,
      /leads to http:\/\/127\.0\.0\.1:\d+, which is not encrypted/,
    ],
    ['to metadata', () => 'https://0xa9fea9fe/latest/', /leads to 169\.254\.169\.254, which is a link-local address/],
    ['to metadata in a form for IPv6', () => 'https://[::ffff:169.254.169.254]/', /which is a link-local address/],
  ])('does not follow a redirect %s', async (_, next, expected) => {
    location = next();
    const { code, said } = await render(`https://${secureHost()}/f.wasm`);
    expect([code, said]).toEqual([1, expect.stringMatching(expected)]);
    expect(neighbour.requests).toHaveLength(asked);
  });
});
