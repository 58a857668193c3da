import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { packImage } from '../../src/registry/pack.ts';
import { type ImageReference, parseReference } from '../../src/registry/reference.ts';
import { Registries, type RegistriesOptions } from '../../src/registry/registries.ts';
import { makeModule } from '../harness/action.ts';
import {
  DOCKER,
  DOCKER_LAYER,
  digestOf,
  fetchFrom,
  image,
  index,
  layerOf,
  OCI,
  store,
  type TestImage,
  WASME_LAYER,
} from '../harness/registry/images.ts';
import { IDENTITY_TOKEN, PUBLIC, type StartRegistry, type TestRegistry, USER } from '../harness/registry/index.ts';
import { registriesOptions } from '../harness/registry/options.ts';
import { must, problemsIn } from '../unit/builders.ts';

const MODULE = makeModule('from a registry', 200_000);
const OTHER = Buffer.from('something else');

/** Everything that the action asks of a registry, on any registry. */
export function registrySuite(start: StartRegistry): void {
  const open: Registries[] = [];
  afterAll(() => Promise.all(open.map((registries) => registries.close())));
  const masked: string[] = [];
  const connect = (over: Partial<RegistriesOptions> = {}): Registries => {
    const registries = new Registries(registriesOptions({ mask: (secret) => masked.push(secret), ...over }));
    open.push(registries);
    return registries;
  };
  const refer = ({ host }: TestRegistry, rest: string): ImageReference =>
    must(parseReference(`oci://${host}/${rest}`, 'test'));

  describe('without a login', () => {
    let registry: TestRegistry;
    beforeAll(async () => {
      registry = await start('none');
    });
    afterAll(() => registry.stop());

    const raw = (mediaType: string, annotations?: Record<string, string>) => ({
      mediaType,
      bytes: MODULE,
      ...(annotations === undefined ? {} : { annotations }),
    });
    const config = {
      mediaType: 'application/vnd.module.wasm.config.v1+json',
      bytes: Buffer.from('{"type":"envoy_proxy"}'),
    };

    const FORMS: [string, () => TestImage | Promise<TestImage>, { istioCanPull: boolean; isImage: boolean }][] = [
      [
        'an image of Docker',
        async () =>
          image(
            [await layerOf({ 'a.txt': OTHER }, DOCKER_LAYER), await layerOf({ 'plugin.wasm': MODULE }, DOCKER_LAYER)],
            DOCKER,
          ),
        { istioCanPull: true, isImage: true },
      ],
      [
        'an OCI image',
        async () => image([await layerOf({ 'x/y': OTHER, './plugin.wasm': MODULE })]),
        { istioCanPull: true, isImage: true },
      ],
      ['the artifact of wasme', () => image([config, raw(WASME_LAYER)]), { istioCanPull: true, isImage: false }],
      ['one layer of wasme', () => image([raw(WASME_LAYER)]), { istioCanPull: false, isImage: false }],
      [
        'a Wasm OCI artifact of the CNCF',
        () => image([raw('application/wasm')], OCI, 'application/vnd.wasm.config.v0+json'),
        { istioCanPull: false, isImage: false },
      ],
      [
        'a layer of wasm-to-oci',
        () => image([raw('application/vnd.wasm.content.layer.v1+wasm')]),
        { istioCanPull: false, isImage: false },
      ],
      [
        'a file that oras has pushed',
        () => image([raw('application/vnd.oci.image.layer.v1.tar', { 'org.opencontainers.image.title': 'f.wasm' })]),
        { istioCanPull: false, isImage: false },
      ],
      [
        'an index of one image, with the provenance of BuildKit',
        async () =>
          index([
            ['linux/amd64', image([await layerOf({ 'plugin.wasm': MODULE })])],
            ['attestation', image([{ mediaType: 'application/vnd.in-toto+json', bytes: OTHER }])],
          ]),
        { istioCanPull: true, isImage: true },
      ],
      [
        'an index with an entry for Wasm',
        async () =>
          index([
            ['linux/amd64', image([await layerOf({ 'plugin.wasm': OTHER })])],
            ['wasip1/wasm', image([await layerOf({ 'plugin.wasm': MODULE })])],
          ]),
        { istioCanPull: false, isImage: true },
      ],
    ];

    test.each(FORMS)('%s is read by its tag and by its digest', async (name, build, rest) => {
      const built = await build();
      const repository = `forms/${name.toLowerCase().replace(/[^a-z]+/g, '-')}`;
      await store(registry.host, repository, 'v1', built);
      const wanted = { bytes: digestOf(MODULE), pinned: `${registry.host}/${repository}@${built.digest}`, ...rest };
      const registries = connect();
      for (const way of [`${repository}:v1`, `${repository}@${built.digest}`, `${repository}:other@${built.digest}`]) {
        const pulled = must(await registries.pull(refer(registry, way)));
        expect({ ...pulled, bytes: digestOf(pulled.bytes) }).toEqual(wanted);
      }
    });

    test('without a tag it is "latest"', async () => {
      await store(registry.host, 'latest', 'latest', image([await layerOf({ 'plugin.wasm': MODULE })]));
      expect(must(await connect().pull(refer(registry, 'latest'))).isImage).toBe(true);
    });

    test.each<[string, () => TestImage | Promise<TestImage>, RegExp]>([
      [
        'no plugin.wasm',
        async () => image([await layerOf({ 'filter.wasm': MODULE, 'b.txt': OTHER })]),
        /2 files, and none is plugin\.wasm/,
      ],
      [
        'a layer that is no gzip',
        () => image([{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', bytes: OTHER }]),
        /not valid gzip/,
      ],
      ['only other layers', () => image([{ mediaType: 'text/plain', bytes: OTHER }]), /there is text\/plain/],
      [
        'two modules',
        () => image([raw('application/wasm'), { mediaType: 'application/wasm', bytes: OTHER }]),
        /2 layers are Wasm modules/,
      ],
    ])('an image with %s is refused in words', async (name, build, words) => {
      const repository = `refused/${name.toLowerCase().replace(/[^a-z]+/g, '-')}`;
      await store(registry.host, repository, 'v1', await build());
      const [problem] = problemsIn(await connect().pull(refer(registry, `${repository}:v1`)));
      expect(problem).toMatchObject({ kind: 'registry', subject: `oci://${registry.host}/${repository}:v1` });
      expect(problem?.message).toMatch(words);
    });

    test.each(['none/there:v1', 'none/there@sha256:'.padEnd(18 + 64, '0')])('%s is not there', async (rest) => {
      const [problem] = problemsIn(await connect().pull(refer(registry, rest)));
      expect(problem?.message).toMatch(/^was not found: .* answers 404: (MANIFEST|NAME)_UNKNOWN/);
    });

    test('what is pushed can be pulled, says so where it is there already, and can be tagged anew', async () => {
      const registries = connect();
      const packed = await packImage(MODULE);
      const reference = refer(registry, 'pushed/filter:v1');
      const pinned = `${registry.host}/pushed/filter@${packed.digest}`;
      expect(must(await registries.push(packed, reference))).toEqual({ pinned, wasThere: false });
      expect(must(await registries.push(packed, reference))).toEqual({ pinned, wasThere: true });
      expect(must(await registries.push(packed, refer(registry, 'pushed/filter:v2')))).toEqual({
        pinned,
        wasThere: false,
      });
      for (const name of ['v1', 'v2', packed.digest]) {
        const { status, body } = await fetchFrom(registry.host, `pushed/filter/manifests/${name}`, OCI);
        expect([status, digestOf(body)]).toEqual([200, packed.digest]);
      }
      const pulled = must(await registries.pull(reference));
      expect(Buffer.from(pulled.bytes).equals(MODULE)).toBe(true);
      expect(pulled).toMatchObject({ pinned, istioCanPull: true, isImage: true });
    });

    test('without a tag an image is pushed under its digest alone', async () => {
      const packed = await packImage(MODULE);
      const registries = connect();
      must(await registries.push(packed, refer(registry, 'untagged')));
      expect((await fetchFrom(registry.host, `untagged/manifests/${packed.digest}`, OCI)).status).toBe(200);
      expect((await fetchFrom(registry.host, 'untagged/manifests/latest', OCI)).status).toBe(404);
      expect(must(await registries.push(packed, refer(registry, 'untagged'))).wasThere).toBe(true);
    });
  });

  const dockerConfig = (host: string, entry: object): Partial<RegistriesOptions> => ({
    environment: { HOME: '/home/me' },
    readFile: async (path) => {
      expect(path).toBe('/home/me/.docker/config.json');
      return Buffer.from(JSON.stringify({ auths: { [host]: entry } }));
    },
  });
  const auth = Buffer.from(`${USER.username}:${USER.password}`).toString('base64');

  describe.each(['basic', 'token'] as const)('with a login by %s', (login) => {
    let registry: TestRegistry;
    beforeAll(async () => {
      registry = await start(login);
    });
    afterAll(() => registry.stop());

    test.each<[string, (host: string) => Partial<RegistriesOptions>]>([
      ['handed to the run', (host) => ({ given: { host, ...USER } })],
      ['in the Docker configuration', (host) => dockerConfig(host, { auth })],
      [
        'of a credential helper',
        (host) => ({
          environment: { DOCKER_CONFIG: '/etc/docker-login' },
          readFile: async () => Buffer.from(JSON.stringify({ credHelpers: { [host]: 'test' } })),
          runHelper: async (helper, server) => {
            expect([helper, server]).toEqual(['test', host]);
            return JSON.stringify({ ServerURL: server, Username: USER.username, Secret: USER.password });
          },
        }),
      ],
    ])('a login %s pushes and pulls, and its secrets are masked', async (name, sources) => {
      masked.length = 0;
      const packed = await packImage(makeModule(name));
      const registries = connect(sources(registry.host));
      const reference = refer(registry, `private/filter:${name.replaceAll(' ', '-')}`);
      must(await registries.push(packed, reference));
      expect(must(await registries.pull(reference)).pinned).toBe(`${registry.host}/private/filter@${packed.digest}`);
      expect(masked).toEqual(expect.arrayContaining([USER.password, auth]));
    });

    test('without a login a private filter cannot be had, and the way to one is said', async () => {
      const problems = problemsIn(await connect().pull(refer(registry, 'private/other:v1')));
      expect(problems.map(describeProblem)).toEqual([
        expect.stringMatching(/requires authentication: .*401.*docker\/login-action/),
      ]);
    });

    test('a login for another registry is not used', async () => {
      const given = { host: 'elsewhere.example', ...USER };
      expect(problemsIn(await connect({ given }).pull(refer(registry, 'private/other:v1')))[0]?.message).toMatch(
        /^requires authentication: .* answers 401/,
      );
    });

    test('a wrong password is refused, and not told', async () => {
      const given = { host: registry.host, username: USER.username, password: 'not-the-password' };
      const [problem] = problemsIn(await connect({ given }).pull(refer(registry, 'private/other:v1')));
      expect(problem?.message).toMatch(
        /^is not accessible with the credentials of the inputs "registry-username" and "registry-password": .*401/,
      );
      expect(JSON.stringify(problem)).not.toContain('not-the-password');
    });

    test(login === 'token' ? 'an identity token is exchanged' : 'an identity token is no password', async () => {
      const registries = connect(dockerConfig(registry.host, { identitytoken: IDENTITY_TOKEN }));
      const pushed = await registries.push(await packImage(MODULE), refer(registry, 'private/by-identity:v1'));
      expect(pushed.ok ? '' : pushed.problems[0]?.message).toMatch(login === 'token' ? /^$/ : /has an identity token/);
    });

    if (login === 'token') {
      test('a stranger reads what is public', async () => {
        const reference = refer(registry, `${PUBLIC}filter:v1`);
        must(await connect({ given: { host: registry.host, ...USER } }).push(await packImage(MODULE), reference));
        const stranger = connect();
        expect(must(await stranger.pull(reference)).isImage).toBe(true);
        const again = await stranger.push(await packImage(makeModule('other')), refer(registry, `${PUBLIC}filter:v2`));
        expect(problemsIn(again)[0]?.message).toMatch(/^requires authentication: .* answers 401/);
      });
    }
  });
}
