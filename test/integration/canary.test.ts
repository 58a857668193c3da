import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeModule, runBundle } from '../harness/action.ts';
import { ADMIN_TOKEN } from '../harness/caller.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { PULL_REQUEST, REPOSITORY, startCommentLab } from '../harness/github-comments.ts';
import { FORMS, FORMS_BY_NAME, leakFinder, noise, READINGS } from './canary-forms.ts';
import { type Canaries, PLACES, type Place } from './canary-places.ts';

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

const leaksIn = leakFinder(Object.values(CANARIES));

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
  /** The job summary, the complete report, and the comment on the pull request: each is one of the texts. */
  readonly summary: string;
  readonly comment: string;
  readonly report: string;
}

/** Everything that leaves a run: log, page, outputs, and each file that it writes. */
async function everythingOf(place: Place, said: string, name: string): Promise<Left> {
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  await writeFile(join(folder, 'filter.wasm'), makeModule());
  const github = await startCommentLab();
  const event = join(folder, 'event.json');
  await writeFile(event, JSON.stringify({ pull_request: { number: PULL_REQUEST } }));
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
        // The page for later steps lies here, and is one of the files that are read.
        RUNNER_TEMP: folder,
        ...knownFrom(setup.hands ?? []),
        ...Object.fromEntries(more),
        GITHUB_EVENT_NAME: 'pull_request_target',
        GITHUB_EVENT_PATH: event,
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_API_URL: github.api,
        ...setup.environment,
      },
    });
    expect(stdout).not.toMatch(/^[ \t]*::(?!(add-mask|group|endgroup|debug|error|notice|warning)\b)/m);
    const log = stdout.replace(/^::add-mask::.*$/gm, '');
    const files = await Promise.all(more.map(([, file]) => readFile(file, 'utf8')));
    const written = (await filesIn(folder)).filter((file) => !before.includes(file));
    expect(written).toContain(REPORT);
    expect(written.filter((file) => file.endsWith('.md'))).toEqual([relative(folder, outputs['summary-file'] ?? '')]);
    const contents = await Promise.all(written.map((file) => readFile(join(folder, file), 'utf8')));
    const report = contents[written.indexOf(REPORT)] ?? '';
    // As `jq -r` prints them.
    contents.push(...textsOf(JSON.parse(report)));
    const comment = github.comments.map(({ body }) => body).join('\n');
    return {
      texts: [log, summary, comment, ...Object.values(outputs), ...files, ...contents],
      summary,
      report,
      comment,
    };
  } finally {
    await setup.stop?.();
    await github.close();
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

test.concurrent.each(PLACES.map((place, at) => ({ ...place, place, at })))('$name', async ({ place, at }) => {
  const mark = `said-${at}`;
  const { texts, report, summary, comment } = await everythingOf(place, sayingOf(mark, at), `canary-${at}`);
  expect(texts.flatMap(leaksIn).slice(0, 5)).toEqual([]);
  for (const text of texts) expect(text.replace(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u200b]/u);
  expect(texts.some((text) => text.includes(mark))).toBe(place.hidden === undefined);
  // Only what a plugin says while it runs is in the log alone.
  expect(report.includes(mark)).toBe(summary.includes(mark));
  if (place.name !== "GitHub's API") expect(comment.includes(mark)).toBe(summary.includes(mark));
});

/** What is read of a run; the outputs, each by itself. */
const READ = [
  ...['the log', 'the job summary', 'the comment on the pull request', 'every output'],
  ...['GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH'].map((name) => `the file ${name}`),
  ...['every file that the run writes: report-file, summary-file, those of render', 'every text in the report file'],
];

test('what is looked for, and where, is in test/golden/canary/list.md', async () => {
  const file = new URL('../golden/canary/list.md', import.meta.url);
  const list = (title: string, items: readonly string[]): string =>
    `## ${title}\n\n${items.map((item) => `- ${item}`).join('\n')}\n`;
  const page = [
    '# What the canary test looks for\n',
    list('Secrets', Object.keys(CANARIES)),
    list(
      'Who says them',
      PLACES.map(({ name }) => name),
    ),
    list('In which forms', Object.keys(FORMS_BY_NAME)),
    list('Where they must not be', READ),
    list('How that is read', Object.keys(READINGS)),
  ].join('\n');
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, page);
  expect(page).toBe(await readFile(file, 'utf8'));
});

test('the check finds what it should', () => {
  for (const secret of Object.values(CANARIES)) {
    for (const form of FORMS) expect(leaksIn(`x ${form(secret)} y`)).not.toEqual([]);
    expect(leaksIn(secret.slice(3, 15))).not.toEqual([]);
    expect(leaksIn([...secret].map((letter) => `&#${letter.charCodeAt(0)};<wbr>`).join(''))).not.toEqual([]);
  }
});
