import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { defined } from '../../src/base/defined.ts';
import { type ActionInputs, type BundleOptions, type BundleRun, makeModule, runBundle } from '../harness/action.ts';
import { ADMIN_TOKEN } from '../harness/caller.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type CommentLab, PULL_REQUEST, REPOSITORY, startCommentLab } from '../harness/github-comments.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';
import { leakFinder, noise } from './canary-forms.ts';

let cluster: TestCluster;
let namespace: string;
let workspace: string;
let github: CommentLab;
beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.namespace();
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  await writeFile(join(workspace, 'add-header.wasm'), makeModule());
  await writeFile(join(workspace, 'event.json'), JSON.stringify({ pull_request: { number: PULL_REQUEST } }));
  await createWorkloads(
    cluster.api,
    makeWorkload(namespace, 'reviews'),
    makeWorkload(namespace, 'ratings'),
    makeWorkload(namespace, 'slow', { podAnnotations: { 'sim/behaviour-with-filter': 'image-pull-back-off' } }),
  );
});
afterAll(async () => {
  await cluster.stop();
  await rm(workspace, { recursive: true, force: true });
});
// A GitHub Enterprise Server: its API is below a path.
beforeEach(async () => {
  github = await startCommentLab('/api/v3');
});
afterEach(async () => {
  expect(github.wrong).toEqual([]);
  await github.close();
});

/** Runs the built action for the pull request. */
function act(
  inputs: ActionInputs,
  kubeconfig = cluster.recorder.kubeconfig(),
  onOutput?: BundleOptions['onOutput'],
): Promise<BundleRun> {
  return runBundle({
    ...defined({ onOutput }),
    workspace,
    inputs: {
      filter: 'add-header.wasm',
      targets: '- deployment/reviews',
      namespace,
      kubeconfig,
      timeout: '20s',
      'github-token': 'ghs_token-of-the-job',
      ...inputs,
    },
    environment: {
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: join(workspace, 'event.json'),
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_API_URL: github.api,
      GITHUB_WORKFLOW: 'CI',
      GITHUB_JOB: 'mesh',
    },
  });
}

const body = (): string => github.comments.map((one) => one.body).join('\n');

test('one comment has the plan, then what came of it', async () => {
  const plan = await act({ command: 'plan' });
  expect(plan.code).toBe(0);
  expect(body()).toMatch(/^<!-- deploy-wasm-filter .* -->\n### CI · mesh · add-header\n\n## 📋 Plan/);
  const deployed = await act({});
  expect(deployed.stdout).toContain(`Comment on pull request #${PULL_REQUEST} updated`);
  expect(github.comments).toHaveLength(1);
  expect(body()).toContain('## ✅');
});

test('nothing is deployed for a pull request that was merged meanwhile', async () => {
  github.state = 'merged';
  cluster.recorder.reset();
  const { code, stdout, outputs } = await act({ configuration: '{"is":"new"}' });
  expect([code, outputs.result, outputs.changed]).toEqual([1, 'failed', 'false']);
  expect(stdout).toContain(`pull request #${PULL_REQUEST} was merged before anything was written`);
  expect(cluster.recorder.writes.filter(({ path }) => !path.includes('dryRun=All'))).toEqual([]);
  expect(body()).toContain('merged before anything');
});

describe('what the run before has said does not stay', () => {
  const slow = { targets: '- deployment/slow', timeout: '5m' };
  beforeEach(async () => {
    await act({ command: 'status' });
    expect(body()).not.toMatch(/broke off|cancelled/);
  });

  test('when the run is cancelled', async () => {
    const run = await act(
      { ...slow, configuration: '{"is":"cancelled"}' },
      cluster.recorder.kubeconfig(),
      (text, kill) => {
        if (text.includes('patched')) kill('SIGINT');
      },
    );
    expect(run.code).toBe(1);
    expect(github.comments).toHaveLength(1);
    expect(body()).toMatch(/\n## 🛑 .*cancelled/);
  });

  test('when the run breaks off', async () => {
    await act({ ...slow, configuration: '{"is":"unheard"}' }, cluster.recorder.kubeconfig(), (text, _, closeLog) => {
      if (text.includes('patched')) closeLog();
    });
    expect(github.comments).toHaveLength(1);
    expect(body()).toMatch(/\n## ❌ deploy broke off: its log was closed\n/);
  });
});

test('jobs of a matrix have a comment each, though all run at once', async () => {
  const cells = ['eu', 'us', 'ap'];
  const runs = await Promise.all(
    cells.map((cluster) => act({ command: 'plan', matrix: JSON.stringify({ cluster, istio: 1.31 }) })),
  );
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(github.comments.map((one) => /^### .*/m.exec(one.body)?.[0]).sort()).toEqual(
    cells.map((cell) => `### CI · mesh (${cell}, 1.31) · add-header`).sort(),
  );
});

test('"comment: off" asks GitHub nothing', async () => {
  const { code, stdout } = await act({ command: 'plan', comment: 'off' });
  expect([code, github.asked]).toEqual([0, []]);
  expect(stdout).not.toContain('omment on pull request');
});

const SECRETS = {
  token: `${ADMIN_TOKEN}.${noise('comment-token', 60)}`,
  configuration: `cfg-${noise('comment-configuration', 40)}`,
  variable: `var-${noise('comment-variable', 40)}`,
  target: `tgt-${noise('comment-target', 40)}`,
  registry: `reg-${noise('comment-registry', 40)}/+"\\%`,
  probe: `prb-${noise('comment-probe', 40)}`,
  url: `url-${noise('comment-url', 40)}`,
  body: `bdy-${noise('comment-body', 40)}`,
  nested: `nst-${noise('comment-nested', 40)}`,
  github: `ghs_${noise('comment-github', 36)}`,
  // Of several lines, and in places whose names say nothing of secrets.
  lines: `${noise('comment-line-1', 40)}\n${noise('comment-line-2', 40)}`,
};

test.each(['plan', 'deploy'])('no secret of any input leaves %s', async (command) => {
  const configuration = {
    api_key: SECRETS.configuration,
    password: SECRETS.lines,
    upstream: `https://me:${SECRETS.url}@orders.example/x`,
  };
  const run = await act(
    {
      command,
      'report-file': 'report.json',
      'comment-key': `staging ${SECRETS.variable}`,
      configuration: JSON.stringify(configuration),
      environment: JSON.stringify({
        API_TOKEN: SECRETS.variable,
        MODE: 'gentle',
        SETTINGS: JSON.stringify({ password: SECRETS.nested }),
      }),
      targets: JSON.stringify([
        'deployment/reviews',
        { kind: 'deployment', name: 'ratings', configuration: { client_secret: SECRETS.target } },
      ]),
      'registry-username': 'robot',
      'registry-password': SECRETS.registry,
      'push-to': `oci://${new URL(github.api).host}/shop/add-header:v1`,
      probe: JSON.stringify({
        port: 9080,
        path: '/',
        method: 'POST',
        headers: { authorization: `Bearer ${SECRETS.probe}` },
        body: `token=${SECRETS.body}`,
      }),
      'github-token': SECRETS.github,
      'show-configuration': 'true',
    },
    cluster.recorder.kubeconfig().replace(/token: .*/, `token: ${SECRETS.token}`),
  );
  expect(github.comments).toHaveLength(1);
  expect(body()).toContain('api_key');
  const report = await readFile(join(workspace, 'report.json'), 'utf8');
  const log = run.stdout.replace(/^::add-mask::.*$/gm, '');
  const find = leakFinder(Object.values(SECRETS).flatMap((secret) => [secret, ...secret.split('\n')]));
  for (const text of [body(), report, log, run.summary, ...Object.values(run.outputs)]) {
    expect(find(text).slice(0, 3)).toEqual([]);
  }
});
