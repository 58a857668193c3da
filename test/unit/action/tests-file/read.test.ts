import { describe, expect, test } from '@jest/globals';
import { inputPlace } from '../../../../src/action/inputs/reader.ts';
import { parseManifest } from '../../../../src/action/manifest/parse.ts';
import { testsReader } from '../../../../src/action/tests-file/read.ts';
import { FileError } from '../../../../src/base/files.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { goodInputs } from '../inputs/reading.ts';

type Read = ReturnType<typeof testsReader>;

const one = (name: string): string => `- { name: ${name}, expect: { response: { status: 200 } } }\n`;

const FILES: Readonly<Record<string, string>> = {
  'tests/a.yaml': one('a') + one('b'),
  'tests/c.yaml': one('c'),
  'tests/again.yaml': one('a'),
  'tests/bad.yaml': '- { name: d }\n',
};

const reads: string[] = [];
const reader = (): Read =>
  testsReader({
    readFile: async (path) => {
      reads.push(path);
      const text = FILES[path];
      if (text === undefined) throw new FileError('there is no such file', 'Look.');
      return Buffer.from(text);
    },
    findFiles: async (pattern) => (pattern === 'tests/[ac].yaml' ? ['tests/c.yaml', 'tests/a.yaml'] : []),
  });

async function read(tests: { list?: string; files?: readonly string[] }, by: Read = reader()): Promise<string[]> {
  const { list = '', files = [] } = tests;
  const found = await by({ inputs: { ...goodInputs({}), tests: { list, files } }, place: inputPlace });
  return found.ok ? found.value.map((each) => each.test.name) : found.problems.map(describeProblem);
}

describe('the tests of a filter', () => {
  test('are those of the input, then those of its files, in their order', async () => {
    expect(await read({ list: one('x'), files: ['tests/[ac].yaml'] })).toEqual(['x', 'a', 'b', 'c']);
    expect(await read({})).toEqual([]);
  });

  test('of several filters are read once from a file', async () => {
    const by = reader();
    expect(await read({ files: ['tests/a.yaml'] }, by)).toEqual(await read({ files: ['tests/a.yaml'] }, by));
  });

  test.each([
    [
      { files: ['tests/none.yaml'] },
      'input "tests-file": "tests/none.yaml" cannot be read: there is no such file. Look.',
    ],
    [
      { files: ['other/*.yaml'] },
      'input "tests-file" has the pattern "other/*.yaml", which no file of the workspace matches.',
    ],
    [
      { files: ['tests/a.yaml', 'tests/again.yaml'] },
      'tests/again.yaml:1:3: [0] has the name "a", which another test has already: tests/a.yaml:1:3: [0]. Give each test a name of its own.',
    ],
    [{ list: '- { name: d }', files: ['tests/a.yaml'] }, 'input "tests", line 1, column 3: [0] expects nothing'],
    [{ files: ['tests/bad.yaml'] }, 'tests/bad.yaml:1:3: [0] expects nothing'],
  ])('%j: a mistake leaves none', async (tests, expected) => {
    const found = await read(tests);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });
});

test('a manifest has them with their lines, and paths from its folder', async () => {
  const text = `version: 1
filters:
  - filter: a.wasm
    tests-file: [ tests/a.yaml, '../x/*.yaml' ]
    tests:
      - name: x
        repeat: 0
`;
  const parsed = parseManifest('filters/shop.yaml', text);
  const values = parsed.ok ? parsed.value.filters[0]?.values : undefined;
  expect(values?.get('tests-file')?.text).toBe('filters/tests/a.yaml\nx/*.yaml');
  const given = values?.get('tests');
  if (given?.node === undefined) throw new Error('no node');
  const { node, place } = given;
  const found = await reader()({
    inputs: { ...goodInputs({}), tests: { list: given.text, files: [] } },
    place: inputPlace,
    testList: { node, file: place.at.file, path: place.path },
  });
  expect(found.ok ? [] : found.problems.map(describeProblem)).toEqual([
    expect.stringContaining('filters/shop.yaml:7:17: filters[0].tests[0].repeat is 0.'),
    expect.stringContaining('filters/shop.yaml:6:9: filters[0].tests[0] expects nothing'),
  ]);
});
