import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../src/base/problem.ts';
import { packImage } from '../../../src/registry/pack.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { Registries, type RegistriesOptions } from '../../../src/registry/registries.ts';
import { image, layerOf, type TestImage } from '../../harness/registry/images.ts';
import { IDENTITY_TOKEN, USER } from '../../harness/registry/index.ts';
import {
  type Internet,
  type Names,
  type Reply,
  startInternet,
  type Visit,
  type World,
} from '../../harness/registry/internet.ts';
import { registriesOptions } from '../../harness/registry/options.ts';
import { must, problemsIn, wasm } from '../builders.ts';

// Where a registry sends a client, and what goes there: https://github.com/advisories/GHSA-742w-89gc-8m9c (containerd),
// https://github.com/advisories/GHSA-xf85-363p-868w (oras-go), google/go-containerregistry#2193 and #2292.

const HOME = 'registry.example';
const PUBLIC = '140.82.112.33';
const TOKEN = 'the-access-token';

/** Where a registry leads its clients. */
interface Leads {
  /** To log in; without it nobody has to. */
  readonly realm?: string;
  readonly manifest?: string;
  readonly blob?: string;
  readonly upload?: string;
  /** By redirects of the server for tokens. */
  readonly token?: string;
}
const HOPS = ['realm', 'manifest', 'blob', 'upload', 'token'] as const;
type Hop = (typeof HOPS)[number];

const layer = await layerOf({ 'plugin.wasm': wasm(1) });
const stored: TestImage = image([layer]);

/** The registry, and on every other host a server for tokens, a store and a place for uploads. */
function answerLike(leads: Leads): (visit: Visit) => Reply {
  return ({ method, url, authorization }) => {
    const { host, pathname } = new URL(url);
    const redirect = (location: string): Reply => ({ status: 307, headers: { location } });
    if (pathname === '/token') {
      return leads.token === undefined || leads.token === url.split('?')[0]
        ? { status: 200, body: JSON.stringify({ token: TOKEN, access_token: TOKEN }) }
        : redirect(leads.token);
    }
    const own = host.split(':')[0] === HOME;
    if (own && leads.realm !== undefined && authorization !== `Bearer ${TOKEN}`) {
      const challenge = `Bearer realm="${leads.realm}",service="registry"`;
      return { status: 401, headers: { 'www-authenticate': challenge }, body: '{}' };
    }
    const manifest: Reply = {
      status: 200,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: stored.manifest,
    };
    if (method === 'GET') {
      if (pathname.includes('/manifests/new')) return { status: 404 };
      if (pathname.includes('/manifests/')) return leads.manifest === undefined ? manifest : redirect(leads.manifest);
      if (pathname.includes('/blobs/') && leads.blob !== undefined) return redirect(leads.blob);
      if (pathname.includes('/elsewhere/manifest')) return manifest;
      return { status: 200, body: layer.bytes };
    }
    if (method === 'HEAD') return { status: 404 };
    if (method === 'POST') return { status: 202, headers: { location: leads.upload ?? '/upload/1' } };
    return { status: 201 };
  };
}

let internet: Internet;
beforeAll(async () => {
  internet = await startInternet();
});
afterAll(() => internet.stop());
const open: Registries[] = [];
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

function connect({ network }: World, over: Partial<RegistriesOptions> = {}): Registries {
  const registries = new Registries(registriesOptions({ random: () => 0, network, ...over }));
  open.push(registries);
  return registries;
}

interface Scene {
  readonly runtime: World;
  /** What was said of it: `done`, or the problem. */
  pull(): Promise<string>;
  push(): Promise<string>;
}

function visit(leads: Leads, names: Names, over: Partial<RegistriesOptions> = {}, host = HOME): Scene {
  const runtime = internet.world(names, answerLike(leads));
  const registries = connect(runtime, { given: { host, ...USER }, ...over });
  const outcome = (checked: Parameters<typeof problemsIn>[0]): string =>
    checked.ok ? 'done' : problemsIn(checked).map(describeProblem).join('\n');
  const refer = (tag: string) => must(parseReference(`oci://${host}/filter:${tag}`, 'test'));
  return {
    runtime,
    pull: async () => outcome(await registries.pull(refer('v1'))),
    push: async () => outcome(await registries.push(await packImage(wasm(2)), refer('new'))),
  };
}

const at =
  (...addresses: string[]) =>
  () =>
    addresses;
/** One destination, to which one kind of hop leads. */
const leading = (hop: Hop, origin: string): Leads => ({
  realm: 'https://auth.example/token',
  ...{
    realm: { realm: `${origin}/token` },
    manifest: { manifest: `${origin}/elsewhere/manifest` },
    blob: { blob: `${origin}/elsewhere/blob?X-Signature=abc` },
    upload: { upload: `${origin}/elsewhere/upload?state=1` },
    token: { token: `${origin}/token` },
  }[hop],
});
/** Who was shown credentials: `Basic auth.example`. */
const shown = ({ visits }: World): string[] => [
  ...new Set(
    visits.flatMap(({ authorization, url, body }) => [
      ...(authorization === undefined ? [] : [`${authorization.split(' ')[0]} ${new URL(url).host}`]),
      ...(body.includes(IDENTITY_TOKEN) ? [`identity ${new URL(url).host}`] : []),
    ]),
  ),
];
const run = (hop: Hop, { pull, push }: Scene) => (hop === 'upload' ? push() : pull());

type Destination = readonly [what: string, origin: string, addresses: readonly string[]];
const INSIDE: readonly Destination[] = [
  ['metadata', 'https://169.254.169.254', []],
  ['this machine by name', 'https://localhost', []],
  ['a private address', 'https://10.0.0.5', []],
  ['a name in a private network', 'https://other.example', ['192.168.1.2', 'fd12::1']],
  ['a name of this machine', 'https://other.example', ['::1', '127.0.0.1']],
  ['a name of metadata', 'https://other.example', ['169.254.169.254']],
];
const SPELLINGS: readonly Destination[] = [
  ['metadata in hexadecimal digits', 'https://0xA9FEA9FE', []],
  ['this machine', 'https://127.0.0.1', []],
  ['this machine as one number', 'https://2130706433', []],
  ['this machine in octal digits', 'https://0177.0.0.1', []],
  ['this machine, unspecified', 'https://0.0.0.0', []],
  ['this machine, unspecified, by IPv6', 'https://[::]', []],
  ['this machine in a form for IPv6', 'https://[::ffff:7f00:1]', []],
  ['this machine by name with a dot', 'https://localhost.:8443', []],
  ['a name of the network of a carrier', 'https://other.example', ['100.64.0.1']],
  ['a name behind NAT64', 'https://other.example', ['64:ff9b::a9fe:a9fe']],
];

describe.each(HOPS)('a public registry leads by its %s', (hop) => {
  const names = (...addresses: string[]): Names => ({
    [HOME]: at(PUBLIC),
    'auth.example': at('140.82.112.34'),
    'other.example': at(...addresses),
  });

  test.each(hop === 'realm' ? [...INSIDE, ...SPELLINGS] : INSIDE)('not to %s: %s', async (_, origin, addresses) => {
    const scene = visit(leading(hop, origin), names(...addresses));
    const said = await run(hop, scene);
    expect(said).toMatch(
      /: \S+ leads to \S+( \(\S+\))?, which is (a private|an address of the runner|a link-local).*Nothing was sent there\./,
    );
    expect(said).not.toContain(USER.password);
    expect(new Set(scene.runtime.connections)).toEqual(
      new Set([`${HOME} ${PUBLIC}`, ...(hop === 'realm' ? [] : ['auth.example 140.82.112.34'])]),
    );
    expect(shown(scene.runtime)).toEqual(hop === 'realm' ? [] : expect.not.arrayContaining(['Basic other.example']));
  });

  test('to another public host over TLS, which alone among strangers is shown the login where it gives tokens', async () => {
    const scene = visit(leading(hop, 'https://other.example'), names('8.8.8.8'));
    expect(await run(hop, scene)).toBe('done');
    expect(scene.runtime.connections).toContain('other.example 8.8.8.8');
    expect(shown(scene.runtime)).toEqual([`Basic ${hop === 'realm' ? 'other' : 'auth'}.example`, `Bearer ${HOME}`]);
  });

  test('to a host with several addresses: to those that are public alone', async () => {
    const scene = visit(leading(hop, 'https://other.example'), names('127.0.0.1', '10.0.0.1', '8.8.8.8'));
    expect(await run(hop, scene)).toBe('done');
    expect(scene.runtime.connections.filter((one) => one.startsWith('other'))).toEqual(
      expect.arrayContaining(['other.example 8.8.8.8']),
    );
    expect(scene.runtime.connections.join()).not.toMatch(/127\.0\.0\.1|10\.0\.0\.1/);
  });

  test.each(['http://other.example', `http://${HOME}`, 'http://localhost:5000'])(
    'not from TLS to none, also where the user allows that to others: %s',
    async (origin) => {
      const insecureHosts = ['other.example', 'localhost:5000'];
      const scene = visit(leading(hop, origin), names('8.8.8.8'), { insecureHosts });
      expect(await run(hop, scene)).toMatch(/ leads to http:\/\/\S+, which is not encrypted\./);
      expect(scene.runtime.visits.filter(({ url }) => url.startsWith('http:'))).toEqual([]);
    },
  );

  test.each(['ftp://other.example', 'file:///etc', 'data:x'])('not to what is no server: %s', async (origin) => {
    const scene = visit(leading(hop, origin), names('8.8.8.8'));
    expect(await run(hop, scene)).toMatch(/ leads to an address that is not valid\./);
  });
});

test.each(['realm', 'manifest', 'blob', 'upload'] as const)(
  'a registry that leads by its %s to itself without TLS is told of its proxy',
  async (hop) => {
    const names = { [HOME]: at(PUBLIC), 'auth.example': at('8.8.8.8') };
    const said = await run(hop, visit(leading(hop, `http://${HOME}`), names));
    expect(said).toMatch(/leads to http:\/\/registry\.example, .*Nothing was sent there\..*"X-Forwarded-Proto: https"/);
  },
);

describe('a registry inside', () => {
  const names: Names = {
    [HOME]: at('10.0.0.5'),
    'auth.example': at('192.168.1.2'),
    'public.example': at('8.8.8.8'),
    'here.example': at('127.0.0.1'),
    'metadata.example': at('169.254.169.254'),
  };

  test.each(HOPS)(
    'leads by its %s to private and to public servers, not to the runner nor to metadata',
    async (hop) => {
      for (const origin of ['https://auth.example', 'https://172.16.0.9', 'https://public.example']) {
        expect(await run(hop, visit(leading(hop, origin), names))).toBe('done');
      }
      for (const origin of ['https://here.example', 'https://127.0.0.1', 'https://metadata.example']) {
        expect(await run(hop, visit(leading(hop, origin), names))).toMatch(/Nothing was sent there/);
      }
    },
  );

  test.each(HOPS)('on this machine leads by its %s anywhere but to metadata', async (hop) => {
    const local = { ...names, [HOME]: at('127.0.0.1') };
    for (const origin of ['https://here.example', 'https://auth.example', 'https://public.example']) {
      expect(await run(hop, visit(leading(hop, origin), local))).toBe('done');
    }
    for (const origin of ['https://metadata.example', 'https://169.254.169.254', 'https://[fe80::1]']) {
      expect(await run(hop, visit(leading(hop, origin), local))).toMatch(/Nothing was sent there/);
    }
  });

  test('that the user lets be asked without TLS has its login go to its own kind: named hosts, or any by TLS', async () => {
    const insecureHosts = [`${HOME}:5000`, 'auth.example'];
    const host = `${HOME}:5000`;
    for (const origin of ['http://auth.example', 'https://public.example']) {
      const scene = visit(leading('realm', origin), names, { insecureHosts, given: { host, ...USER } }, host);
      expect(await scene.pull()).toBe('done');
      expect(shown(scene.runtime)).toEqual([`Basic ${new URL(origin).host}`, `Bearer ${HOME}:5000`]);
    }
    const scene = visit(leading('realm', 'http://public.example'), names, { insecureHosts }, host);
    expect(await scene.pull()).toMatch(/http:\/\/public\.example would be called without TLS\..*"insecure-registries"/);
    expect(shown(scene.runtime)).toEqual([]);
  });
});

describe('a name that is bound anew', () => {
  test('from a public address to this machine is not asked there', async () => {
    const names: Names = { [HOME]: (before) => [before === 0 ? PUBLIC : '127.0.0.1'], 'auth.example': at('8.8.8.8') };
    const scene = visit({ realm: `https://${HOME}:8443/token` }, names);
    expect(await scene.pull()).toMatch(/registry\.example \(127\.0\.0\.1\) is an address of the runner itself\./);
    expect(shown(scene.runtime)).toEqual([]);
  });

  test('from a private address to a public one takes its trust with it', async () => {
    const names: Names = { [HOME]: (before) => [before === 0 ? '10.0.0.5' : PUBLIC], 'auth.example': at('10.0.0.6') };
    const scene = visit({ realm: `https://${HOME}:8443/token`, token: 'https://auth.example/token' }, names);
    expect(await scene.pull()).toMatch(/registry\.example leads to auth\.example \(10\.0\.0\.6\), which is a private/);
    expect(scene.runtime.connections).not.toContain('auth.example 10.0.0.6');
  });

  test('between look and connection does not happen: each connection is one look', async () => {
    let looks = 0;
    const names: Names = { [HOME]: () => [looks++ % 2 === 0 ? PUBLIC : '127.0.0.1'] };
    const scene = visit({}, names);
    await scene.pull();
    expect(scene.runtime.connections).toEqual(scene.runtime.connections.map(() => `${HOME} ${PUBLIC}`));
    expect(looks).toBeGreaterThanOrEqual(scene.runtime.connections.length);
  });
});

test('a registry at a link-local address is not asked at all', async () => {
  const scene = visit({}, { [HOME]: at('169.254.169.254') });
  expect(await scene.pull()).toMatch(/registry\.example \(169\.254\.169\.254\) is a link-local address/);
  expect(scene.runtime.connections).toEqual([]);
});

test('an identity token goes to the server for tokens, by TLS, and follows no redirect', async () => {
  const docker = { auths: { [HOME]: { identitytoken: IDENTITY_TOKEN } } };
  const sources = {
    given: { host: 'another.example', ...USER },
    environment: { HOME: '/home/me' },
    readFile: async () => Buffer.from(JSON.stringify(docker)),
  };
  const names: Names = { [HOME]: at(PUBLIC), 'auth.example': at('8.8.8.8'), 'other.example': at('8.8.4.4') };
  const good = visit(leading('realm', 'https://auth.example'), names, sources);
  expect(await good.pull()).toBe('done');
  expect(shown(good.runtime)).toEqual(['identity auth.example', `Bearer ${HOME}`]);
  const led = visit(leading('token', 'https://other.example'), names, sources);
  expect(await led.pull()).toMatch(/auth\.example answers 307/);
  expect(shown(led.runtime)).toEqual(['identity auth.example']);
  for (const origin of ['http://auth.example', 'https://169.254.169.254', 'https://10.0.0.1']) {
    const bad = visit(leading('realm', origin), names, sources);
    expect(await bad.pull()).toMatch(/ leads to /);
    expect(shown(bad.runtime)).toEqual([]);
  }
});

test('a layer that names addresses of its own is taken from the registry alone', async () => {
  const manifest = JSON.parse(Buffer.from(stored.manifest).toString('utf8'));
  const layers = manifest.layers.map((one: object) => ({ ...one, urls: ['https://other.example/layer'] }));
  const names: Names = { [HOME]: at(PUBLIC), 'other.example': at('8.8.8.8') };
  const runtime = internet.world(names, ({ url }) => ({
    status: 200,
    headers: { 'content-type': stored.mediaType },
    body: url.includes('/manifests/') ? JSON.stringify({ ...manifest, layers }) : layer.bytes,
  }));
  must(await connect(runtime).pull(must(parseReference(`oci://${HOME}/filter:v1`, 'test'))));
  expect(new Set(runtime.visits.map(({ url }) => new URL(url).host))).toEqual(new Set([HOME]));
});

describe('a file of a web server', () => {
  const names: Names = { 'files.example': at(PUBLIC), 'inside.example': at('10.0.0.1'), 'cdn.example': at('8.8.8.8') };
  test.each<[string, RegExp]>([
    ['https://cdn.example/x', /^the file$/],
    ['https://inside.example/x', /files\.example leads to inside\.example \(10\.0\.0\.1\), which is a private address/],
    ['https://169.254.169.254/latest/meta-data/', /leads to 169\.254\.169\.254, which is a link-local address/],
    ['//localhost/x', /leads to localhost, which is an address of the runner itself/],
    ['http://cdn.example/x', /files\.example leads to http:\/\/cdn\.example, which is not encrypted/],
  ])('that leads to %s: %s', async (location, expected) => {
    const runtime = internet.world(names, ({ url }) =>
      url.endsWith('/f.wasm') ? { status: 302, headers: { location } } : { status: 200, body: 'the file' },
    );
    const got = await connect(runtime).download('https://files.example/f.wasm');
    const said = got.ok ? Buffer.from(got.value).toString() : problemsIn(got).map(describeProblem).join();
    expect(said).toMatch(expected);
    expect(runtime.connections.join()).not.toMatch(/10\.0\.0\.1|169\.254|127\.0/);
  });
});
