import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('package-lock.json', () => {
  interface Entry {
    readonly version?: string;
    readonly resolved?: string;
    readonly integrity?: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Entry>> };
  const installed = Object.entries(packages).filter(([path]) => path !== '');

  test('has the digest of every package', () => {
    expect(installed.length).toBeGreaterThan(100);
    const without = installed.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
    expect(without.map(([path]) => path)).toEqual([]);
  });

  test('takes none from elsewhere than the public registry', () => {
    const addresses = installed.flatMap(([, { resolved }]) => resolved ?? []);
    expect(addresses.filter((address) => new URL(address).host !== 'registry.npmjs.org')).toEqual([]);
    expect(read('.npmrc')).not.toMatch(/^\s*(@[^=]*:)?registry\s*=/m);
  });

  test('has the packages of every platform', () => {
    const optional = installed.flatMap(([, { optionalDependencies = {} }]) => Object.entries(optionalDependencies));
    const exact = optional.filter(([, version]) => /^\d/.test(version)).map(([name]) => name);
    expect(exact.filter((name) => !installed.some(([path]) => path.endsWith(`node_modules/${name}`)))).toEqual([]);
  });
});

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly permissions?: unknown;
  readonly defaults?: { readonly run?: { readonly shell?: string } };
  readonly jobs: Readonly<
    Record<
      string,
      { readonly permissions?: unknown; readonly 'timeout-minutes'?: number; readonly steps: readonly Step[] }
    >
  >;
}

const FOLDER = '.github/workflows';
const WORKFLOWS = readdirSync(join(ROOT, FOLDER)).map((file) => `${FOLDER}/${file}`);
/** What a reader may copy. Code of a page that is YAML has its own blocks. */
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`)];
/** By a commit, with the version that it is; the action itself by the tag that its users take. */
const PINNED =
  /^(?:[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|deploy-wasm-filter\/deploy-wasm-filter@v\d+|\.\/.*)$/;

test.each([...WORKFLOWS, ...PAGES])('%s names actions by commit and version', (file) => {
  const used = [...read(file).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, action]) => action ?? '');
  expect(used.length).toBeGreaterThanOrEqual(WORKFLOWS.includes(file) ? 1 : 0);
  expect(used.filter((action) => !PINNED.test(action))).toEqual([]);
});

describe.each(WORKFLOWS)('%s', (file) => {
  const workflow = load(read(file)) as Workflow;
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('may read the repository, and nothing else', () => {
    expect(workflow.permissions).toEqual({});
    expect(jobs.map(({ permissions }) => permissions)).toEqual(jobs.map(() => ({ contents: 'read' })));
    expect(jobs.filter((job) => job['timeout-minutes'] === undefined)).toEqual([]);
    const checkouts = steps.filter(({ uses = '' }) => uses.startsWith('actions/checkout@'));
    expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual(checkouts.map(() => false));
  });

  test('checks what it downloads before anything reads it', () => {
    const downloads = steps.flatMap(({ run = '' }) => (/\b(curl|wget)\b/.test(run) ? [run] : []));
    for (const run of downloads) {
      expect(run).not.toMatch(/\b(curl|wget)\b[^\n]*\|/);
      expect(run.match(/\b(curl|wget)\b/g)?.length).toBe(run.match(/\| sha256sum --check --strict$/gm)?.length);
    }
    expect([downloads.length === 0, workflow.defaults?.run?.shell === 'bash']).toContain(true);
  });

  test('installs what the lock file says, modules of Go by version, and lets no cluster read a file of the web', () => {
    const text = steps.map(({ run = '' }) => run).join('\n');
    expect(text).not.toMatch(/\bnpm (install|i|update)\b|\bnpx\b/);
    expect(
      [...text.matchAll(/\bgo install (\S+)/g)].filter(([, what]) => !/@v\d+\.\d+\.\d+$/.test(what ?? '')),
    ).toEqual([]);
    expect(text).not.toMatch(/kubectl[^|;&]*\bhttps?:/);
  });
});
