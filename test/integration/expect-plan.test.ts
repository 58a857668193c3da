import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { reportFile } from '../../src/action/report-file/report-file.ts';
import { formatBytes } from '../../src/base/text.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { podLabel } from '../../src/mesh/identity/names.ts';
import { type ActionInputs, makeModule, type SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { startRecorder } from '../harness/recorder.ts';
import { pathOf } from '../harness/workloads.ts';
import { FILTER, Site, writesOf } from './site.ts';

const TARGETS = '- { kind: deployment, name: "*", selector: tier=api }';
const PLAN_FILE = 'plan.json';

describe('a reviewed plan', () => {
  let cluster: TestCluster;
  let site: Site;
  let reviews: Workload;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    site = new Site(cluster, await cluster.namespace());
    reviews = await site.workload('reviews', { labels: { tier: 'api' } });
  });

  interface Reviewed {
    readonly digest: string;
    readonly file: string;
  }
  const plan = async (more: ActionInputs = {}): Promise<Reviewed> => {
    const { whole } = (await site.run('plan', TARGETS, more)).report;
    return { digest: outputsOf(whole)['plan-digest'], file: JSON.stringify(reportFile(whole, '')) };
  };
  const deploy = async (expected: string, { file }: Reviewed, more: ActionInputs = {}): Promise<SeenReport> => {
    cluster.recorder.reset();
    const files = { [PLAN_FILE]: file };
    return (await site.run('deploy', TARGETS, { ...more, 'expect-plan': expected }, { files })).report;
  };
  const refusal = ({ outcome, problems }: SeenReport): unknown => {
    expect([outcome, writesOf(cluster.recorder.writes)]).toEqual(['failed', []]);
    expect(new Set(problems.map(({ kind }) => kind))).toEqual(new Set(['unreviewed']));
    return problems.map(({ message }) => message);
  };

  test('is carried out, by its digest and by its report file', async () => {
    const first = await plan();
    expect((await deploy(first.digest, first)).outcome).toBe('deployed');
    const second = await plan({ configuration: 'x-test: 2' });
    expect((await deploy(PLAN_FILE, second, { configuration: 'x-test: 2' })).outcome).toBe('deployed');
    const third = await plan({ configuration: 'x-test: 2' });
    expect((await deploy(third.digest, third, { configuration: 'x-test: 2' })).outcome).toBe('unchanged');
  });

  test('is no longer what would be done once another workload is selected', async () => {
    const reviewed = await plan();
    await site.workload('ratings', { labels: { tier: 'api' } });
    expect(refusal(await deploy(PLAN_FILE, reviewed))).toEqual([
      `Not reviewed: change Deployment ${site.namespace}/ratings.`,
      `Not reviewed: restart Deployment ${site.namespace}/ratings.`,
    ]);
    expect(refusal(await deploy(reviewed.digest, reviewed))).toEqual([
      expect.stringMatching(
        /^The plan sha256:[0-9a-f]{12} was reviewed, but this run would carry out sha256:[0-9a-f]{12}: .*restart Deployment/,
      ),
    ]);
  });

  test('nor once an input has changed', async () => {
    const before = await plan();
    await deploy(before.digest, before);
    const reviewed = await plan({ configuration: 'x-test: 3' });
    expect(refusal(await deploy(PLAN_FILE, reviewed, { configuration: 'x-test: 4' }))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Not reviewed: create EnvoyFilter \S+\.$/),
        expect.stringMatching(/^Not in the plan any more: create EnvoyFilter \S+\.$/),
        expect.stringMatching(
          /^With other content: change Deployment \S+\/reviews \(add-header-\w+ → add-header-\w+\)\.$/,
        ),
      ]),
    );
    expect(refusal(await deploy(PLAN_FILE, reviewed, { configuration: 'x-test: 3', soak: '5s' }))).toEqual([
      expect.stringContaining('With other content: input "soak" (0.0 s → 5.0 s)'),
    ]);
    // What no write is about does not count.
    await site.edit(reviews, { own: { note: 'x' } });
    expect((await deploy(reviewed.digest, reviewed, { configuration: 'x-test: 3' })).outcome).toBe('deployed');
  });

  test('nor once there is something to repair', async () => {
    const before = await plan();
    await deploy(before.digest, before);
    const reviewed = await plan();
    await site.edit(reviews, { labels: { [podLabel(FILTER)]: null } });
    expect(refusal(await deploy(PLAN_FILE, reviewed))).toEqual([
      expect.stringContaining('Not reviewed: change Deployment'),
      expect.stringContaining('Not reviewed: restart Deployment'),
    ]);
  });

  test('is that of one API server: where all else is the same, it is none of another', async () => {
    const reviewed = await plan();
    const other = await startRecorder(cluster.api);
    try {
      const report = await deploy(PLAN_FILE, reviewed, { kubeconfig: other.kubeconfig() });
      expect(refusal(report)).toEqual([expect.stringMatching(/^With other content: API server \(\S+ → \S+\)\.$/)]);
      expect(other.writes).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  describe('that a run has begun', () => {
    const carriedOut = ({ whole }: SeenReport): unknown =>
      whole.command === 'deploy' && whole.plan.state === 'made' ? whole.plan.carriedOut : undefined;
    /** Cancels a run as soon as a workload is written. */
    const cancelled = async (reviewed: Reviewed, more: ActionInputs): Promise<void> => {
      const cancel = new AbortController();
      cluster.recorder.reset();
      cluster.recorder.inject(({ method, path }) => {
        if (method === 'PATCH' && path.includes('/deployments/') && !path.includes('dryRun')) cancel.abort();
        return undefined;
      });
      const { report } = await site.run(
        'deploy',
        TARGETS,
        { ...more, 'expect-plan': PLAN_FILE },
        { files: { [PLAN_FILE]: reviewed.file }, cancelled: cancel.signal, abandoned: new AbortController().signal },
      );
      expect(report.cancelled).toBe(true);
    };
    const runsOn = async (workload: Workload): Promise<string | undefined> =>
      (await site.template(workload)).labels[podLabel(FILTER)];
    const CANARY = { canary: '1', 'max-parallel': '1' };

    test.each<[string, ActionInputs]>([
      ['in waves', CANARY],
      ['with superseded revisions to delete', { ...CANARY, configuration: 'x-test: 2', 'keep-revisions': '0' }],
      ['with an expiry', { ...CANARY, expires: '72h' }],
    ])('is carried out to its end after a cancel, and is done after that, %s', async (_, more) => {
      const others = await Promise.all(
        ['details', 'ratings'].map((name) => site.workload(name, { labels: { tier: 'api' } })),
      );
      if ('configuration' in more) await site.deployed(TARGETS, 'x-test: 1');
      const reviewed = await plan(more);
      const before = await Promise.all([reviews, ...others].map(runsOn));
      await cancelled(reviewed, more);
      const between = await Promise.all([reviews, ...others].map(runsOn));
      expect(between.filter((now, index) => now !== before[index])).toHaveLength(1);

      const rest = await deploy(PLAN_FILE, reviewed, more);
      expect([rest.outcome, carriedOut(rest)]).toEqual(['deployed', 'part']);
      const again = await deploy(PLAN_FILE, reviewed, more);
      expect([again.outcome, carriedOut(again), writesOf(cluster.recorder.writes)]).toEqual(['unchanged', 'all', []]);
    });

    test('is done where its digest alone is known and nothing is left, and refused where something is', async () => {
      await site.workload('ratings', { labels: { tier: 'api' } });
      const reviewed = await plan(CANARY);
      await cancelled(reviewed, CANARY);
      expect(refusal(await deploy(reviewed.digest, reviewed, CANARY))).toEqual([
        expect.stringContaining('the digest alone does not tell'),
      ]);
      await deploy(PLAN_FILE, reviewed, CANARY);
      const again = await deploy(reviewed.digest, reviewed, CANARY);
      expect([again.outcome, carriedOut(again)]).toEqual(['unchanged', 'unknown']);
    });

    test.each<[string, () => Promise<unknown>, ActionInputs, readonly string[]]>([
      [
        'a workload is gone',
        async () => cluster.api.delete(pathOf(reviews)),
        {},
        [
          'Not in the plan any more: change Deployment reviews.',
          'Not in the plan any more: restart Deployment reviews.',
        ],
      ],
      [
        'a workload is no target any more',
        async () => cluster.api.patch(pathOf(reviews), { metadata: { labels: { tier: 'web' } } }, 'tester'),
        {},
        [
          'Not in the plan any more: change Deployment reviews.',
          'Not in the plan any more: restart Deployment reviews.',
        ],
      ],
      [
        'somebody has changed what is done',
        async () => site.edit(reviews, { labels: { [podLabel(FILTER)]: null } }),
        {},
        ['With other content: change Deployment reviews'],
      ],
      [
        'an input has changed',
        async () => undefined,
        { soak: '1s' },
        ['With other content: input "soak" (0.0 s → 1.0 s).'],
      ],
      [
        'the settings have changed',
        async () => site.deployed(TARGETS, 'x-test: 9'),
        { configuration: 'x-test: 9' },
        [
          'Not in the plan any more: change Deployment reviews.',
          'Not in the plan any more: restart Deployment reviews.',
        ],
      ],
    ])('is refused once it is done and %s', async (_, change, more, expected) => {
      await site.workload('ratings', { labels: { tier: 'api' } });
      const reviewed = await plan();
      await deploy(PLAN_FILE, reviewed);
      await change();
      const said = refusal(await deploy(PLAN_FILE, reviewed, more)) as string[];
      const short = said.map((line) => line.replaceAll(`${site.namespace}/`, ''));
      expect(short).toEqual(expect.arrayContaining(expected.map((line) => expect.stringContaining(line))));
    });
  });

  test('a removal has none', async () => {
    const { problems } = (await site.run('remove', TARGETS, { 'expect-plan': PLAN_FILE })).report;
    expect(problems.map(({ subject }) => subject)).toEqual(['input "expect-plan"']);
  });

  test.each([
    ['{', 'is not the report of a plan'],
    ['{"plan":{}}', 'is not the report of a plan'],
    ['{"command":"deploy"}', 'is the report of "command: deploy"'],
    ['{"command":"plan"}', 'is the report of a plan that failed before it was made'],
    ['{"command":"plan","actionVersion":"0.0.9","plan":{"changes":[]}}', 'was written by version 0.0.9 of this action'],
  ])('the file %s is refused with the other inputs', async (file, why) => {
    const { problems } = await deploy(PLAN_FILE, { digest: '', file });
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(`is "plan.json", which ${why}`)]);
  });

  test('names the filter that was reviewed, and the one that came instead, by digest and size', async () => {
    const [reviewed, newer] = [makeModule('reviewed', 2_048), makeModule('newer', 3_072)];
    const planned = (await site.run('plan', TARGETS, {}, { files: { 'filter.wasm': reviewed } })).report;
    const file = JSON.stringify(reportFile(planned.whole, ''));
    cluster.recorder.reset();
    const files = { 'filter.wasm': newer, [PLAN_FILE]: file };
    const { report } = await site.run('deploy', TARGETS, { 'expect-plan': PLAN_FILE }, { files });
    const short = (module: Uint8Array): string =>
      `sha256:${createHash('sha256').update(module).digest('hex').slice(0, 12)}`;
    const [first] = refusal(report) as string[];
    expect(first).toBe(
      `With other content: filter ${FILTER} (${short(reviewed)} (${formatBytes(reviewed.length)}) → ${short(newer)} (${formatBytes(newer.length)})).`,
    );
  });

  test('is not cleared away by the report of the run that it is for', async () => {
    const { file } = await plan();
    const run = await site.run(
      'deploy',
      TARGETS,
      { 'expect-plan': PLAN_FILE, 'report-file': './plan.json' },
      { files: { [PLAN_FILE]: file } },
    );
    expect(run.report.problems.map(({ subject, message }) => `${subject} ${message}`)).toEqual([
      'input "report-file" is the file of the input "expect-plan", which the report of this run would replace.',
    ]);
    expect([run.removed, [...run.written.keys()]]).toEqual([[], []]);
  });
});
