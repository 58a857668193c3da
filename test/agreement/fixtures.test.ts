import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mapLimited } from '../../src/base/concurrency.ts';
import { agreementOf, compare, type Proxies } from './compare.ts';
import { type ComparedChapter, renderDocument } from './document.ts';
import type { Chapter } from './fixture.ts';
import { BEHAVIOUR_CHAPTERS } from './fixtures-behaviour.ts';
import { ENGINE_CHAPTERS } from './fixtures-engine.ts';
import { MODULE_CHAPTERS } from './fixtures-module.ts';
import { startUpstream, type Upstream } from './http.ts';
import { givenProxies } from './proxies.ts';
import { realFilters } from './real-filters.ts';

const DOCUMENT = new URL('../../docs/agreement.md', import.meta.url);
const PARALLEL = 3;

let upstream: Upstream;
let proxies: Proxies;
let folder: string;
let chapters: readonly ComparedChapter[];

beforeAll(async () => {
  upstream = await startUpstream();
  proxies = givenProxies(upstream.port);
  folder = await mkdtemp(join(tmpdir(), 'agreement-'));
  chapters = await compareAll([
    await realFilters(folder),
    ...MODULE_CHAPTERS,
    ...BEHAVIOUR_CHAPTERS,
    ...ENGINE_CHAPTERS,
  ]);
}, 600_000);

afterAll(async () => {
  await upstream?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

async function compareAll(wanted: readonly Chapter[]): Promise<ComparedChapter[]> {
  const all = wanted.flatMap(({ title, fixtures }) => fixtures.map((fixture) => ({ title, fixture })));
  const compared = await mapLimited(all, PARALLEL, async ({ title, fixture }) => ({
    title,
    comparison: await compare(fixture, proxies),
  }));
  return wanted.map(({ title }) => ({
    title,
    comparisons: compared.filter((one) => one.title === title).map(({ comparison }) => comparison),
  }));
}

const filtersThat = (agree: string): string[] =>
  chapters.flatMap(({ comparisons }) =>
    comparisons.filter((comparison) => agreementOf(comparison) === agree).map(({ fixture }) => fixture.name),
  );

test('nothing that Envoy takes is refused, and nothing that it refuses is passed', () => {
  expect(filtersThat('no')).toEqual([]);
});

test('what the trial run can say nothing of', () => {
  expect(filtersThat('left')).toEqual([]);
});

test('docs/agreement.md is what was found', async () => {
  const document = renderDocument(chapters, proxies);
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(DOCUMENT, document);
  expect(document).toBe(await readFile(DOCUMENT, 'utf8'));
});
