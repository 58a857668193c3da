import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { ROOT, read } from '../harness/pages.ts';

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

const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)));
const FOLDER = '.github/workflows';
const WORKFLOWS = filesOf(FOLDER);
/** Those that a user copies. */
const EXAMPLES = 'examples/workflows';
const COPIED = filesOf(EXAMPLES).filter((file) => file.endsWith('.yml'));
/** What a reader may copy. Code of a page that is YAML has its own blocks. */
const PAGES = ['README.md', ...filesOf('docs')];
/** By a commit, with the version that it is; the action itself by the tag that its users take. */
const PINNED =
  /^(?:[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|deploy-wasm-filter\/deploy-wasm-filter@v\d+|\.\/.*)$/;

/** The jobs that may do something else than read the repository. */
const OTHER_RIGHTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [`${FOLDER}/codeql.yml analyze`]: { contents: 'read', 'security-events': 'write' },
  [`${FOLDER}/scorecard.yml analysis`]: { contents: 'read', 'security-events': 'write', 'id-token': 'write' },
  [`${FOLDER}/release.yml publish`]: { contents: 'write', 'id-token': 'write', attestations: 'write' },
  [`${EXAMPLES}/build-assemblyscript.yml deploy`]: {},
  [`${EXAMPLES}/build-cpp.yml deploy`]: {},
  [`${EXAMPLES}/build-rust.yml deploy`]: {},
  [`${EXAMPLES}/build-tinygo.yml deploy`]: {},
  [`${EXAMPLES}/build-go.yml deploy`]: { packages: 'write' },
  [`${EXAMPLES}/login-aks.yml deploy`]: { 'id-token': 'write' },
  [`${EXAMPLES}/login-eks.yml deploy`]: { 'id-token': 'write' },
  [`${EXAMPLES}/login-gke.yml deploy`]: { 'id-token': 'write' },
  [`${EXAMPLES}/login-tke.yml deploy`]: {},
  [`${EXAMPLES}/login-token.yml deploy`]: {},
  [`${EXAMPLES}/login-token.yml expiry`]: {},
  [`${EXAMPLES}/manifest-clusters.yml plan`]: { contents: 'read', 'pull-requests': 'write' },
  [`${EXAMPLES}/manifest-clusters.yml deploy`]: { contents: 'read', 'pull-requests': 'write' },
  [`${EXAMPLES}/matrix-approvals.yml plan`]: { 'pull-requests': 'write' },
  [`${EXAMPLES}/matrix-approvals.yml deploy`]: { 'pull-requests': 'write' },
  [`${EXAMPLES}/preview.yml deploy`]: { contents: 'read', 'pull-requests': 'write' },
  [`${EXAMPLES}/preview.yml remove`]: { 'pull-requests': 'write', deployments: 'write' },
  [`${EXAMPLES}/preview.yml no-preview`]: {},
  [`${EXAMPLES}/preview-cleanup.yml sweep`]: {},
  [`${EXAMPLES}/registry-provenance.yml build`]: {
    contents: 'read',
    packages: 'write',
    'id-token': 'write',
    attestations: 'write',
  },
  [`${EXAMPLES}/registry-provenance.yml deploy`]: { packages: 'read', attestations: 'read' },
  [`${EXAMPLES}/reviewed-plan.yml plan`]: { contents: 'read', 'pull-requests': 'write' },
  [`${EXAMPLES}/reviewed-plan.yml deploy`]: { contents: 'read', 'pull-requests': 'write' },
  [`${EXAMPLES}/schedule.yml drift`]: { contents: 'read', issues: 'write' },
  [`${EXAMPLES}/self-hosted.yml deploy`]: {},
};

test('no workflow is missing that has other rights', () => {
  const jobs = [...WORKFLOWS, ...COPIED].flatMap((file) =>
    Object.keys((load(read(file)) as Workflow).jobs).map((name) => `${file} ${name}`),
  );
  expect(Object.keys(OTHER_RIGHTS).filter((job) => !jobs.includes(job))).toEqual([]);
});

test.each([...WORKFLOWS, ...COPIED, ...PAGES])('%s names actions by commit and version', (file) => {
  const used = [...read(file).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, action]) => action ?? '');
  expect(used.length).toBeGreaterThanOrEqual(PAGES.includes(file) ? 0 : 1);
  expect(used.filter((action) => !PINNED.test(action))).toEqual([]);
});

describe.each([...WORKFLOWS, ...COPIED])('%s', (file) => {
  const workflow = load(read(file)) as Workflow;
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('gives each job the permissions that its work needs, and leaves no token in the checkout', () => {
    expect(workflow.permissions).toEqual({});
    const granted = Object.entries(workflow.jobs).map(([name, { permissions }]) => [name, permissions]);
    const needed = Object.keys(workflow.jobs).map((name) => [
      name,
      OTHER_RIGHTS[`${file} ${name}`] ?? { contents: 'read' },
    ]);
    expect(granted).toEqual(needed);
    expect(jobs.filter((job) => job['timeout-minutes'] === undefined)).toEqual([]);
    const checkouts = steps.filter(({ uses = '' }) => uses.startsWith('actions/checkout@'));
    expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual(checkouts.map(() => false));
  });

  test('checks what it downloads before anything reads it', () => {
    // What is sent is no download.
    const downloads = steps.flatMap(({ run = '' }) => (/\b(curl(?! -fsS --json)|wget)\b/.test(run) ? [run] : []));
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
