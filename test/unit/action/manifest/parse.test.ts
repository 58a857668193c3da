import { describe, expect, test } from '@jest/globals';
import { parseManifest } from '../../../../src/action/manifest/parse.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { isSlow } from '../../../harness/expressions/growth.ts';

const FILE = 'mesh/filters.yaml';

const messagesOn = (text: string): string[] => {
  const parsed = parseManifest(FILE, text);
  return parsed.ok ? [] : parsed.problems.map(describeProblem);
};
/** The texts of the filters' values, as inputs would have them. */
const valuesIn = (text: string): Record<string, string>[] => {
  const parsed = parseManifest(FILE, text);
  if (!parsed.ok) throw new Error(messagesOn(text).join('\n'));
  return parsed.value.filters.map(({ values }) =>
    Object.fromEntries([...values].map(([key, value]) => [key, value.text])),
  );
};
const FILTER = 'version: 1\nfilters:\n  - filter: f.wasm\n';

describe('a value', () => {
  test.each<[string, string, string]>([
    ['configuration', '{ header: x, n: [1, true, null] }', '{"header":"x","n":[1,true,null]}'],
    ['configuration', '"a: b\\n"', 'a: b\n'],
    ['configuration', '0x10', '0x10'],
    ['port', '8080', '8080'],
    ['order', '-10', '-10'],
    ['sha256', '0123456789', '0123456789'],
    ['root-id', '1e3', '1e3'],
    ['allow-precompiled', 'true', 'true'],
    ['log-level', 'info', 'info'],
    ['environment', '{ A: 1, B: { from: proxy } }', '{"A":1,"B":{"from":"proxy"}}'],
    ['environment', '{ A: "\\x7f" }', '{"A":"\\u007f"}'],
    ['capabilities', '[ proxy_log, proxy_on_log ]', '["proxy_log","proxy_on_log"]'],
    ['capabilities', 'proxy_log proxy_on_log', 'proxy_log proxy_on_log'],
    ['adopt', 'true', 'true'],
    ['adopt', '[ by-hand, shop/other#x ]', 'by-hand\nshop/other#x'],
    [
      'targets',
      '[ deployment/a, { kind: deployment, name: 404 } ]',
      '["deployment/a",{"kind":"deployment","name":404}]',
    ],
    ['fail-policy', 'null', ''],
    ['port', '', ''],
    ['targets-file', 'lists/all.yaml', 'mesh/lists/all.yaml'],
    ['targets-file', '../all.yaml', 'all.yaml'],
  ])('of %s: %s', (key, yaml, text) => {
    expect(valuesIn(`${FILTER}    ${key}: ${yaml}\n`)[0]?.[key]).toBe(text);
  });

  test.each([
    ['build/f.wasm', 'mesh/build/f.wasm'],
    ['/tmp/f.wasm', '/tmp/f.wasm'],
    ['oci://registry.example/f:v1', 'oci://registry.example/f:v1'],
    ['https://a.example/f.wasm', 'https://a.example/f.wasm'],
  ])('of filter: %s', (path, text) => {
    expect(valuesIn(`version: 1\nfilters: [ { filter: "${path}" } ]`)[0]?.filter).toBe(text);
  });
});

describe('defaults', () => {
  test('are those of every filter that has none of its own', () => {
    const text = `version: 1
defaults: { namespace: shop, port: 80, targets: [ deployment/all ] }
filters:
  - { filter: a.wasm }
  - { filter: b.wasm, port: 81, targets-file: list.yaml }
`;
    expect(valuesIn(text)).toEqual([
      { filter: 'mesh/a.wasm', namespace: 'shop', port: '80', targets: '["deployment/all"]' },
      { filter: 'mesh/b.wasm', namespace: 'shop', port: '81', 'targets-file': 'mesh/list.yaml' },
    ]);
  });

  test.each(['name', 'filter', 'sha256', 'push-to'])('have no %s', (key) => {
    const messages = messagesOn(`version: 1\ndefaults: { ${key}: x }\nfilters: [ { filter: f.wasm } ]`);
    expect(messages).toEqual([
      expect.stringContaining(`mesh/filters.yaml:2:13: defaults has the unknown key "${key}".`),
    ]);
  });
});

describe('anchors and aliases', () => {
  test('stand for what they name', () => {
    const text = `version: 1
filters:
  - { filter: a.wasm, targets: &all [ deployment/a ] }
  - { filter: b.wasm, targets: *all }
`;
    expect(valuesIn(text).map(({ targets }) => targets)).toEqual(['["deployment/a"]', '["deployment/a"]']);
  });

  test('that stand for too much are refused', () => {
    const lines = Array.from({ length: 9 }, (_, at) => `x${at + 1}: &x${at + 1} [${`*x${at}, `.repeat(9)}]`);
    expect(messagesOn(['x0: &x0 [a]', ...lines].join('\n'))).toEqual([
      expect.stringMatching(/^mesh\/filters\.yaml:1:1 has more than 500000 values when its aliases/),
    ]);
  });

  test('are no merge keys', () => {
    const text = 'version: 1\nfilters:\n  - { <<: { port: 80 }, filter: f.wasm }\n';
    expect(messagesOn(text)).toEqual([
      'mesh/filters.yaml:3:7: filters[0] has the merge key "<<", which is not read. Write the keys themselves; what filters have in common goes under "defaults".',
    ]);
  });
});

describe('what is wrong is told all at once, each with its place', () => {
  test('keys and forms', () => {
    const text = `version: 2
default: { port: 80 }
clusters: { staging: { contxt: s }, live: { wave: -1 } }
filters:
  - filter: f.wasm
    fail-polcy: open
    port: [ 80 ]
    targets: [ { name: a, kind: deployment, clusters: [ stagin ] } ]
  - just text
`;
    expect(messagesOn(text)).toEqual([
      'mesh/filters.yaml:2:1 has the unknown key "default". Did you mean "defaults"? Known keys are version, defaults, clusters and filters.',
      'mesh/filters.yaml:1:10: version is 2, which this version of the action does not know. Write "version: 1".',
      'mesh/filters.yaml:3:24: clusters.staging has the unknown key "contxt". Did you mean "context"? Known keys are context and wave.',
      expect.stringMatching(/^mesh\/filters\.yaml:3:51: clusters\.live\.wave is -1\. It is added/),
      expect.stringMatching(
        /^mesh\/filters\.yaml:6:5: filters\[0\] has the unknown key "fail-polcy"\. Did you mean "fail-policy"\?/,
      ),
      expect.stringMatching(
        /^mesh\/filters\.yaml:8:57: filters\[0\]\.targets\[0\]\.clusters names the unknown cluster "stagin"\. Did you mean "staging"\?/,
      ),
      expect.stringMatching(/^mesh\/filters\.yaml:7:11: filters\[0\]\.port is a list; it must be a number\./),
      expect.stringMatching(/^mesh\/filters\.yaml:9:5: filters\[1\] is "just text", which is not a mapping\./),
    ]);
  });

  test.each<[string, string, RegExp]>([
    ['nothing', '', /^mesh\/filters\.yaml:1:1 is empty\. Write a mapping/],
    ['no YAML', 'version: 1\nfilters: [', /^mesh\/filters\.yaml:\d+:\d+ is not valid YAML/],
    ['a list', '- a', /is \["a"\], which is not a mapping/],
    ['no filters', 'version: 1', /has no "filters"/],
    ['an empty list', 'version: 1\nfilters: []', /filters is \[\], which lists no filter/],
    ['no version', 'filters: [ { filter: f } ]', /has no "version"\. Write "version: 1"/],
    ['a key twice', 'version: 1\nversion: 1', /duplicated mapping key/],
  ])('%s', (_, text, expected) => {
    expect(messagesOn(text)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]));
  });
});

describe('clusters', () => {
  const entriesOf = (text: string): unknown[] => {
    const parsed = parseManifest(FILE, text);
    const values = parsed.ok ? parsed.value.filters[0]?.values : undefined;
    return (values?.get('targets')?.list?.places ?? []).map(({ clusters }) =>
      clusters?.map(({ context, wave }) => [context, wave]),
    );
  };

  test('are those of each target: the ones that it names, else all of the file', () => {
    const text = `version: 1
clusters: { staging: , live: { context: prod-eu, wave: 2 } }
filters:
  - filter: f.wasm
    targets: [ deployment/a, { kind: deployment, name: b, clusters: live }, { selector: a=b, clusters: [ staging ] } ]
`;
    expect(entriesOf(text)).toEqual([
      [
        ['staging', 0],
        ['prod-eu', 2],
      ],
      [['prod-eu', 2]],
      [['staging', 0]],
    ]);
  });

  test('are left to the run where the file names none', () => {
    expect(entriesOf(`${FILTER}    targets: [ deployment/a ]\n`)).toEqual([undefined]);
  });
});

describe('thousands of targets', () => {
  const entry = '      - { kind: deployment, name: w, port: 80 }\n';

  test('are read, each with its place', () => {
    const parsed = parseManifest(FILE, `${FILTER}    targets:\n${entry.repeat(10_000)}`);
    const targets = parsed.ok ? parsed.value.filters[0]?.values.get('targets') : undefined;
    expect(targets?.list?.places).toHaveLength(10_000);
    expect(targets?.list?.places[9_999]?.at).toEqual({ file: FILE, line: 10_004, column: 9 });
  });

  test('take no more than linear time', () => {
    const attack = { before: `${FILTER}    targets:\n`, pump: entry, behind: '' };
    expect(isSlow((text) => parseManifest(FILE, text), attack)).toBe(false);
  });
});

test.each([
  ['filters: [{ wave: 2 }]', 'filters[0] has the unknown key "wave". It belongs to a target, an entry of "targets".'],
  [
    'filters: [{ canary: 1 }]',
    'has the unknown key "canary". It belongs to the inputs of the workflow step, under "with".',
  ],
  ['filters: [{ context: a }]', 'has the unknown key "context". It belongs to a cluster, under "clusters".'],
  ['defaults: { sha256: a }', 'defaults has the unknown key "sha256". It belongs to a filter.'],
  ['delivery: image', 'has the unknown key "delivery". It belongs to the "defaults".'],
  ['clusters: { a: { port: 80 } }', 'clusters.a has the unknown key "port". It belongs to a filter.'],
])('a key that is read elsewhere is named with its place: %s', (text, said) => {
  expect(messagesOn(`version: 1\n${text}\n`)).toContainEqual(expect.stringContaining(said));
});

test('a key that is like none of many is told all of them', () => {
  const [message] = messagesOn('version: 1\nfilters: [{ zzzzzzzzzzzz: 1 }]\n');
  expect(message).toMatch(/Known keys are filter, sha256, .* and expires\.$/);
});

test('a filter is valid unless something is wrong with it, or with the rest of the file', () => {
  const validIn = (text: string): boolean[] => {
    const read = parseManifest('filters.yaml', text);
    return (read.ok ? read.value : read.partial).filters.map(({ isValid }) => isValid);
  };
  expect(validIn('version: 1\nfilters: [{ rootid: a }, { name: b }]')).toEqual([false, true]);
  expect(validIn('version: 1\ndefaults: { prt: 80 }\nfilters: [{ name: a }, { name: b }]')).toEqual([false, false]);
  expect(validIn('version: 1\nfilters: [{ port: [80] }, { name: b }]')).toEqual([false, true]);
});

test.each([
  ['a tab', 'version: 1\nfilters:\n\t- name: a\n', 'Indent with blanks: YAML takes no tabs there.'],
  ['a tab in the first line', '\tversion: 1\n', 'Indent with blanks: YAML takes no tabs there.'],
  ['a key twice', 'version: 1\nversion: 1\n', 'Keep one of the two keys.'],
  ['an open bracket', 'filters: [a, b', 'Close what is open: each "[" needs its "]", each "{" its "}".'],
  ['open quotes', 'version: "1', 'Close the quotes.'],
  ['what is open before the next line', 'filters: [a\nb: 1\n', 'Close the open bracket or quotes'],
  ['a name of nothing', 'version: *one\n', 'Put text that begins with "*" between quotes.'],
  ['wrong indentation', 'filters:\n   a: 1\n  b: 2\n', 'Indent the lines of a list or mapping equally'],
])('what helps against text that is no YAML depends on its cause: %s', (_, text, remedy) => {
  expect(messagesOn(text)).toEqual([expect.stringContaining(remedy)]);
});
