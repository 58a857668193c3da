import { delimiter, matchesGlob } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ask } from '../../../../src/action/request/ask.ts';
import type { ModuleFetcher } from '../../../../src/action/request/origin.ts';
import type { CheckProvenance } from '../../../../src/action/request/provenance.ts';
import { buildRequest, type CommandRequest, type Environment } from '../../../../src/action/request/request.ts';
import type { ReadFile } from '../../../../src/base/files.ts';
import { describeProblem, fail, ok } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import type { ClusterAccess } from '../../../../src/cluster/kubeconfig.ts';
import type { StatusRequest } from '../../../../src/deploy/request.ts';
import type { TargetEntry } from '../../../../src/targets/target.ts';
import { NO_RUNTIME } from '../../../harness/access.ts';
import { filterModule, must, PULLED, problemsIn, wasm } from '../../builders.ts';

const STARTED = '2026-01-01T00:00:00.000Z';

/** A kubeconfig of one context, named as its cluster and user. */
const kubeconfig = (name: string, namespace?: string): string =>
  JSON.stringify({
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
    clusters: [{ name, cluster: { server: `https://${name}.example` } }],
    users: [{ name, user: { token: `token-of-${name}` } }],
  });

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'f.wasm': wasm(),
  'bad.wasm': 'hello',
  'targets.yaml': '- deployment/from-file\n',
  'mesh/lost.yaml': 'version: 1\nfilters: [ { name: a, filter: ../gone.wasm, targets-file: gone.yaml } ]\n',
  'lost.yaml': 'version: 1\nfilters: [ { name: b, filter: gone.wasm, targets: [ deployment/a ] } ]\n',
  'pulled.yaml': [
    'version: 1',
    'defaults:',
    '  shrink: "off"',
    '  targets: [ deployment/a ]',
    '  delivery: image',
    'filters:',
    '  - { name: a, filter: "oci://ghcr.io/me/add-header:v1", vm-id: v }',
    '  - { name: b, filter: "oci://ghcr.io/me/add-header:v1" }',
  ].join('\n'),
  'mounted.yaml':
    'version: 1\nfilters: [ { name: c, filter: f.wasm, delivery: configmap, phase: authn, targets: [ deployment/c ] } ]\n',
  'broken.yaml': '- [deployment/a',
  '/home/me/prod': kubeconfig('prod', 'shop'),
  '/home/me/test': kubeconfig('test'),
};
const readFile: ReadFile = (path) => {
  const content = FILES[path];
  if (content === undefined) return Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));
  return Promise.resolve(Buffer.from(content));
};

const findFiles = async (pattern: string): Promise<string[]> =>
  Object.keys(FILES).filter((file) => matchesGlob(file, pattern));

const removeFile = async (): Promise<boolean> => false;

const PINNED = `ghcr.io/me/add-header@sha256:${'1'.repeat(64)}`;
/** A registry that has one module. */
const fetcher: ModuleFetcher = {
  pull: async ({ repository }) =>
    repository === 'me/add-header'
      ? { ok: true, value: { bytes: wasm(1), pinned: PINNED, istioCanPull: true, isImage: true } }
      : { ok: false, problems: [{ kind: 'registry', subject: repository, message: 'is not there.' }] },
  download: () => Promise.reject(new Error('not expected')),
};

type Given = Readonly<Record<string, string>>;
const COMPLETE: Given = { filter: 'f.wasm', targets: '- deployment/reviews', kubeconfig: kubeconfig('prod', 'shop') };

/** The request of one of some commands. */
type RequestOf<C extends CommandRequest['command']> = Extract<CommandRequest, { readonly command: C }>;

/** Proves every filter that it is asked about, but for those of the repository evil/filters. */
const checkProvenance: CheckProvenance = async ({ origin, digest }, { repository }, token) =>
  repository === 'evil/filters'
    ? fail({ kind: 'provenance', subject: origin, form: 'clause', message: `${digest} is from nobody.` })
    : ok({ repository, workflow: `${repository}/w.yml@r`, ref: 'refs/heads/main', commit: 'c', run: `by ${token}` });
const makeFrom = async (given: Given, environment: Environment = {}): Promise<CommandRequest> => {
  const asked = await ask({ readInput: (name) => given[name] ?? '', environment: {}, readFile, findFiles, removeFile });
  const access = { ...NO_RUNTIME, readFile };
  return buildRequest(asked, {
    checkProvenance,
    fetcher,
    readFile,
    environment,
    access,
    started: STARTED,
  });
};
const requestFor = async (over: Given = {}, environment: Environment = {}): Promise<RequestOf<'deploy' | 'plan'>> => {
  const made = await makeFrom({ ...COMPLETE, ...over }, environment);
  if (made.command !== 'deploy' && made.command !== 'plan') throw new Error(`not a deployment: ${made.command}`);
  return made;
};
/** The request of a request that has nothing wrong. */
const requestOf = ({ request }: CommandRequest): object => {
  expect(request).toMatchObject({ ok: true });
  return request.ok ? request.request : {};
};
const called = (entries: readonly TargetEntry[]): string[] =>
  entries.map((entry) =>
    entry.type === 'named' ? `${entry.workload.namespace}/${entry.workload.name}` : (entry.selector?.text ?? ''),
  );
const targetsIn = ({ request }: RequestOf<'deploy' | 'plan'>): string[] =>
  called(request.request.filters.flatMap(({ targets }) => targets));
const messagesOf = ({ request }: CommandRequest): string[] => (request.ok ? [] : request.problems.map(describeProblem));

/** How the one cluster of a request is called. */
function accessOf(made: Exclude<CommandRequest, { command: 'render' | 'check' }>): ClusterAccess {
  const [only] = must(made.clusters);
  if (only === undefined) throw new Error('No cluster');
  return only.access;
}

const FILE = { ...filterModule(), source: { kind: 'file', given: 'f.wasm' } };

test.each(['deploy', 'plan'])(
  'complete inputs for %s give a request and the access to the cluster',
  async (command) => {
    const made = await requestFor({
      command,
      timeout: '5m',
      canary: '1',
      expires: '1d',
      settings: 'push',
      prune: 'true',
    });
    expect(made).toMatchObject({ command, warnings: [], filters: [{ module: FILE }] });
    expect(accessOf(made)).toMatchObject({ context: 'prod', server: 'https://prod.example' });
    const policy = {
      wait: true,
      timeoutMs: 300_000,
      verify: 'auto',
      scout: 'auto',
      onFailure: 'rollback',
      canary: { count: 1 },
      maxFailures: { count: 0 },
      unready: 'fail',
      promote: 'report',
      soakMs: 0,
    };
    expect(made.policy).toEqual(policy);
    expect(requestOf(made)).toEqual({
      ...policy,
      settingsChange: 'push',
      prune: true,
      keepRevisions: 1,
      run: 'local',
      started: STARTED,
      filters: [
        {
          name: 'f',
          module: FILE,
          settings: expect.objectContaining({ vmId: 'f' }),
          targets: [expect.objectContaining({ type: 'named', wave: 1 })],
          check: true,
          onNewDigest: 'deploy',
          delivery: { delivery: 'auto', phase: 'unspecified', gateways: false, onlyMounted: [], onlyPulled: [] },
          adopt: false,
          expiresMs: 86_400_000,
        },
      ],
    });
  },
);

describe('an attestation', () => {
  test.each(['deploy', 'plan', 'render'])('is looked at for %s, with the token', async (command) => {
    const made = await makeFrom({ ...COMPLETE, command, attestation: 'shop/filters', 'github-token': ' t ' });
    expect(made.request.ok).toBe(true);
    expect(made).toMatchObject({ filters: [{ provenance: { repository: 'shop/filters', run: 'by t' } }] });
  });

  test('is not looked at where nobody asks, nor where there is no filter to look at', async () => {
    expect(await requestFor({ 'github-token': 't' })).toMatchObject({ filters: [{ provenance: undefined }] });
    const made = await requestFor({ filter: 'bad.wasm', attestation: 'evil/filters' });
    expect(made.filters[0]?.provenance).toBeUndefined();
    expect(messagesOf(made).filter((message) => message.includes('from nobody'))).toEqual([]);
  });

  test('that is missing is told with all else that is wrong', async () => {
    const made = await requestFor({ attestation: 'evil/filters', targets: '- nothing/like/this/here' });
    expect(made).toMatchObject({ filters: [{ module: filterModule(), provenance: undefined }] });
    expect(messagesOf(made)).toEqual([
      `filter "f.wasm": ${filterModule().digest} is from nobody.`,
      expect.stringContaining('nothing/like/this/here'),
    ]);
  });
});

describe('a filter that came as an image', () => {
  const given = 'oci://registry.example/f:v1';
  const pulled = { bytes: filterModule().bytes, pinned: PULLED.reference, istioCanPull: true, isImage: true };
  const requestFrom = async (over: Given): Promise<CommandRequest> => {
    const readInput = (name: string): string => ({ ...COMPLETE, filter: given, ...over })[name] ?? '';
    const asked = await ask({ readInput, environment: {}, readFile, findFiles, removeFile });
    const pulling = { ...fetcher, pull: async () => ok(pulled) };
    return buildRequest(asked, {
      checkProvenance,
      fetcher: pulling,
      readFile,
      environment: {},
      access: NO_RUNTIME,
      started: STARTED,
    });
  };
  const image = { delivery: 'image', configuration: '{}' };

  test.each(['deploy', 'plan', 'render'])('is pulled where that is asked for: %s', async (command) => {
    const made = await requestFrom({ ...image, command, 'pull-secret': 'regcred', namespace: 'shop' });
    expect(requestOf(made)).toMatchObject({
      filters: [{ settings: { image: { reference: PULLED.reference, pullSecret: 'regcred', phase: 'unspecified' } } }],
    });
  });

  test('is mounted where it fits, with the reason', async () => {
    const made = await requestFrom({});
    expect(made).toMatchObject({ filters: [{ delivery: { why: expect.stringContaining('fits') } }] });
    expect(JSON.stringify(requestOf(made))).not.toContain('"image":{"reference"');
  });

  test('has inputs that mean nothing to its road told, by either', async () => {
    const warningsOf = async (over: Given): Promise<readonly string[]> =>
      warningTexts((await requestFrom(over)).warnings);
    expect(await warningsOf({ ...image, 'vm-id': 'v', 'mount-path': '/f', phase: 'authn' })).toEqual([
      'The inputs "vm-id" and "mount-path" mean nothing where proxies pull an image and are ignored.',
    ]);
    expect(await warningsOf({ 'vm-id': 'v', 'pull-secret': 's', phase: 'authn' })).toEqual([
      'The inputs "pull-secret" and "phase" mean nothing without an image and are ignored.',
    ]);
  });

  test('has what does not go with it told at once, that of single targets too', async () => {
    const targets = '- deployment/a\n- {kind: deployment, name: b, configuration: "text", insert: first}';
    const made = await requestFrom({
      ...image,
      targets,
      configuration: 'x',
      settings: 'push',
      capabilities: 'proxy_log',
    });
    expect(messagesOf(made)).toEqual([
      expect.stringMatching(/^input "capabilities" is set, but .+ no field for that/),
      expect.stringMatching(/^targets, entry 2: insert is set, but/),
      expect.stringMatching(/^input "configuration" is not a JSON object/),
      expect.stringMatching(/^targets, entry 2: configuration is not a JSON object/),
      expect.stringMatching(/^input "settings" is push/),
    ]);
  });
});

test('waves that files cannot have are told to render', async () => {
  const rendered = async (targets: string): Promise<string[]> => {
    const { warnings } = await makeFrom({ command: 'render', filter: COMPLETE.filter ?? '', targets });
    return warningTexts(warnings);
  };
  expect(await rendered('- deployment/a\n- {kind: deployment, name: b, wave: 2}')).toEqual([
    'The targets have waves, but files have none: whoever applies them replaces the pods of all targets at once. To go wave by wave, render the targets of the first wave alone, and add those of the next one once the files are applied; or use "deploy".',
  ]);
  expect(await rendered('- {kind: deployment, name: b, wave: 2}')).toEqual([]);
});

test('waves that nobody waits for are told', async () => {
  const targets = '- deployment/a\n- {kind: deployment, name: b, wave: 2}';
  const { warnings } = await requestFor({ targets, wait: 'false' });
  expect(warningTexts(warnings)).toEqual([
    'The targets have waves, but with "wait: false" no wave waits for the previous one.',
  ]);
  expect(warningTexts((await requestFor({ targets })).warnings)).toEqual([]);
  const one = '- {kind: deployment, name: b, wave: 2}';
  expect(warningTexts((await requestFor({ targets: one, wait: 'false' })).warnings)).toEqual([]);
});

test('what was ignored is told with every request', async () => {
  expect(warningTexts((await requestFor({ 'render-to': 'x' })).warnings)).toEqual([
    expect.stringContaining('"render-to"'),
  ]);
  for (const command of ['status', 'remove', 'sweep', 'render']) {
    const made = await makeFrom({ ...COMPLETE, namespace: 'shop', command, soak: '1m' });
    expect(warningTexts(made.warnings)).toEqual([expect.stringContaining('"soak"')]);
  }
});

describe('the namespace of entries that name none is', () => {
  test.each<[string, Given, string]>([
    ['the input, before all else', { namespace: 'mine' }, 'mine'],
    ['that of the context', {}, 'shop'],
    ['default where the context names none', { kubeconfig: kubeconfig('prod') }, 'default'],
    ['default where there is no kubeconfig', { kubeconfig: '' }, 'default'],
  ])('%s', async (_, over, namespace) => {
    expect(targetsIn(await requestFor(over))).toEqual([`${namespace}/reviews`]);
  });
});

describe('status, remove and sweep', () => {
  const access = { kubeconfig: kubeconfig('prod', 'shop') };

  test.each<[Given, object]>([
    [{ command: 'status' }, { verify: 'auto', keepRevisions: 1, scopes: [{ entries: [], namespaces: ['shop'] }] }],
    [
      { command: 'status', name: 'auth', verify: 'required', namespace: 'a, b' },
      { verify: 'required', keepRevisions: 1, scopes: [{ filter: 'auth', entries: [], namespaces: ['a', 'b'] }] },
    ],
    // The file need not be there: only its name is wanted.
    [
      { command: 'remove', filter: 'gone/auth.wasm' },
      {
        run: 'o/r/7/1',
        started: STARTED,
        missing: 'fail',
        wait: true,
        timeoutMs: 600_000,
        promote: 'report',
        scopes: [{ filter: 'auth', entries: [], namespaces: ['shop'] }],
      },
    ],
    [
      { command: 'remove', name: 'auth', wait: 'false', missing: 'ok' },
      {
        run: 'o/r/7/1',
        started: STARTED,
        missing: 'ok',
        wait: false,
        timeoutMs: 600_000,
        promote: 'report',
        scopes: [{ filter: 'auth', entries: [], namespaces: ['shop'] }],
      },
    ],
    [
      { command: 'sweep', namespace: 'a b', timeout: '1m', 'max-parallel': '3' },
      {
        run: 'o/r/7/1',
        started: STARTED,
        missing: 'fail',
        wait: true,
        timeoutMs: 60_000,
        promote: 'report',
        maxParallel: { count: 3 },
        scopes: [{ entries: [], namespaces: ['a', 'b'] }],
      },
    ],
  ])('%j', async (given, request) => {
    const made = await makeFrom(
      { ...access, ...given },
      { GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '1' },
    );
    expect(made.command).toBe(given.command);
    expect(requestOf(made)).toEqual(request);
    expect(made).toMatchObject({ clusters: { ok: true } });
    expect(made).not.toHaveProperty('module');
  });

  test('look in the namespace default where nothing names one', async () => {
    for (const config of ['', kubeconfig('prod')]) {
      const made = await makeFrom({ command: 'status', kubeconfig: config });
      expect(requestOf(made)).toMatchObject({ scopes: [{ namespaces: ['default'] }] });
    }
  });

  test.each(['status', 'remove', 'sweep'])('%s takes a target list', async (command) => {
    const list = { targets: '- deployment/reviews', 'targets-file': 'targets.yaml' };
    const made = await makeFrom({ ...access, command, name: 'auth', ...list });
    const { scopes } = requestOf(made) as StatusRequest;
    expect(called(scopes.flatMap(({ entries }) => entries))).toEqual(['shop/reviews', 'shop/from-file']);
  });

  test('a list that cannot be read is never taken for all workloads', async () => {
    const made = await makeFrom({ ...access, command: 'remove', name: 'auth', 'targets-file': 'broken.yaml' });
    expect(messagesOf(made)).toEqual([expect.stringContaining('targets-file "broken.yaml" is not valid YAML')]);
  });
});

describe('render', () => {
  const given = { command: 'render', filter: 'f.wasm', targets: '- deployment/reviews', 'render-to': 'out' };

  test('needs no kubeconfig, and looks at none', async () => {
    const made = await makeFrom(given, { KUBECONFIG: '/home/me/missing' });
    expect(made).not.toHaveProperty('clusters');
    expect(made).toMatchObject({ command: 'render', filters: [{ module: FILE }] });
    expect(requestOf(made)).toMatchObject({
      folder: 'out',
      filters: [{ name: 'f', targets: [{ workload: { namespace: 'default', name: 'reviews' } }] }],
    });
    const placed = await makeFrom({ ...given, namespace: 'edge' });
    expect(requestOf(placed)).toMatchObject({ filters: [{ targets: [{ workload: { namespace: 'edge' } }] }] });
  });

  test('tells what is wrong with filter and targets', async () => {
    const made = await makeFrom({ ...given, filter: 'bad.wasm', targets: '- x' });
    expect(messagesOf(made)).toEqual([
      expect.stringContaining('filter "bad.wasm"'),
      expect.stringContaining('targets, entry 1'),
    ]);
    expect(made).toMatchObject({ filters: [{ module: undefined }] });
  });
});

describe('targets', () => {
  test('come from the input, then from the file', async () => {
    expect(targetsIn(await requestFor({ 'targets-file': 'targets.yaml' }))).toEqual(['shop/reviews', 'shop/from-file']);
    expect(targetsIn(await requestFor({ targets: '', 'targets-file': 'targets.yaml' }))).toEqual(['shop/from-file']);
  });

  test('each entry says where it stands', async () => {
    const { request } = await requestFor({ 'targets-file': 'targets.yaml' });
    const origins = request.ok ? request.request.filters[0]?.targets.map(({ origin }) => origin) : [];
    expect(origins).toEqual(['targets, entry 1', 'targets-file "targets.yaml", entry 1']);
  });

  test.each([
    ['missing.yaml', 'targets-file "missing.yaml" cannot be read: there is no such file.'],
    ['broken.yaml', 'targets-file "broken.yaml" is not valid YAML'],
  ])('a file that cannot be used: %s', async (file, message) => {
    const request = await requestFor({ 'targets-file': file });
    expect(messagesOf(request)).toEqual([expect.stringContaining(message)]);
    expect(targetsIn(request)).toEqual(['shop/reviews']);
  });
});

describe('the filter', () => {
  test.each([
    ['missing.wasm', 'filter "missing.wasm" cannot be read: there is no such file.'],
    ['bad.wasm', 'filter "bad.wasm" is not a WebAssembly module.'],
  ])('%s', async (filter, message) => {
    const request = await requestFor({ filter });
    expect(messagesOf(request)).toEqual([expect.stringContaining(message)]);
    expect(request.filters[0]?.module).toBeUndefined();
  });
});

test('a path of a manifest is told to start at its folder, also where manifests of several folders say one path', async () => {
  const request = await requestFor({ filter: '', targets: '', manifest: 'mesh/lost.yaml\nlost.yaml' });
  const remedyIn = (file: string): (string | undefined)[] =>
    (request.request.ok ? [] : request.request.problems)
      .filter(({ at }) => at?.file === file)
      .map(({ remedy }) => remedy);
  const build = 'Build or download the filter in an earlier step.';
  expect(remedyIn('mesh/lost.yaml')).toEqual([
    `In a manifest, paths are relative to its folder, here "mesh". ${build}`,
    'Give the path of a file. In a manifest, paths are relative to its folder, here "mesh".',
  ]);
  expect(remedyIn('lost.yaml')).toEqual([
    `In a manifest, paths are relative to its folder, here the workspace. ${build}`,
  ]);
});

test('what means nothing to any filter that has it is told by its place in the manifest', async () => {
  const warningsOf = async (manifest: string, more: Given = {}): Promise<readonly string[]> =>
    warningTexts((await requestFor({ filter: '', targets: '', manifest, ...more })).warnings);
  const ofDefaults = '"shrink" (pulled.yaml:3) means nothing where proxies pull an image (filters "a" and "b")';
  const pulled = [
    '"vm-id" (pulled.yaml:7) means nothing where proxies pull an image (filter "a") and is ignored.',
    `${ofDefaults} and is ignored.`,
  ];
  expect(await warningsOf('pulled.yaml')).toEqual(pulled);
  const mounted = '"phase" (mounted.yaml:2) means nothing without an image';
  expect(await warningsOf('mounted.yaml')).toEqual([`${mounted} and is ignored.`]);
  expect(await warningsOf('pulled.yaml\nmounted.yaml')).toEqual([...pulled, `${mounted} (filter "c") and is ignored.`]);
  // The input is for all of them, and c has a use for it.
  expect(await warningsOf('pulled.yaml\nmounted.yaml', { 'mount-path': '/f' })).toHaveLength(3);
  expect(await warningsOf('pulled.yaml', { 'mount-path': '/f' })).toContainEqual(
    '"shrink" (pulled.yaml:3) and the input "mount-path" mean nothing where proxies pull an image (filters "a" and "b") and are ignored.',
  );
});

describe('an image', () => {
  const image = 'oci://ghcr.io/me/add-header:v1';
  const module = { ...filterModule(1), source: expect.objectContaining({ given: image, pinned: PINNED }) };

  test('is the filter of a deployment, and gives it its name', async () => {
    const made = await requestFor({ filter: image });
    expect(made.filters[0]?.module).toEqual(module);
    expect(requestOf(made)).toMatchObject({ filters: [{ name: 'add-header', module }] });
  });

  test('of "status" is what workloads are compared with', async () => {
    expect(requestOf(await makeFrom({ ...COMPLETE, command: 'status', filter: image }))).toMatchObject({
      scopes: [{ tagged: { module, onNewDigest: 'deploy' } }],
    });
  });

  test('that "status" cannot get is a warning', async () => {
    const made = await makeFrom({ ...COMPLETE, command: 'status', filter: 'oci://ghcr.io/me/other:v1' });
    expect(requestOf(made)).not.toHaveProperty('module');
    expect(warningTexts(made.warnings)).toEqual([
      expect.stringMatching(/^Whether the tag has moved is unknown: .*is not there\.$/),
    ]);
  });

  test('is not asked for by "remove"', async () => {
    const made = await makeFrom({ ...COMPLETE, command: 'remove', filter: 'oci://ghcr.io/me/other:v1' });
    expect(requestOf(made)).toMatchObject({ scopes: [{ filter: 'other' }] });
  });
});

test('everything that is wrong is told, and what could be read is kept to be looked up', async () => {
  const request = await requestFor({
    filter: 'missing.wasm',
    'targets-file': 'missing.yaml',
    port: 'x',
    kubeconfig: 'x',
  });
  expect(messagesOf(request).map((message) => message.split(/:? (?:is|cannot) /)[0])).toEqual([
    'input "port"',
    'filter "missing.wasm"',
    'targets-file "missing.yaml"',
  ]);
  expect(problemsIn(request.clusters)).toMatchObject([{ kind: 'kubeconfig', subject: 'input "kubeconfig"' }]);
  expect(targetsIn(request)).toEqual(['default/reviews']);
});

describe('the kubeconfig', () => {
  const without = { kubeconfig: ' \n' };

  test('of the input goes before KUBECONFIG', async () => {
    expect(accessOf(await requestFor({}, { KUBECONFIG: '/home/me/test' })).context).toBe('prod');
  });

  test('comes from the file that KUBECONFIG names', async () => {
    expect(accessOf(await requestFor(without, { KUBECONFIG: '/home/me/test' })).context).toBe('test');
  });

  test('comes from several files, merged, and the input "context" chooses', async () => {
    const environment = { KUBECONFIG: ['/home/me/test', '', '/home/me/prod'].join(delimiter) };
    expect(accessOf(await requestFor(without, environment)).context).toBe('test');
    const made = await requestFor({ ...without, context: 'prod' }, environment);
    expect(accessOf(made)).toMatchObject({ context: 'prod', server: 'https://prod.example' });
  });

  test('of a list are the files that are there, as with kubectl; where none is, each is named', async () => {
    const environment = { KUBECONFIG: ['/a', '/home/me/prod', '/b', '/home/me/prod'].join(delimiter) };
    expect(accessOf(await requestFor(without, environment)).context).toBe('prod');
    const none = { KUBECONFIG: ['/a', '/b'].join(delimiter) };
    const remedy =
      'Write the kubeconfig to that path in an earlier step, or pass its content in the input "kubeconfig". Files in KUBECONFIG that do not exist are skipped, but here none exists.';
    expect(problemsIn((await requestFor(without, none)).clusters).map(describeProblem)).toEqual([
      `kubeconfig file "/a" cannot be read: there is no such file. ${remedy}`,
      `kubeconfig file "/b" cannot be read: there is no such file. ${remedy}`,
    ]);
  });

  test.each([
    ['YAML', kubeconfig('secret-name')],
    ['YAML in lines', 'apiVersion: v1\nusers:\n- name: secret-name\n'],
    ['base64', Buffer.from(kubeconfig('secret-name')).toString('base64')],
    [
      'base64 that is cut off',
      Buffer.from(`apiVersion: v1\nusers: secret-name${'x'.repeat(99)}`)
        .toString('base64')
        .slice(0, 90),
    ],
  ])('as content of KUBECONFIG is recognised and never printed: %s', async (_, content) => {
    const request = await requestFor(without, { KUBECONFIG: content });
    const problems = problemsIn(request.clusters);
    expect(problems.map(describeProblem)).toEqual([
      'variable KUBECONFIG holds the content of a kubeconfig; it must hold the path of a file. Pass the content in the input "kubeconfig", and leave the variable out.',
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/secret-name|c2VjcmV0/);
  });

  test('is never one that nobody named', async () => {
    for (const environment of [{}, { KUBECONFIG: '' }, { HOME: '/home/me', KUBERNETES_SERVICE_HOST: '10.0.0.1' }]) {
      const [problem] = problemsIn((await requestFor(without, environment)).clusters);
      expect(problem?.message).toBe('is empty, and the environment variable KUBECONFIG is not set.');
      expect(problem?.remedy).toContain('if Dependabot started the run, or a pull request from a fork');
    }
  });

  test('that is wrong does not make the request wrong: its problem comes with the access', async () => {
    const { request, clusters } = await requestFor({ context: 'nowhere' });
    expect(request.ok).toBe(true);
    expect(clusters.ok).toBe(false);
  });
});

test.each<[Environment, string]>([
  [{}, 'local'],
  [{ GITHUB_REPOSITORY: 'o/r' }, 'local'],
  [{ GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '12', GITHUB_RUN_ATTEMPT: '3' }, 'o/r/12/3'],
  [{ GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '12' }, 'o/r/12/1'],
  [{ GITHUB_RUN_ID: '12' }, '12/1'],
])('in %j the run is called %s', async (environment, run) => {
  const { request } = await requestFor({}, environment);
  expect(request).toMatchObject({ ok: true, request: { run } });
});

test.each(['deploy', 'status', 'render'])('%s without any check of certificates is refused', async (command) => {
  const made = await makeFrom({ ...COMPLETE, command }, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  expect(problemsIn(made.request as never)).toEqual([
    expect.objectContaining({
      subject: 'variable NODE_TLS_REJECT_UNAUTHORIZED',
      remedy: expect.stringContaining('Remove it.'),
    }),
  ]);
  const checked = await makeFrom({ ...COMPLETE, command }, { NODE_TLS_REJECT_UNAUTHORIZED: '1' });
  expect(checked.request.ok).toBe(true);
});
