import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { groupProblems } from '../../src/action/verdict/problem-groups.ts';
import { judge } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { Fault } from '../harness/recorder.ts';
import { pathOf } from '../harness/workloads.ts';
import { ownPart, POD_RULES, WRITE_RULES } from './scene.ts';
import { type Named, outcomesIn, Twins } from './twins.ts';

let clusters: Named;
beforeAll(async () => {
  const [staging, production] = await Promise.all([0, 1].map((index) => startTestCluster([], [], index)));
  clusters = { staging: staging as TestCluster, production: production as TestCluster };
});
afterAll(() => Promise.all(Object.values(clusters).map((cluster) => cluster.stop())));

/** The proxies of such a workload refuse the filter when it has this configuration; their pods become ready nevertheless. */
const REFUSES = { podAnnotations: { 'sim/refuses': 'bad' } };
const messages = ({ problems }: SeenReport): string[] => problems.map(describeProblem);
const nothingWritten = (twins: Twins): void => {
  expect(twins.writes('staging')).toEqual([]);
  expect(twins.writes('production')).toEqual([]);
};

describe('one run over two clusters', () => {
  test.concurrent('deploys to both, tells which is which, and has nothing left to write in the second run', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    await twins.workload('b');
    const planned = await twins.deploy({ command: 'plan' });
    nothingWritten(twins);
    const { report, log } = await twins.run();
    expect(messages(report)).toEqual([]);
    expect(outcomesIn(report)).toEqual({
      'staging a': 'deployed',
      'staging b': 'deployed',
      'production a': 'deployed',
      'production b': 'deployed',
    });
    expect(report.clusters).toMatchObject([
      { state: 'connected', name: 'staging' },
      { state: 'connected', name: 'production' },
    ]);
    expect(log.filter((line) => line.includes('Kubernetes v')).map((line) => line.split(':')[0])).toEqual(
      expect.arrayContaining(['staging', 'production']),
    );
    const targets = JSON.parse(outputsOf(report.whole).targets) as { cluster: string; name: string }[];
    expect(targets.map(({ cluster, name }) => `${cluster} ${name}`)).toEqual(Object.keys(outcomesIn(report)));
    // What was planned is what was written, in each, but for the scouts, which come and go.
    for (const context of ['staging', 'production']) {
      const changes = planned.plan?.changes.filter(({ cluster }) => cluster === context) ?? [];
      const writes = twins.writes(context).filter(({ path }) => !/\/pods(\/|\?|$)/.test(path));
      const written = writes.map(({ path }) => path.split('?')[0]?.split('/').slice(-2).join('/'));
      expect(new Set(changes.map(({ kind, name }) => `${kind.toLowerCase()}s/${name}`))).toEqual(new Set(written));
    }
    twins.forget();
    const again = await twins.deploy();
    expect(again.outcome).toBe('unchanged');
    nothingWritten(twins);
  });

  test.concurrent('status and remove go over both', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    await twins.deploy();
    const found = await twins.deploy({ command: 'status', targets: '', filter: '' });
    expect(found.status?.workloads.map(({ ref, filters }) => [ref.cluster, ref.name, filters[0]?.health])).toEqual([
      ['staging', 'a', 'verified'],
      ['production', 'a', 'verified'],
    ]);
    const removed = await twins.deploy({ command: 'remove', targets: '', filter: '' });
    expect(outcomesIn(removed)).toEqual({ 'staging a': 'removed', 'production a': 'removed' });
    expect(removed.collected.deleted.map((object) => object.split(' ')[0])).toEqual(
      expect.arrayContaining(['staging:', 'production:']),
    );
  });

  test.concurrent('what is to be removed may be in one of them only; in none it is missing', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    await twins.deploy({ contexts: 'production' });
    const removal = { command: 'remove', targets: '', filter: '' };
    expect(outcomesIn(await twins.deploy(removal))).toEqual({ 'production a': 'removed' });
    const again = await twins.deploy(removal);
    expect(again.outcome).toBe('failed');
    // Both clusters say it alike.
    expect(messages(again)).toEqual([expect.stringContaining('no such filter')]);
  });
});

describe('before the first write', () => {
  test.concurrent('a cluster that does not answer stops the run', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const report = await twins.deploy({}, { production: { down: true } });
    expect(report.outcome).toBe('failed');
    expect(report.problems).toMatchObject([{ kind: 'connection', subject: 'cluster production' }]);
    nothingWritten(twins);
  });

  test.concurrent('or is skipped where that is wanted, and reported', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const report = await twins.deploy({ unreachable: 'skip' }, { production: { down: true } });
    expect(outcomesIn(report)).toEqual({ 'staging a': 'deployed' });
    expect(report.outcome).toBe('deployed');
    expect(report.clusters).toMatchObject([
      { state: 'connected', name: 'staging' },
      { state: 'skipped', name: 'production' },
    ]);
    expect(warningTexts(report.warnings)).toEqual([
      expect.stringMatching(/^Cluster production was skipped, because it does not answer: /),
    ]);
    expect(twins.writes('production')).toEqual([]);
  });

  test.concurrent('or is skipped where something else answers, with a command that shows the same', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const page = createServer((_, response) => response.end('<html>Sign in</html>'));
    await once(page.listen(0, '127.0.0.1'), 'listening');
    const { port } = page.address() as AddressInfo;
    try {
      const server = `http://127.0.0.1:${port}`;
      const { warnings } = await twins.deploy({ unreachable: 'skip' }, { production: { server } });
      expect(warningTexts(warnings)).toContainEqual(
        expect.stringContaining("`kubectl get --raw '/version' --context production` shows the same answer"),
      );
    } finally {
      page.close();
    }
  });

  test.concurrent('where all are down, none is skipped', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const down = { down: true } as const;
    const report = await twins.deploy({ unreachable: 'skip' }, { staging: down, production: down });
    expect(report.problems.map(({ subject }) => subject)).toEqual(['cluster staging', 'cluster production']);
  });

  test.concurrent('a permission that is missing in one keeps the run from both', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const [configMaps, ...others] = WRITE_RULES;
    const reading = { ...configMaps, verbs: ['list'] };
    const report = await twins.deploy({}, { production: { rules: [reading, ...others] } });
    expect(report.problems).not.toEqual([]);
    for (const { kind, subject = '' } of report.problems) {
      expect(kind).toBe('permission');
      expect(subject).toMatch(/production/);
    }
    expect(outcomesIn(report)).toEqual({ 'staging a': 'untouched', 'production a': 'untouched' });
    nothingWritten(twins);
  });

  test.concurrent('what stays in one of them for want of a permission is told of that one', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    await twins.deploy();
    const rules = [...WRITE_RULES, POD_RULES.list].filter(({ resources }) => !resources.includes('rollouts'));
    const removed = await twins.deploy({ command: 'remove', targets: '', filter: '' }, { production: { rules } });
    expect([removed.outcome, removed.collected.deleted.length, removed.problems]).toEqual(['removed', 2, []]);
    expect(removed.collected.left).toEqual(
      ['EnvoyFilter', 'ConfigMap'].map((kind) => ({
        object: expect.stringContaining(`production: ${kind} ${twins.namespace}/`),
        why: expect.stringMatching(/cannot list rollouts.argoproj.io/),
        missing: [{ verb: 'list', group: 'argoproj.io', resource: 'rollouts', namespace: twins.namespace }],
      })),
    );
    expect(judge(removed.whole)).toMatchObject({ icon: '⚠️', headline: expect.stringContaining('2 objects are left') });
  });

  test.concurrent('a target that is missing in one keeps the run from both', async () => {
    const twins = await Twins.open(clusters);
    const workload = await twins.workload('a');
    await clusters.production?.api.delete(pathOf(workload));
    const report = await twins.deploy();
    expect(report.problems).toMatchObject([{ kind: 'targets', subject: expect.stringMatching(/^production: /) }]);
    nothingWritten(twins);
  });

  test.concurrent('what is wrong with the filter is said once, of no cluster', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const report = await twins.deploy({ timeout: '5 minuets' });
    expect(report.problems.map(({ subject }) => subject)).toEqual(['input "timeout"']);
    nothingWritten(twins);
  });

  test.concurrent('two names of one cluster are refused', async () => {
    const { staging } = clusters;
    const twins = await Twins.open({ one: staging as TestCluster, other: staging as TestCluster });
    const report = await twins.deploy({ targets: '- deployment/a' });
    expect(messages(report)).toEqual([
      expect.stringMatching(/^cluster other is the same as cluster one: both lead to https:/),
    ]);
    expect(twins.writes('one')).toEqual([]);
  });
});

describe('a manifest that names its clusters', () => {
  const manifest = (namespace: string, value: string): string => `
version: 1
defaults: { namespace: ${namespace} }
clusters:
  first: { context: staging }
  second: { context: production, wave: 1 }
filters:
  - name: add-header
    filter: filter.wasm
    configuration: ${value}
    targets: [ deployment/a ]
  - name: first-only
    filter: filter.wasm
    targets: [ { kind: deployment, name: a, clusters: [ first ] } ]
`;
  const run = (twins: Twins, value: string, inputs: ActionInputs = {}): Promise<SeenReport> =>
    twins
      .run(
        {
          manifest: 'filters.yaml',
          filter: '',
          name: '',
          configuration: '',
          namespace: '',
          targets: '',
          contexts: '',
          ...inputs,
        },
        {},
        { files: { 'filters.yaml': manifest(twins.namespace, value) } },
      )
      .then(({ report }) => report);
  const filtersIn = ({ targets }: SeenReport): Record<string, readonly string[]> =>
    Object.fromEntries(
      targets.map(({ ref, revisions }) => [ref.cluster, revisions.map(({ filter }) => filter)] as const),
    );

  test.concurrent('brings to each what is for it, wave after wave, and writes nothing in the second run', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const report = await run(twins, 'well');
    expect(messages(report)).toEqual([]);
    expect(outcomesIn(report)).toEqual({ 'first a': 'deployed', 'second a': 'deployed' });
    expect(filtersIn(report)).toEqual({ first: ['add-header', 'first-only'], second: ['add-header'] });
    expect(report.targets.map(({ wave }) => wave)).toEqual([1, 2]);
    expect(report.clusters).toMatchObject([
      { name: 'first', context: 'staging' },
      { name: 'second', context: 'production' },
    ]);
    twins.forget();
    expect((await run(twins, 'well')).outcome).toBe('unchanged');
    nothingWritten(twins);
    const removed = await run(twins, 'well', { command: 'remove' });
    expect(outcomesIn(removed)).toEqual({ 'first a': 'removed', 'second a': 'removed' });
  });

  test.concurrent('stops before the second where the first fails', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a', { staging: REFUSES });
    const report = await run(twins, 'bad');
    expect(outcomesIn(report)).toEqual({ 'first a': 'failed', 'second a': 'untouched' });
    expect(report.targets[0]?.rollback?.state).toBe('rolled-back');
    expect(twins.writes('production')).toEqual([]);
  });
});

test.concurrent('a kubectl command that is offered goes to the cluster that it is for', async () => {
  const twins = await Twins.open(clusters);
  const workload = await twins.workload('a');
  await Promise.all(Object.values(clusters).map(({ api }) => api.patch(pathOf(workload), { spec: { paused: true } })));
  const resume = `\`kubectl rollout resume -n ${twins.namespace} deployment/a --context`;
  const offered = async (inputs: ActionInputs): Promise<(string | undefined)[]> =>
    (await twins.deploy(inputs)).problems.map(({ remedy }) => remedy);
  expect(await offered({})).toEqual([
    expect.stringContaining(`${resume} staging\``),
    expect.stringContaining(`${resume} production\``),
  ]);
  // One cluster of a kubeconfig with two.
  expect(await offered({ contexts: 'staging' })).toEqual([expect.stringContaining(`${resume} staging\``)]);
});

describe('a failure', () => {
  test.concurrent('in the canary of the first cluster leaves the second without a single write', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a', { staging: REFUSES });
    const report = await twins.deploy({ configuration: 'bad', canary: '1' });
    expect(outcomesIn(report)).toEqual({ 'staging a': 'failed', 'production a': 'untouched' });
    expect(report.targets[0]?.rollback?.state).toBe('rolled-back');
    expect(report.problems).toEqual([]);
    expect(report.targets[0]?.problem?.subject).toMatch(/^staging: Deployment /);
    expect(twins.writes('production')).toEqual([]);
  });

  test.concurrent('with rollback-all takes both back', async () => {
    const twins = await Twins.open(clusters);
    const workload = await twins.workload('a', { production: REFUSES });
    await twins.deploy({ configuration: 'well' });
    const before = ownPart(await twins.now('staging', workload));
    const report = await twins.deploy({ configuration: 'bad', 'on-failure': 'rollback-all', canary: '1' });
    expect(outcomesIn(report)).toEqual({ 'staging a': 'rolled-back', 'production a': 'failed' });
    expect(report.targets.map(({ rollback }) => rollback?.state)).toEqual(['rolled-back', 'rolled-back']);
    expect(report.changed).toBe(false);
    expect(ownPart(await twins.now('staging', workload))).toEqual(before);
  });

  test.concurrent('in one of them, with rollback, leaves the other deployed', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a', { production: REFUSES });
    const report = await twins.deploy({ configuration: 'bad' });
    expect(outcomesIn(report)).toEqual({ 'staging a': 'deployed', 'production a': 'failed' });
    expect(report.targets.map(({ rollback }) => rollback?.state)).toEqual([undefined, 'rolled-back']);
  });

  test.concurrent('a cluster that refuses the shared objects counts with its workloads; the other goes on where so many may fail', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    twins.inject('production', ({ method, path }) =>
      method === 'PATCH' && path.includes('/configmaps/') ? { answer: { status: 403 } } : undefined,
    );
    const stopped = await twins.deploy();
    expect(outcomesIn(stopped)).toEqual({ 'staging a': 'untouched', 'production a': 'untouched' });
    const report = await twins.deploy({ 'max-failures': '1' });
    expect(outcomesIn(report)).toEqual({ 'staging a': 'deployed', 'production a': 'untouched' });
    expect(report.outcome).toBe('failed');
  });

  const AGAIN = 'Then re-run the job: it continues from what is there, and verifies it or rolls it back.';
  const LOST =
    'It is not known what the pods do that this run could not watch to the end. Restore the access to the API server and re-run: the run continues from what is there, and verifies it or rolls it back.';
  const unseen = {
    phase: 'rollback-failed',
    rolledBackFrom: 'unobserved',
    rollback: { state: 'failed', template: 'new' },
    problem: {
      kind: 'connection',
      subject: expect.stringMatching(/^production: Deployment /),
      message: expect.stringMatching(
        /^was lost from sight while this run waited: the API server did not show it any more \(.+\)\. Seen last: /,
      ),
      remedy: expect.stringMatching(new RegExp(`kubectl get --raw /readyz --context production.* ${AGAIN}$`)),
    },
  };
  const lostCases: readonly [string, Fault, object, object[]][] = [
    ['does not answer any more', { disconnect: 'before' }, unseen, []],
    ['takes requests and answers none any more', { hang: 'before' }, unseen, []],
    ['answers 503', { answer: { status: 503 } }, unseen, []],
    [
      'rejects a token that has expired',
      { answer: { status: 401 } },
      { phase: 'unverified' },
      [{ kind: 'credentials', subject: 'cluster production', remedy: expect.stringMatching(new RegExp(`${AGAIN}$`)) }],
    ],
  ];

  /** Makes one cluster fail with everything after the first patch of a workload; gives what ends that. */
  const loseAfterPatch = (twins: Twins, context: string, fault: Fault): (() => void) => {
    let state: 'there' | 'lost' | 'back' = 'there';
    twins.inject(context, ({ method, path }) => {
      if (state === 'lost') return fault;
      if (state === 'there' && method === 'PATCH' && path.includes('/deployments/')) state = 'lost';
      return undefined;
    });
    return () => {
      state = 'back';
    };
  };

  test.concurrent.each(lostCases)(
    'a cluster that %s once a workload is changed says so of the connection, and a re-run finishes what is there',
    async (_, fault, target, problems) => {
      const twins = await Twins.open(clusters);
      await twins.workload('a');
      const comesBack = loseAfterPatch(twins, 'production', fault);
      // So long that asking once more has failed, too.
      const report = await twins.deploy({ timeout: '8s' });
      expect(report).toMatchObject({ outcome: 'failed', changed: true, problems });
      expect(report.targets).toMatchObject([{ phase: 'succeeded' }, target]);
      // One problem tells both, the rollout and the rollback.
      const told = groupProblems(report.whole).flatMap(({ remedies }) => remedies.flatMap(({ entries }) => entries));
      expect(told.map(({ subjects }) => subjects)).toEqual([[expect.stringMatching(/production/)]]);
      expect(judge(report.whole).sentence).toBe(LOST);
      comesBack();
      expect(await twins.deploy()).toMatchObject({
        outcome: 'unchanged',
        problems: [],
        targets: [{ outcome: 'unchanged' }, { outcome: 'unchanged', verification: { level: 'listener' } }],
      });
    },
  );

  test.concurrent('what a lost cluster refuses is rolled back by the re-run', async () => {
    const twins = await Twins.open(clusters);
    const workload = await twins.workload('a', { production: REFUSES });
    await twins.deploy({ configuration: 'well' });
    const template = async (): Promise<unknown> => (await twins.now('production', workload)).spec?.template;
    const before = await template();
    const comesBack = loseAfterPatch(twins, 'production', { answer: { status: 401 } });
    await twins.deploy({ configuration: 'bad' });
    comesBack();
    const report = await twins.deploy({ configuration: 'bad' });
    expect(report.targets[1]).toMatchObject({ outcome: 'failed', rollback: { state: 'rolled-back' } });
    expect(await template()).toEqual(before);
  });

  test.concurrent('a cancelled run starts nothing more anywhere', async () => {
    const twins = await Twins.open(clusters);
    await twins.workload('a');
    const cancel = new AbortController();
    twins.inject('staging', ({ method, path }) => {
      if (method === 'PATCH' && path.includes('/deployments/')) cancel.abort();
      return undefined;
    });
    const { report } = await twins.run({ canary: '1' }, {}, { cancelled: cancel.signal });
    expect(report.cancelled).toBe(true);
    expect(outcomesIn(report)['production a']).toBe('untouched');
    expect(twins.writes('production')).toEqual([]);
  });
});
