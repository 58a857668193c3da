import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { describeProblem, type Problem } from '../../../src/base/problem.ts';
import type { HttpOptions } from '../../../src/http/http.ts';
import { packImage } from '../../../src/registry/pack.ts';
import { type ImageReference, parseReference } from '../../../src/registry/reference.ts';
import { Registries } from '../../../src/registry/registries.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../../harness/registry/embedded.ts';
import { digestOf, image, index, layerOf, store } from '../../harness/registry/images.ts';
import { USER } from '../../harness/registry/index.ts';
import { registriesOptions } from '../../harness/registry/options.ts';
import { must, problemsIn, wasm } from '../builders.ts';

let registry: EmbeddedRegistry;
let open: Registries[] = [];
beforeEach(async () => {
  registry = await startEmbeddedRegistry();
  await store(registry.host, 'filter', 'v1', image([await layerOf({ 'plugin.wasm': wasm(1) })]));
});
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
  await registry.stop();
});

const connect = (over: Partial<HttpOptions> & { readonly login?: string } = {}): Registries => {
  const { login, ...options } = over;
  const registries = new Registries(
    registriesOptions({
      random: () => 0,
      ...(login === undefined ? {} : { given: { host: login, ...USER } }),
      ...options,
    }),
  );
  open.push(registries);
  return registries;
};
const refer = (rest: string, host = registry.host): ImageReference =>
  must(parseReference(`oci://${host}/${rest}`, 'test'));
const FILTER = 'filter:v1';
const isBlob = ({ path }: { path: string }): boolean => path.includes('/blobs/sha256:');
const isManifest = ({ path }: { path: string }): boolean => path.includes('/manifests/');
/** A rule for the first `times` requests that it fits. */
const first = <T>(times: number, fits: (request: { path: string; method: string }) => boolean, fault: T) => {
  let left = times;
  return (request: { path: string; method: string }): T | undefined =>
    fits(request) && left-- > 0 ? fault : undefined;
};
const onlyProblem = async (work: Promise<Parameters<typeof problemsIn>[0]>): Promise<Problem> => {
  const problems = problemsIn(await work);
  expect(problems).toHaveLength(1);
  return problems[0] as Problem;
};

describe('what passes is tried again', () => {
  test.each([429, 500, 502, 503, 504])('%s, for manifest and blob', async (status) => {
    registry.inject(first(1, isManifest, { status }));
    registry.inject(first(1, isBlob, { status }));
    must(await connect().pull(refer(FILTER)));
  });

  test('a connection that breaks', async () => {
    registry.inject(first(1, isManifest, 'disconnect' as const));
    registry.inject(first(1, isBlob, 'disconnect' as const));
    must(await connect().pull(refer(FILTER)));
  });

  test('a Retry-After is waited for', async () => {
    registry.inject(first(1, isManifest, { status: 429, headers: { 'retry-after': '1' } }));
    const started = Date.now();
    must(await connect().pull(refer(FILTER)));
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
  });

  test.each([1_000, 1_000_000])('an error that takes %i bytes to say, more than the layer has', async (length) => {
    const layer = { mediaType: 'application/wasm', bytes: wasm(3) };
    await store(registry.host, 'small', 'v1', image([layer]));
    registry.inject(first(1, isBlob, { status: 503, body: 'x'.repeat(length) }));
    must(await connect().pull(refer('small:v1')));
  });

  test('an upload that fails is begun anew', async () => {
    const isUpload = ({ method, path }: { method: string; path: string }) =>
      method === 'PUT' && path.includes('/blobs/uploads/');
    registry.inject(first(1, isUpload, { status: 503 }));
    registry.inject(first(1, isUpload, 'disconnect' as const));
    must(await connect().push(await packImage(wasm(2)), refer('new:v1')));
    expect(registry.requests.filter(isUpload).length).toBe(4 + 2);
  });
});

test('one that asks for an hour is not waited for, and the time is said', async () => {
  registry.inject(
    first(1, isManifest, {
      status: 429,
      headers: { 'retry-after': '3600' },
      body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}',
    }),
  );
  const problem = await onlyProblem(connect().pull(refer(FILTER)));
  expect(problem.message).toMatch(/answers 429: TOOMANYREQUESTS: slow down\.$/);
  expect(problem.remedy).toMatch(/^Re-run the job in 60 min/);
});

test('a server that keeps failing is quoted', async () => {
  registry.inject(first(10, isManifest, { status: 503, body: '<html><h1>Upstream\nis down</h1></html>' }));
  const { message } = await onlyProblem(connect().pull(refer(FILTER)));
  expect(message).toMatch(/answers 503: Upstream is down\.$/);
});

describe('nothing of what is not as its digest says is used', () => {
  test('a manifest, by digest', async () => {
    const wrong = image([await layerOf({ 'plugin.wasm': wasm(2) })]);
    registry.inject((request) => (isManifest(request) ? { status: 200, body: wrong.manifest } : undefined));
    const digest = `sha256:${'1'.repeat(64)}`;
    const { message } = await onlyProblem(connect().pull(refer(`filter@${digest}`)));
    expect(message).toBe(`the manifest has the digest ${wrong.digest} instead of ${digest}.`);
  });

  test('a manifest that is not what the registry itself says', async () => {
    const headers = { 'docker-content-digest': `sha256:${'2'.repeat(64)}` };
    registry.inject((request) => (isManifest(request) ? { status: 200, headers, body: '{}' } : undefined));
    expect((await onlyProblem(connect().pull(refer(FILTER)))).message).toMatch(/instead of sha256:222/);
  });

  test('a layer', async () => {
    registry.inject((request) => (isBlob(request) ? { status: 200, body: 'x' } : undefined));
    expect((await onlyProblem(connect().pull(refer(FILTER)))).message).toMatch(/^the layer has the digest sha256:/);
  });

  test('a layer that is longer than it says is broken off', async () => {
    registry.inject((request) => (isBlob(request) ? { status: 200, body: Buffer.alloc(100_000) } : undefined));
    expect((await onlyProblem(connect().pull(refer(FILTER)))).message).toMatch(
      /sends more than the \d+ B that are expected/,
    );
  });

  test('a layer above the limit is not even asked for', async () => {
    const layer = { mediaType: 'application/wasm', digest: digestOf(wasm()), size: 256 * 1024 * 1024 + 1 };
    const body = JSON.stringify({ schemaVersion: 2, layers: [layer] });
    registry.inject((request) => (isManifest(request) ? { status: 200, body } : undefined));
    expect((await onlyProblem(connect().pull(refer(FILTER)))).message).toBe(
      'the layer has 256.00 MiB; at most 256.00 MiB are read.',
    );
    expect(registry.requests.filter(({ method, path }) => method === 'GET' && isBlob({ path }))).toEqual([]);
  });
});

describe('redirects of blobs', () => {
  let storage: EmbeddedRegistry;
  beforeEach(async () => {
    storage = await startEmbeddedRegistry();
  });
  afterEach(() => storage.stop());

  test('are followed, and the login stays with the registry', async () => {
    const closed = await startEmbeddedRegistry('basic');
    try {
      const layer = await layerOf({ 'plugin.wasm': wasm(1) });
      await store(closed.host, 'filter', 'v1', image([layer]));
      storage.inject(() => ({ status: 200, body: layer.bytes }));
      const location = `http://${storage.host}/bucket/blob?X-Signature=abc`;
      closed.inject((request) =>
        request.method === 'GET' && isBlob(request) ? { status: 307, headers: { location } } : undefined,
      );
      must(await connect({ login: closed.host }).pull(refer(FILTER, closed.host)));
      expect(
        closed.requests.some(({ path, authorization }) => isManifest({ path }) && authorization !== undefined),
      ).toBe(true);
      expect(storage.requests).toEqual([
        { method: 'GET', path: '/bucket/blob?X-Signature=abc', authorization: undefined },
      ]);
    } finally {
      await closed.stop();
    }
  });

  test('to a host without TLS that is not named are refused', async () => {
    const headers = { location: 'http://storage.example/x' };
    registry.inject((request) => (request.method === 'GET' && isBlob(request) ? { status: 302, headers } : undefined));
    const problem = await onlyProblem(connect().pull(refer(FILTER)));
    expect(describeProblem(problem)).toMatch(
      /http:\/\/storage\.example would be called without TLS\..*"insecure-registries"/,
    );
  });

  test('in a circle end', async () => {
    registry.inject((request) =>
      request.method === 'GET' && isBlob(request) ? { status: 302, headers: { location: request.path } } : undefined,
    );
    expect((await onlyProblem(connect().pull(refer(FILTER)))).message).toMatch(/redirects more than 5 times/);
  });
});

describe('what does not answer', () => {
  test('a silent server ends at the limit', async () => {
    const { host } = registry;
    registry.inject((request) => (isManifest(request) ? 'silence' : undefined));
    const limits = { silenceMs: 30_000, attemptMs: 50 };
    const problem = await onlyProblem(connect({ limits }).pull(refer(FILTER)));
    expect(problem.message).toMatch(new RegExp(`^${host} does not answer: no answer within`));
  });

  test('a closed port is named, with what to look at', async () => {
    const { host } = registry;
    await registry.stop();
    const problem = await onlyProblem(connect().pull(refer(FILTER, host)));
    expect(describeProblem(problem)).toMatch(new RegExp(`${host} does not answer: connect ECONNREFUSED.*HTTPS_PROXY`));
    registry = await startEmbeddedRegistry();
  });

  test('a cancelled run asks nothing more', async () => {
    const abort = new AbortController();
    registry.inject((request) => {
      if (isManifest(request)) abort.abort();
      return isManifest(request) ? { status: 503 } : undefined;
    });
    const problem = await onlyProblem(connect({ signal: abort.signal }).pull(refer(FILTER)));
    expect(problem.kind).toBe('cancelled');
    expect(registry.requests.filter(({ method, path }) => method === 'GET' && isManifest({ path }))).toHaveLength(1);
  });
});

test('proxies of the environment stand between the run and other machines, not this one', async () => {
  const proxy = await startEmbeddedRegistry();
  try {
    const environment = { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: '' };
    const registries = connect({ environment, insecureHosts: ['registry.example:5000'] });
    must(await registries.pull(refer(FILTER)));
    expect(proxy.requests).toEqual([]);
    expect((await registries.pull(refer('filter:v1', 'registry.example:5000'))).ok).toBe(false);
    expect(proxy.requests.length).toBeGreaterThan(0);
  } finally {
    await proxy.stop();
  }
});

describe('download', () => {
  test('gives the bytes, and sends no login', async () => {
    registry.inject(() => ({ status: 200, body: wasm(3) }));
    expect(
      Buffer.from(must(await connect({ login: registry.host }).download(`http://${registry.host}/f.wasm?sig=x`))),
    ).toEqual(Buffer.from(wasm(3)));
    expect(registry.requests.at(-1)).toEqual({ method: 'GET', path: '/f.wasm?sig=x', authorization: undefined });
  });

  test('what is not there is named without its query', async () => {
    registry.inject(() => ({ status: 404, body: 'gone' }));
    const problem = await onlyProblem(connect().download(`http://${registry.host}/f.wasm?X-Signature=secret`));
    expect(problem.subject).toBe(`http://${registry.host}/f.wasm?…`);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  test.each(['X-Signature=sec%2Bret/moth&v=1', 'secret-moth'])(
    'what a server repeats of the query %s is not told',
    async (query) => {
      const address = `http://${registry.host}/f.wasm?${query}`;
      registry.inject(() => ({ status: 403, body: `no ${address} with ${decodeURIComponent(query)}` }));
      const { message } = await onlyProblem(connect().download(address));
      expect(message).toMatch(/answers 403: no http:.*\/f\.wasm\?.*…/);
      expect(message).not.toMatch(/ret|moth/);
    },
  );

  test.each([
    [401, /^requires authentication: .* answers 401: no\.$/, /^Give an address that needs no login/],
    [404, /^was not found: .* answers 404: no\.$/, /^Check the address\.$/],
    [429, /^is unavailable: .* answers 429: no\.$/, /^Re-run the job in 2 min\.$/],
    [410, /answers 410: no\.$/, /contact the operator of the server/],
  ])('of what a web server refuses with %i is told without a word on registries', async (status, message, remedy) => {
    registry.inject(() => ({ status, body: 'no', headers: { 'retry-after': '120' } }));
    const problem = await onlyProblem(connect().download(`http://${registry.host}/f.wasm`));
    expect(problem.message).toMatch(message);
    expect(problem.remedy).toMatch(remedy);
    expect(describeProblem(problem)).not.toMatch(/registry|repository/);
  });
});

test('an index that names an index, or images for other machines alone, is refused in words', async () => {
  const inner = index([['linux/amd64', image([await layerOf({ 'plugin.wasm': wasm() })])]]);
  await store(registry.host, 'nested', 'v1', index([['', inner]]));
  expect((await onlyProblem(connect().pull(refer('nested:v1')))).message).toBe('the index names another index.');
  const some = await Promise.all([1, 2].map(async (salt) => image([await layerOf({ 'plugin.wasm': wasm(salt) })])));
  const [one, two] = some as [(typeof some)[0], (typeof some)[0]];
  await store(
    registry.host,
    'others',
    'v1',
    index([
      ['linux/arm64', one],
      ['linux/s390x', two],
    ]),
  );
  expect((await onlyProblem(connect().pull(refer('others:v1')))).message).toMatch(
    /2 images, for linux\/arm64 and linux\/s390x, and none for Wasm/,
  );
});
