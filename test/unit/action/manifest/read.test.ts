import { matchesGlob } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { type FiltersRead, readFilters } from '../../../../src/action/manifest/read.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import type { Given } from '../inputs/reading.ts';

type Files = Readonly<Record<string, string>>;

const readOf = async (files: Files, given: Given = {}): Promise<FiltersRead> => {
  const inputs: Readonly<Record<string, string>> = { manifest: Object.keys(files).join('\n'), ...given };
  const readInput = (name: string): string => inputs[name] ?? '';
  return readFilters(readInputs(readInput), readInput, {
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) return Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));
      return Promise.resolve(Buffer.from(text));
    },
    findFiles: async (pattern) => Object.keys(files).filter((file) => matchesGlob(file, pattern)),
  });
};
const messagesOf = ({ problems }: FiltersRead): string[] => [...new Set(problems.map(describeProblem))];
const good = async (files: Files, given: Given = {}): Promise<FiltersRead['filters']> => {
  const read = await readOf(files, given);
  expect(messagesOf(read)).toEqual([]);
  return read.filters;
};
const manifest = (...filters: readonly string[]): string =>
  `version: 1\nfilters:\n${filters.map((filter) => `  - ${filter}\n`).join('')}`;
const ONE = manifest('{ filter: auth.wasm, targets: [ deployment/a ] }');

test('a filter of a manifest means what the same inputs mean', async () => {
  const files = {
    'mesh/filters.yaml': manifest(
      '{ filter: auth.wasm, name: auth-2, root-id: r, configuration: { a: 1 }, direction: outbound, port: 80, fail-policy: reload, reload-backoff: 5s, environment: { A: 1 }, capabilities: [ proxy_log ], insert: first, order: 5, check: off, adopt: [ x ], expires: 7d, namespace: shop, targets: [ deployment/a ] }',
    ),
  };
  const given: Given = {
    filter: 'mesh/auth.wasm',
    name: 'auth-2',
    'root-id': 'r',
    configuration: '{"a":1}',
    direction: 'outbound',
    port: '80',
    'fail-policy': 'reload',
    'reload-backoff': '5s',
    environment: 'A: 1',
    capabilities: 'proxy_log',
    insert: 'first',
    order: '5',
    check: 'off',
    adopt: 'x',
    expires: '7d',
    namespace: 'shop',
    targets: '["deployment/a"]',
  };
  const [filter] = await good(files);
  expect(filter?.inputs).toEqual(readInputs((name) => given[name as keyof Given] ?? '').own?.inputs);
});

describe('which value counts', () => {
  const files = {
    'a.yaml': `version: 1\ndefaults: { port: 80, namespace: a }\nfilters:\n  - { filter: a.wasm, port: 81 }\n  - { filter: b.wasm, namespace: }\n`,
    'b.yaml': 'version: 1\nfilters: [ { filter: c.wasm } ]',
  };

  test("the filter's, its file's, the input's", async () => {
    const filters = await good(files, { targets: '- deployment/x', order: '7' });
    expect(filters.map(({ inputs: { settings, namespaces } }) => [settings.port, settings.order, namespaces])).toEqual([
      [81, 7, ['a']],
      [80, 7, []],
      [undefined, 7, []],
    ]);
  });

  test('two that differ are told, with both places', async () => {
    expect(messagesOf(await readOf(files, { targets: '- deployment/x', port: '81' }))).toEqual([
      'a.yaml:2:19: defaults.port says something else than the input "port". Keep it in one of the two places, or write the same in both.',
    ]);
    const same = { 'a.yaml': manifest('{ filter: a.wasm, port: 81, targets: [ deployment/a ] }') };
    expect(messagesOf(await readOf(same, { port: ' 81 ', 'fail-policy': 'closed' }))).toEqual([]);
  });

  test('what an input gets wrong is told once, of the input', async () => {
    expect(messagesOf(await readOf(files, { targets: '- deployment/x', 'root-id': 'r', insert: 'last' }))).toEqual([
      expect.stringMatching(/^input "insert" has the unknown place "last"/),
    ]);
  });
});

describe('together with the input "filter"', () => {
  test('the inputs are one more filter, and only their namespace is for all', async () => {
    const given = { filter: 'own.wasm', targets: '- deployment/own', port: '80', namespace: 'shop' };
    const filters = await good({ 'a.yaml': ONE }, given);
    expect(filters.map(({ inputs: { name, settings, namespaces } }) => [name, settings.port, namespaces])).toEqual([
      ['auth', undefined, ['shop']],
      ['own', 80, ['shop']],
    ]);
  });

  test('names differ', async () => {
    const own = { filter: 'x/auth.wasm', targets: '- deployment/own' };
    expect(messagesOf(await readOf({ 'a.yaml': ONE }, own))).toEqual([
      'input "name" is "auth", which is the name of another filter already: a.yaml:3:5: filters[0].name. Give each filter a name of its own.',
    ]);
    const twice = { 'a.yaml': ONE, 'b.yaml': manifest('{ filter: f.wasm, name: auth, targets: [ deployment/a ] }') };
    expect(messagesOf(await readOf(twice))).toEqual([
      expect.stringMatching(/^b\.yaml:3:29: filters\[0\]\.name is "auth"/),
    ]);
  });
});

describe('the input "name"', () => {
  const files = { 'a.yaml': manifest('{ filter: auth.wasm }', '{ filter: limits.wasm }') };
  const names = (filters: FiltersRead['filters']): string[] => filters.map(({ inputs }) => inputs.name);

  test.each(['check', 'status', 'remove'])('chooses filters for %s', async (command) => {
    expect(names(await good(files, { command }))).toEqual(['auth', 'limits']);
    expect(names(await good(files, { command, name: 'limits' }))).toEqual(['limits']);
    for (const name of ['limits, auth', 'auth\nlimits\n', 'limits auth limits']) {
      expect(names(await good(files, { command, name }))).toEqual(['auth', 'limits']);
    }
    const none = await readOf(files, { command, name: 'limit' });
    expect(none.filters).toEqual([]);
    expect(messagesOf(none)).toEqual([
      'input "name" is "limit", which no manifest has. Did you mean "limits"? There are auth and limits.',
    ]);
    const some = await readOf(files, { command, name: 'auth, No' });
    expect(names(some.filters)).toEqual(['auth']);
    expect(messagesOf(some)).toEqual(['input "name" has "No", which no manifest has. There are auth and limits.']);
  });

  test('says nothing of what is wrong with the filters that it leaves out', async () => {
    const bad = { 'a.yaml': manifest('{ filter: auth.wasm }', '{ filter: limits.wasm, port: 0 }') };
    expect(names(await good(bad, { command: 'check', name: 'auth' }))).toEqual(['auth']);
    expect(messagesOf(await readOf(bad, { command: 'check', name: 'limits' }))).toHaveLength(1);
  });

  test.each(['deploy', 'plan', 'render'])(
    'chooses none for %s: the order of filters is that of all',
    async (command) => {
      expect(messagesOf(await readOf({ 'a.yaml': ONE }, { command, name: 'auth' }))).toEqual([
        expect.stringMatching(
          /^input "name" is set, but "command: \w+" is about every filter of the manifest: the order/,
        ),
      ]);
    },
  );
});

test('a merge key is refused once wherever it stands, and what it takes over is not missing', async () => {
  const text = `version: 1
defaults: { <<: { fail-policy: open } }
filters:
  - &one { name: a, filter: f.wasm, namespace: shop, targets: [ deployment/x ] }
  - { <<: *one, name: b, namespace: other }
  - { <<: [ { port: 0 }, *one ], name: c }
  - name: d
    filter: f.wasm
    targets: [ { <<: { name: x, namespace: third }, kind: deployment } ]
`;
  const read = await readOf({ 'a.yaml': text }, { command: 'plan' });
  expect(messagesOf(read).map((message) => message.split(' Write')[0])).toEqual([
    'a.yaml:2:13: defaults has the merge key "<<", which is not read.',
    'a.yaml:5:7: filters[1] has the merge key "<<", which is not read.',
    'a.yaml:6:7: filters[2] has the merge key "<<", which is not read.',
    'a.yaml:9:18: filters[3].targets[0] has the merge key "<<", which is not read.',
    // Said of what would be taken over, too.
    'a.yaml:6:21: filters[2].port is "0". A port is a whole number from 1 to 65535; leave it out for all ports.',
  ]);
  expect(read.filters.map(({ inputs, isValid }) => [inputs.namespaces, isValid])).toEqual([
    [['shop'], false],
    [['other'], false],
    [['shop'], false],
    [[], false],
  ]);
});

describe('what is wrong with a value is told where it stands', () => {
  test.each([
    ['fail-policy: opne', 'filters[0].fail-policy has the unknown value "opne". Did you mean open?'],
    ['port: 99999', 'filters[0].port is "99999".'],
    ['environment: [ a ]', 'filters[0].environment is not a mapping of variables.'],
    ['name: A_B', 'filters[0].name is "A_B", which cannot name Kubernetes objects.'],
    ['attestation: nobody', 'filters[0].attestation has the repository "nobody".'],
    ['push-to: a b', 'filters[0].push-to is not'],
  ])('%s', async (pair, expected) => {
    const text = manifest(`{ filter: f.wasm, targets: [ deployment/reviews ], ${pair} }`);
    const [problem] = (await readOf({ 'a.yaml': text })).problems;
    const column = text.split('\n')[2]?.lastIndexOf(': ') ?? 0;
    expect(problem?.at).toEqual({ file: 'a.yaml', line: 3, column: column + 3 });
    expect(describeProblem(problem ?? { kind: 'input', message: '' })).toContain(`a.yaml:3:${column + 3}: ${expected}`);
  });

  test('what is missing is told of the filter', async () => {
    expect(messagesOf(await readOf({ 'a.yaml': manifest('{ name: auth }') }))).toEqual([
      expect.stringMatching(/^a\.yaml:3:5: filters\[0\]\.filter is missing\./),
      expect.stringMatching(/^a\.yaml:3:5: filters\[0\]\.targets is missing\./),
    ]);
  });
});

describe('files', () => {
  const files = {
    'mesh/b.yaml': ONE,
    'mesh/a.yaml': ONE.replace('auth', 'limits'),
    'x.yaml': ONE.replace('auth', 'x'),
  };
  const names = async (patterns: string): Promise<string[]> =>
    (await good(files, { manifest: patterns })).map(({ inputs }) => inputs.name);

  test('are read in the order of the lines, those of a pattern by name, each once', async () => {
    expect(await names('x.yaml\nmesh/*.yaml\n./mesh/a.yaml')).toEqual(['x', 'limits', 'auth']);
    expect(await names('mesh/{b,a}.yaml')).toEqual(['limits', 'auth']);
  });

  test.each([
    ['none/*.yaml', 'input "manifest" has the pattern "none/*.yaml", which no file of the workspace matches.'],
    ['none.yaml', 'input "manifest": "none.yaml" cannot be read: there is no such file.'],
  ])('that are not there are a problem: %s', async (pattern, expected) => {
    expect(messagesOf(await readOf(files, { manifest: pattern }))).toEqual([expect.stringContaining(expected)]);
  });
});

test('a login is not shown to several registries', async () => {
  const text = manifest(
    '{ filter: "oci://a.example/f:v1", name: a, targets: [ deployment/a ] }',
    '{ filter: "oci://b.example/f:v1", name: b, targets: [ deployment/a ] }',
  );
  const login = { 'registry-username': 'me', 'registry-password': 'secret' };
  expect(messagesOf(await readOf({ 'a.yaml': text }, login))).toEqual([
    expect.stringMatching(
      /^input "registry-username" is a login for one registry, and the filters name a\.example and b\.example\./,
    ),
  ]);
  expect(messagesOf(await readOf({ 'a.yaml': text.replace('b.example', 'a.example') }, login))).toEqual([]);
});
