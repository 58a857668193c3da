import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeModule, runBundle } from '../harness/action.ts';
import { ADMIN_TOKEN } from '../harness/caller.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type Canaries, PLACES, type Place } from './canary-places.ts';

const PIECE = 12;

/** Text that looks random, but is the same in each run. */
const noise = (seed: string, length: number): string =>
  Array.from({ length: Math.ceil(length / 60) }, (_, at) =>
    createHash('sha512').update(`${seed}${at}`).digest('base64url'),
  )
    .join('')
    .slice(0, length);

const CANARIES: Canaries = {
  token: `${ADMIN_TOKEN}.eyJhbGciOiJSUzI1NiIsImtpZCI6Ing_eSJ9.${noise('claims', 1_100)}.${noise('signature', 340)}`,
  password: `p_w-${noise('password', 20)}/+"\\<&>%2B`,
  pluginToken: `k8s-aws-v1.${noise('plugin', 900)}`,
  proxyPassword: `proxy_${noise('proxy', 24)}@/:`,
  registryPassword: `dckr_pat_${noise('registry', 27)}`,
  githubToken: `ghs_${noise('github', 36)}`,
  probeToken: `probe.${noise('probe', 60)}`,
  variable: `hvs.${noise('variable', 90)}`,
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => base64(`somebody:${secret}`),
  (secret) => base64(`robot:${secret}`),
  (secret) => base64(secret),
  (secret) => Buffer.from(`ab${secret}`).toString('base64url'),
  encodeURIComponent,
  (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  (secret) => JSON.stringify(secret).slice(1, -1),
  (secret) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
];

/** What can be told of a secret: each piece of each of its forms, but for what its neighbours in base64 have a part in. */
const PIECES = new Set(
  Object.values(CANARIES).flatMap((secret: string) =>
    FORMS.flatMap((form) => {
      const [written, other] = [form(secret), form('')];
      const own = written.startsWith(other.slice(0, 4)) && other !== '' ? written.slice(other.length + 4) : written;
      return Array.from({ length: Math.max(0, own.length - PIECE + 1) }, (_, at) => own.slice(at, at + PIECE));
    }),
  ),
);

/** Acts on a terminal or on the runner, and hides what follows. */
const TRICKS = '\u001b[2J\u202e\u200b\r\n::set-output name=result::hacked\n::stop-commands::x\n';

/** Where this action cuts what others say, in characters. */
const CUTS = [300, 400, 500, 800, 1_000];

/**
 * What is said at the place of a number, after a mark: one secret in some form, some that lie around the usual cuts, then all in all
 * forms.
 */
function sayingOf(mark: string, place: number): string {
  const { token, pluginToken, ...others } = CANARIES;
  const short = Object.values(others);
  const form = FORMS[place % FORMS.length] ?? String;
  const start = `${mark} ${TRICKS} ${form(short[place % short.length] ?? '')} `;
  const cut = CUTS.reduce((text, limit, at) => {
    const secret = short[(place + at) % short.length] ?? '';
    // Some end right there, some begin a few characters before it.
    const from = limit + (place % 3) - 1 - (at % 2 === 0 ? secret.length : 9);
    return `${text.padEnd(from, ' .')}${secret} `;
  }, start);
  return `${cut} ${token} ${pluginToken} ${FORMS.flatMap((written) => Object.values(CANARIES).map(written)).join(' ')}`;
}

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.namespace();
});
afterAll(() => cluster.stop());

/** The environment that a run knows secrets from, but for those that it is handed otherwise. */
function knownFrom(handed: readonly (keyof Canaries)[]): Record<string, string> {
  const others = Object.entries(CANARIES).filter(([name]) => !handed.some((one) => one === name));
  const { proxyPassword, ...tokens }: Record<string, string> = Object.fromEntries(others);
  return {
    ...Object.fromEntries(Object.entries(tokens).map(([name, value]) => [`${name}_SECRET`, value])),
    ...(proxyPassword === undefined
      ? {}
      : { HTTPS_PROXY: `http://me:${encodeURIComponent(proxyPassword)}@127.0.0.1:1` }),
  };
}

const REPORT = 'report.json';

/** What leaves a run. */
interface Left {
  readonly texts: readonly string[];
  /** The job summary, and the complete report: each is one of the texts. */
  readonly summary: string;
  readonly report: string;
}

/** Everything that leaves a run: log, page, outputs, and each file that it writes. */
async function everythingOf(place: Place, said: string, name: string): Promise<Left> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  await writeFile(join(folder, 'filter.wasm'), makeModule());
  const more = ['GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH'].map((file) => [file, join(folder, file)] as const);
  for (const [, file] of more) await writeFile(file, '');
  const setup = await place.prepare(said, { canaries: CANARIES, cluster, folder, name, namespace });
  const before = await filesIn(folder);
  try {
    const { stdout, summary, outputs } = await runBundle({
      workspace: folder,
      inputs: { 'github-token': CANARIES.githubToken, 'report-file': REPORT, ...setup.inputs },
      environment: {
        RUNNER_DEBUG: '1',
        ...knownFrom(setup.hands ?? []),
        ...Object.fromEntries(more),
        ...setup.environment,
      },
    });
    expect(stdout).not.toMatch(/^[ \t]*::(?!(add-mask|group|endgroup|debug|error|warning)\b)/m);
    const log = stdout.replace(/^::add-mask::.*$/gm, '');
    const files = await Promise.all(more.map(([, file]) => readFile(file, 'utf8')));
    const written = (await filesIn(folder)).filter((file) => !before.includes(file));
    expect(written).toContain(REPORT);
    const contents = await Promise.all(written.map((file) => readFile(join(folder, file), 'utf8')));
    const report = contents[written.indexOf(REPORT)] ?? '';
    // As `jq -r` prints them.
    contents.push(...textsOf(JSON.parse(report)));
    return { texts: [log, summary, ...Object.values(outputs), ...files, ...contents], summary, report };
  } finally {
    await setup.stop?.();
    await rm(folder, { recursive: true, force: true });
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** A text as others read it: a browser, JSON, a server. */
function readingsOf(text: string): string[] {
  const page = text.replaceAll('<wbr>', '').replace(/<\/?[a-z]+[^>]*>/g, '');
  const html = page.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
  const read = html.replace(/&(lt|gt|amp);/g, (entity) => entities[entity] ?? '');
  return [
    text,
    read,
    read.replace(/\\(["\\/])/g, '$1'),
    read.replace(/%[0-9a-f]{2}/gi, (code) => decodeURIComponent(code)),
  ];
}

const leaksIn = (text: string): string[] =>
  readingsOf(text).flatMap((reading) =>
    Array.from({ length: Math.max(0, reading.length - PIECE + 1) }, (_, at) => reading.slice(at, at + PIECE)).filter(
      (piece) => PIECES.has(piece),
    ),
  );

test.concurrent.each(PLACES.map((place, at) => ({ ...place, place, at })))('$name', async ({ place, at }) => {
  const mark = `said-${at}`;
  const { texts, report, summary } = await everythingOf(place, sayingOf(mark, at), `canary-${at}`);
  expect(texts.flatMap(leaksIn).slice(0, 5)).toEqual([]);
  for (const text of texts) expect(text.replace(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u200b]/u);
  expect(texts.some((text) => text.includes(mark))).toBe(place.hidden === undefined);
  // Only what a plugin says while it runs is in the log alone.
  expect(report.includes(mark)).toBe(summary.includes(mark));
});

test('the check finds what it should', () => {
  for (const secret of Object.values(CANARIES)) {
    for (const form of FORMS) expect(leaksIn(`x ${form(secret)} y`)).not.toEqual([]);
    expect(leaksIn(secret.slice(3, 15))).not.toEqual([]);
    expect(leaksIn([...secret].map((letter) => `&#${letter.charCodeAt(0)};<wbr>`).join(''))).not.toEqual([]);
  }
});
