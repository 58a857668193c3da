import { delimiter } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Draft, type Environment, makeDraft } from '../../../src/action/draft.ts';
import { readInputs } from '../../../src/action/inputs.ts';
import { describeProblem } from '../../../src/base/problem.ts';
import type { ReadFile } from '../../../src/filter/load.ts';
import { filterModule, must, problemsIn, wasm } from '../builders.ts';

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
  'broken.yaml': '- [deployment/a',
  '/home/me/prod': kubeconfig('prod', 'shop'),
  '/home/me/test': kubeconfig('test'),
};
const readFile: ReadFile = (path) => {
  const content = FILES[path];
  if (content === undefined) return Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));
  return Promise.resolve(Buffer.from(content));
};

type Given = Readonly<Record<string, string>>;
const COMPLETE: Given = { filter: 'f.wasm', targets: '- deployment/reviews', kubeconfig: kubeconfig('prod', 'shop') };

const draftOf = (over: Given = {}, environment: Environment = {}): Promise<Draft> => {
  const given = { ...COMPLETE, ...over };
  return makeDraft(
    readInputs((name) => given[name] ?? ''),
    readFile,
    environment,
  );
};
const targetsIn = ({ draft }: Draft): string[] =>
  (draft.ok ? draft.request.filters.flatMap(({ targets }) => targets) : draft.targets).map((entry) =>
    entry.type === 'named' ? `${entry.workload.namespace}/${entry.workload.name}` : entry.selector.text,
  );
const complaintsOf = ({ draft }: Draft): string[] => (draft.ok ? [] : draft.problems.map(describeProblem));

test('complete inputs give a request and the access to the cluster', async () => {
  const { draft, access, module } = await draftOf({ timeout: '5m', wait: 'false' });
  expect(module).toEqual(filterModule());
  expect(must(access)).toMatchObject({ context: 'prod', server: 'https://prod.example' });
  expect(draft).toMatchObject({
    ok: true,
    request: { run: 'local', wait: false, timeoutMs: 300_000, filters: [{ name: 'f', settings: { vmId: 'f' } }] },
  });
});

describe('the namespace of entries that name none is', () => {
  test.each<[string, Given, string]>([
    ['the input, before all else', { namespace: 'mine' }, 'mine'],
    ['that of the context', {}, 'shop'],
    ['default where the context names none', { kubeconfig: kubeconfig('prod') }, 'default'],
    ['default where there is no kubeconfig', { kubeconfig: '' }, 'default'],
  ])('%s', async (_, over, namespace) => {
    expect(targetsIn(await draftOf(over))).toEqual([`${namespace}/reviews`]);
  });
});

describe('targets', () => {
  test('come from the input, then from the file', async () => {
    expect(targetsIn(await draftOf({ 'targets-file': 'targets.yaml' }))).toEqual(['shop/reviews', 'shop/from-file']);
    expect(targetsIn(await draftOf({ targets: '', 'targets-file': 'targets.yaml' }))).toEqual(['shop/from-file']);
  });

  test('each entry says where it stands', async () => {
    const { draft } = await draftOf({ 'targets-file': 'targets.yaml' });
    const origins = draft.ok ? draft.request.filters[0]?.targets.map(({ origin }) => origin) : [];
    expect(origins).toEqual(['targets, entry 1', 'targets-file "targets.yaml", entry 1']);
  });

  test.each([
    ['missing.yaml', 'targets-file "missing.yaml": cannot be read: there is no such file.'],
    ['broken.yaml', 'targets-file "broken.yaml": is not valid YAML'],
  ])('a file that cannot be used: %s', async (file, complaint) => {
    const draft = await draftOf({ 'targets-file': file });
    expect(complaintsOf(draft)).toEqual([expect.stringContaining(complaint)]);
    expect(targetsIn(draft)).toEqual(['shop/reviews']);
  });
});

describe('the filter', () => {
  test.each([
    ['missing.wasm', 'filter "missing.wasm": cannot be read: there is no such file.'],
    ['bad.wasm', 'filter "bad.wasm": is not a WebAssembly module.'],
  ])('%s', async (filter, complaint) => {
    const draft = await draftOf({ filter });
    expect(complaintsOf(draft)).toEqual([expect.stringContaining(complaint)]);
    expect(draft.module).toBeUndefined();
  });
});

test('everything that is wrong is told, and what could be read is kept to be looked up', async () => {
  const draft = await draftOf({ filter: 'missing.wasm', 'targets-file': 'missing.yaml', port: 'x', kubeconfig: 'x' });
  expect(complaintsOf(draft).map((complaint) => complaint.split(':')[0])).toEqual([
    'input "port"',
    'filter "missing.wasm"',
    'targets-file "missing.yaml"',
  ]);
  expect(problemsIn(draft.access)).toMatchObject([{ kind: 'kubeconfig', subject: 'input "kubeconfig"' }]);
  expect(targetsIn(draft)).toEqual(['default/reviews']);
});

describe('the kubeconfig', () => {
  const without = { kubeconfig: ' \n' };

  test('of the input goes before KUBECONFIG', async () => {
    expect(must((await draftOf({}, { KUBECONFIG: '/home/me/test' })).access).context).toBe('prod');
  });

  test('comes from the file that KUBECONFIG names', async () => {
    expect(must((await draftOf(without, { KUBECONFIG: '/home/me/test' })).access).context).toBe('test');
  });

  test('comes from several files, merged, and the input "context" chooses', async () => {
    const environment = { KUBECONFIG: ['/home/me/test', '', '/home/me/prod'].join(delimiter) };
    expect(must((await draftOf(without, environment)).access).context).toBe('test');
    const { access } = await draftOf({ ...without, context: 'prod' }, environment);
    expect(must(access)).toMatchObject({ context: 'prod', secrets: ['token-of-prod'] });
  });

  test('of a file that is not there is a problem that names the file', async () => {
    const environment = { KUBECONFIG: ['/a', '/home/me/prod', '/b'].join(delimiter) };
    const problems = problemsIn((await draftOf(without, environment)).access);
    expect(problems.map(describeProblem)).toEqual([
      'kubeconfig file "/a": cannot be read: there is no such file.',
      'kubeconfig file "/b": cannot be read: there is no such file.',
    ]);
  });

  test('is never one that nobody named', async () => {
    for (const environment of [{}, { KUBECONFIG: '' }, { HOME: '/home/me', KUBERNETES_SERVICE_HOST: '10.0.0.1' }]) {
      const [problem] = problemsIn((await draftOf(without, environment)).access);
      expect(problem?.message).toBe('is empty, and the environment variable KUBECONFIG is not set.');
      expect(problem?.remedy).toContain('pull requests from forks');
    }
  });

  test('that is wrong does not make the request wrong: its problem comes with the access', async () => {
    const { draft, access } = await draftOf({ context: 'nowhere' });
    expect(draft.ok).toBe(true);
    expect(access.ok).toBe(false);
  });
});

test.each<[Environment, string]>([
  [{}, 'local'],
  [{ GITHUB_REPOSITORY: 'o/r' }, 'local'],
  [{ GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '12', GITHUB_RUN_ATTEMPT: '3' }, 'o/r/12/3'],
  [{ GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '12' }, 'o/r/12/1'],
  [{ GITHUB_RUN_ID: '12' }, '12/1'],
])('in %j the run is called %s', async (environment, run) => {
  const { draft } = await draftOf({}, environment);
  expect(draft).toMatchObject({ ok: true, request: { run } });
});
