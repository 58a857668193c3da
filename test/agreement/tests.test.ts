import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mapLimited } from '../../src/base/concurrency.ts';
import { ALL_SHAPES } from '../unit/filter/tests/shapes/all.ts';
import type { Shape } from '../unit/filter/tests/shapes/shape.ts';
import { compareTests, type TestComparison } from './compare-tests.ts';
import type { Fixture } from './fixture.ts';
import { givenProxies } from './proxies.ts';
import { realFilters } from './real-filters.ts';
import { renderTestsDocument } from './tests-document.ts';

const DOCUMENT = new URL('../../docs/agreement-tests.md', import.meta.url);
const PARALLEL = 3;
const NO_UPSTREAM = 1;
const proxies = givenProxies(NO_UPSTREAM);
const programs = [proxies.newest, proxies.older];

let folder: string | undefined;
let own: readonly TestComparison[];
let examples: readonly TestComparison[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agreement-tests-'));
  const each = programs.flatMap((program) => ALL_SHAPES.map((shape) => ({ program, shape })));
  own = (
    await mapLimited(each, PARALLEL, ({ program, shape }) =>
      compareTests('a filter of its own', program, ownFilter(shape), [shape.test]),
    )
  ).flat();
  // The good one of each compiler, with every test of the others.
  const filters = (await realFilters(folder)).fixtures.filter(
    ({ header, name }) => header !== undefined && name.split(',').length === 2,
  );
  examples = (
    await mapLimited(
      programs.flatMap((program) => filters.map((filter) => ({ program, filter }))),
      PARALLEL,
      ({ program, filter }) =>
        compareTests(
          filter.name,
          program,
          filter,
          ALL_SHAPES.map(({ test: one }) => one),
        ),
    )
  ).flat();
}, 600_000);

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true });
});

function ownFilter({ test: _, fails: _fails, stops: _stops, ...filter }: Shape): Fixture {
  return { rootId: 'root', configuration: 'hello', ...filter };
}

const disagreements = (all: readonly TestComparison[]): string[] =>
  all
    .filter(({ ours, envoy }) => ours !== envoy)
    .map(({ filter, test: name, program, ours, envoy }) => `${filter}, ${name}: ${ours}, Envoy ${program}: ${envoy}`);

test('each test comes in Envoy to what it comes to here, with a filter made for it', () => {
  expect(disagreements(own)).toEqual([]);
});

test('and with every filter of the examples', () => {
  expect(disagreements(examples)).toEqual([]);
});

test('docs/agreement-tests.md is what was found', async () => {
  const document = renderTestsDocument(own, examples, programs);
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(DOCUMENT, document);
  expect(document).toBe(await readFile(DOCUMENT, 'utf8'));
});
