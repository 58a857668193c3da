import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { INPUTS } from '../../src/action/inputs/table.ts';
import { OUTPUTS } from '../../src/action/outputs/outputs.ts';
import { blocksOf, PAGES, ROOT, read } from '../harness/pages.ts';

const FOLDER = 'examples/workflows';
const WORKFLOWS = readdirSync(join(ROOT, FOLDER))
  .filter((file) => file.endsWith('.yml'))
  .map((file) => `${FOLDER}/${file}`);
const ACTION = 'deploy-wasm-filter/deploy-wasm-filter@v0';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly if?: string;
  readonly environment?: unknown;
  readonly concurrency?: unknown;
  readonly steps: readonly Step[];
}

/** The steps of an example, wherever it has them: in a list, in a job, in a workflow. */
function stepsIn(value: unknown): Step[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(stepsIn);
  return 'uses' in value ? [value as Step, ...inner] : inner;
}

const USES: readonly (readonly [string, string])[] = [
  ...WORKFLOWS.map((file) => [file, read(file)] as const),
  ...PAGES.flatMap((page) =>
    blocksOf(page)
      .filter(({ language, text }) => language === 'yaml' && text.includes('uses: deploy-wasm-filter/'))
      .map(({ text }, index) => [`${page}, example ${index + 1}`, text] as const),
  ),
];

test('the list of the examples names each of them once', () => {
  const named = [...read(`${FOLDER}/README.md`).matchAll(/\]\(([\w-]+\.yml)\)/g)].map(
    ([, file]) => `${FOLDER}/${file}`,
  );
  expect(named.toSorted()).toEqual(WORKFLOWS.toSorted());
});

test('examples are found', () => {
  expect(WORKFLOWS.length).toBeGreaterThanOrEqual(20);
  expect(USES.length).toBeGreaterThan(WORKFLOWS.length + 5);
});

describe.each(USES)('%s', (_name, text) => {
  const ours = stepsIn(load(text)).filter(({ uses = '' }) => uses.startsWith('deploy-wasm-filter/'));

  test('uses the action as its users do, with inputs that it has', () => {
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.filter(({ uses }) => uses !== ACTION)).toEqual([]);
    const given = ours.flatMap((step) => Object.keys(step.with ?? {}));
    expect(given.filter((name) => !Object.hasOwn(INPUTS, name))).toEqual([]);
  });

  test('reads outputs that it has, of steps that are there', () => {
    const others = [...text.matchAll(/^ *(?:- )?id: ([\w-]+)$/gm)].map(([, id]) => id);
    for (const [, id = '', output = ''] of text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      if (ours.some((step) => step.id === id)) expect(OUTPUTS).toContain(output);
      else expect(others).toContain(id);
    }
  });
});

describe.each(WORKFLOWS)('%s', (file) => {
  const text = read(file);
  const { on, jobs, concurrency } = load(text) as {
    readonly on: object;
    readonly jobs: Readonly<Record<string, Job>>;
    readonly concurrency?: unknown;
  };
  const ours = Object.values(jobs).flatMap(({ steps }) =>
    steps.filter(({ uses }) => uses === ACTION).map((step) => step.with ?? {}),
  );

  test('begins with what it is for and which secrets it needs', () => {
    const [head = ''] = text.split('\nname: ');
    for (const [, secret = ''] of text.matchAll(/secrets\.(\w+)/g)) expect(head).toContain(secret);
    expect(head.length).toBeGreaterThan(100);
    expect(text).not.toContain('secrets.GITHUB_TOKEN');
  });

  test('writes to a cluster one run after the other, and what was planned', () => {
    expect(text).toMatch(/^ *concurrency:/m);
    const same = ours.filter(({ command }) => command === 'plan' || command === undefined);
    if (same.length < 2) return;
    const [plan, deploy] = same.map(
      ({ command, 'report-file': report, 'expect-plan': expected, kubeconfig, ...rest }) => rest,
    );
    expect(plan).toEqual(deploy);
  });

  test('gives a run for a pull request no secret that deploys where somebody has to approve', () => {
    const deploying = Object.values(jobs).filter((job) =>
      /secrets\.(?!PLAN_|PREVIEW_)\w*KUBECONFIG/.test(JSON.stringify(job)),
    );
    const reviewed = ['production', `\${{ matrix.cluster }}`];
    if ('pull_request' in on) for (const job of deploying) expect(reviewed).toContain(job.environment);
    const plans = ours.filter(({ command }) => command === 'plan');
    for (const { kubeconfig } of plans) expect(kubeconfig).toContain('secrets.PLAN_KUBECONFIG');
  });

  test('ends an older plan of the same pull request, and lets no schedule share a group with deployments', () => {
    const plan = jobs.plan?.concurrency;
    if (jobs.plan !== undefined) expect(plan).toMatchObject({ 'cancel-in-progress': true });
    if ('schedule' in on) expect(concurrency).not.toBe('wasm-filter-production');
  });

  test('expects no secrets where GitHub gives none: in runs for forks and for Dependabot', () => {
    if (!('pull_request' in on)) return;
    for (const [name, job] of Object.entries(jobs)) {
      if (!JSON.stringify(job).includes('secrets.') || job.if === "github.event_name == 'push'") continue;
      expect([name, job.if]).toEqual([name, expect.stringContaining("github.actor != 'dependabot[bot]'")]);
      expect(job.if).toContain('github.event.pull_request.head.repo.full_name == github.repository');
    }
  });
});

test.each([...PAGES, ...WORKFLOWS, '.github/workflows/smoke.yml'])(
  '%s gives the example filter what it understands: the text "name: value"',
  (file) => {
    const given = read(file).matchAll(/add[-_]header\.wasm(?:(?!^ *- ).*\n)*? *configuration: (.*)$/gm);
    for (const [, configuration = ''] of given) expect(configuration).toMatch(/^'x-[a-z]+: /);
  },
);

describe('what a page quotes of a workflow', () => {
  /** Blocks that name a file in their first line; a line that begins with "# …" stands for what is left out. */
  const quotes = PAGES.flatMap((page) =>
    blocksOf(page).flatMap(({ text }) => {
      const [first = '', ...lines] = text.trimEnd().split('\n');
      const [, file] = /^# (examples\/workflows\/\S+)$/.exec(first) ?? [];
      return file === undefined ? [] : [{ page, file, pieces: piecesOf(lines) }];
    }),
  );

  test('is found', () => {
    expect(quotes.map(({ file }) => file)).toEqual(expect.arrayContaining([`${FOLDER}/preview.yml`]));
    expect(quotes.length).toBeGreaterThanOrEqual(4);
  });

  test.each(quotes)('$page has $file to the letter', ({ file, pieces }) => {
    const lines = read(file).split('\n');
    for (const piece of pieces) expect(findPiece(lines, piece)).toBe(piece.join('\n'));
  });
});

function piecesOf(lines: readonly string[]): string[][] {
  const pieces: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('# …')) pieces.push([]);
    else pieces.at(-1)?.push(line);
  }
  return pieces.filter((piece) => piece.length > 0);
}

/** The lines of a file that begin as a piece does, as many as it has and without their indentation; `undefined` if none does. */
function findPiece(lines: readonly string[], piece: readonly string[]): string | undefined {
  const [first = ''] = piece;
  const found = lines.flatMap((line, start) => {
    if (line.trim() !== first) return [];
    const indentation = line.length - line.trimStart().length;
    return [
      lines
        .slice(start, start + piece.length)
        .map((one) => one.slice(indentation))
        .join('\n'),
    ];
  });
  // Several steps begin alike: the one that is meant is the one that goes on alike.
  return found.find((one) => one === piece.join('\n')) ?? found[0];
}
