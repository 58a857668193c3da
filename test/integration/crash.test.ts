import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, resourcePath } from '../../src/cluster/resources.ts';
import { GARBAGE_ANNOTATION, podLabel, STATE_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { revisionOn, stateOn } from '../../src/mesh/template/template.ts';
import type { ActionInputs } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { WORKLOADS } from '../harness/kinds.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { awaitReady, createWorkloads, makeWorkload, pathOf } from '../harness/workloads.ts';
import { FILTER, objectsOf, Site } from './site.ts';

const WORKLOAD_COUNT = 20;
/** More than are written at once, and few enough to break off at each write. */
const FEWER = 10;

describe('a run that ends in the middle of its work', () => {
  let cluster: TestCluster;
  let site: Site;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    cluster.recorder.reset();
    site = new Site(cluster, await cluster.namespace());
  });

  const isWrite = ({ method, path, body = '' }: Omit<RecordedRequest, 'status'>): boolean =>
    method !== 'GET' && !path.includes('accessreviews') && !path.includes('dryRun=All') && !body.includes('"dryRun"');

  /**
   * Runs a deployment that dies at its write `at`, from 1: that one is done, its answer never comes, and nothing that would come
   * after it is sent. Gives how many writes there were; fewer than `at` mean that it came to its end.
   */
  const runUntil = async (at: number, targets: string, inputs: ActionInputs): Promise<number> => {
    const killed = new AbortController();
    let writes = 0;
    cluster.recorder.reset();
    cluster.recorder.inject((request) => {
      if (killed.signal.aborted) return { disconnect: 'before' };
      if (!isWrite(request)) return undefined;
      writes++;
      if (writes < at) return undefined;
      killed.abort();
      return { disconnect: 'after' };
    });
    await site.run('deploy', targets, inputs, { cancelled: killed.signal });
    // What was under way at that moment still arrives.
    await eventually('the writes that were sent', async () =>
      cluster.recorder.writes.filter(({ status }) => status !== 0).length >= writes ? true : undefined,
    );
    cluster.recorder.reset();
    return writes;
  };
  const workloads = (): Promise<readonly Workload[]> =>
    cluster.api.list<Workload>(resourcePath(WORKLOADS.Deployment, site.namespace));
  const carried = async (): Promise<readonly (string | undefined)[]> => [
    ...new Set((await workloads()).map((workload) => revisionOn(workload, FILTER))),
  ];
  const marks = async (): Promise<number> => {
    const objects = await Promise.all(
      [CONFIG_MAP, ENVOY_FILTER].map((resource) => cluster.api.list<KubernetesObject>(site.path(resource))),
    );
    return objects.flat().filter(({ metadata }) => metadata.annotations?.[GARBAGE_ANNOTATION] !== undefined).length;
  };
  /** Every revision in a pod template has its objects. */
  const expectWhole = async (): Promise<void> => {
    const revisions = (await carried()).filter((revision) => revision !== undefined);
    expect(await site.objects()).toEqual(expect.arrayContaining(objectsOf(...revisions)));
  };
  const ours = ({ metadata, spec }: Workload): string[] => {
    const { labels = {}, annotations = {} } = spec?.template?.metadata ?? {};
    return [...Object.keys(labels), ...Object.keys(annotations), ...Object.keys(metadata.annotations ?? {})].filter(
      (key) => key.startsWith(podLabel('')) || key.startsWith('sidecar.istio.io/'),
    );
  };
  const expectNothingLeft = async (): Promise<void> => {
    const { report } = await site.run('remove', '');
    expect(report.problems).toEqual([]);
    expect(await site.objects()).toEqual([]);
    expect((await workloads()).flatMap(ours)).toEqual([]);
  };
  const ALL = '- selector: "!none"\n  kinds: [deployment]';
  const createAll = async (count: number, replicas: (at: number) => number): Promise<void> => {
    const all = Array.from({ length: count }, (_, at) =>
      makeWorkload(site.namespace, `w${at}`, { replicas: replicas(at) }),
    );
    await createWorkloads(cluster.api, ...all);
  };

  test('after any of its writes, the next run ends all-new and leaves nothing behind', async () => {
    await createAll(FEWER, () => 0);
    const inputs = (configuration: string): ActionInputs => ({ configuration, 'keep-revisions': '0' });
    let old = await site.deployed(ALL, 'start', inputs('start'));
    let max = 0;
    for (let at = 1; ; at++) {
      const configuration = `after write ${at}`;
      const writes = await runUntil(at, ALL, inputs(configuration));
      // Until the next run, every pod can start: its template has its objects.
      await expectWhole();
      const revision = await site.deployed(ALL, configuration, inputs(configuration));
      expect([at, await carried()]).toEqual([at, [revision]]);
      expect([at, await site.objects()]).toEqual([at, objectsOf(revision)]);
      expect([at, await marks()]).toEqual([at, 0]);
      expect(revision).not.toBe(old);
      old = revision;
      max = Math.max(max, writes);
      if (writes < at) break;
    }
    // Two objects, the workloads, and two marks and two deletions for the revision before.
    expect(max).toBe(FEWER + 6);
    await expectNothingLeft();
  });

  test('the same where there was no filter before, and with pods to verify', async () => {
    await createAll(4, (at) => (at < 2 ? 1 : 0));
    for (const at of [1, 2, 3, 4, 5, 6, 7]) {
      await runUntil(at, ALL, { configuration: 'x-test: 1' });
      await expectWhole();
      const revision = await site.deployed(ALL, 'x-test: 1');
      expect([at, await carried()]).toEqual([at, [revision]]);
      expect([at, await site.objects()]).toEqual([at, objectsOf(revision)]);
      await expectNothingLeft();
    }
  });

  describe('with a revision that is bad', () => {
    const SWITCH = 'switch';
    const WELL = Buffer.from('\0asm').toString('base64');
    const UNWELL = Buffer.from('none').toString('base64');
    /** New pods become ready, or never do: the simulated kubelet takes this ConfigMap for one of a filter. */
    const turn = async (to: string): Promise<void> => {
      await cluster.api.patch(`${site.path(CONFIG_MAP)}/${SWITCH}`, { binaryData: { value: to } });
    };
    /** What is recorded on each workload, but for the start of the run: what a killed run leaves has that of its own. */
    const recorded = async (): Promise<unknown[]> =>
      (await workloads()).map((workload) =>
        Object.entries(stateOn(workload)).map(([filter, { started: _, ...record }]) => [filter, record]),
      );
    const createSwitched = async (count: number): Promise<Workload[]> => {
      const binaryData = { value: WELL };
      await cluster.api.create(site.path(CONFIG_MAP), { metadata: { name: SWITCH }, binaryData } as never);
      const all = Array.from({ length: count }, (_, at) => {
        const workload = makeWorkload(site.namespace, `w${at}`);
        Object.assign(workload.spec?.template?.spec ?? {}, {
          volumes: [{ name: SWITCH, configMap: { name: SWITCH } }],
        });
        return workload;
      });
      await createWorkloads(cluster.api, ...all);
      return all;
    };

    test.each([
      [1, 'rollback'],
      [2, 'rollback'],
      [3, 'rollback'],
      [4, 'rollback'],
      [6, 'rollback'],
      [3, 'rollback-all'],
      [6, 'rollback-all'],
    ])('after its write %i, the next run ends all-old (on-failure: %s)', async (at, policy) => {
      const all = await createSwitched(4);
      const old = await site.deployed(ALL, 'good');
      const before = (await workloads()).map(({ spec }) => spec?.template);
      const states = await recorded();
      const bad = { configuration: 'bad', timeout: '1s', 'on-failure': policy, scout: 'off' };
      await turn(UNWELL);
      expect(await runUntil(at, ALL, bad)).toBe(at);
      expect(await carried()).toHaveLength(at > 2 && at < 6 ? 2 : 1);
      const { report } = await site.run('deploy', ALL, bad);
      expect(report).toMatchObject({ outcome: 'failed', changed: true });
      expect(await carried()).toEqual([old]);
      expect(await site.objects()).toEqual(objectsOf(old));
      expect((await workloads()).map(({ spec }) => spec?.template)).toEqual(before);
      expect(await recorded()).toEqual(states);
      for (const workload of all) await awaitReady(cluster.api, workload);
      await expectWhole();
      await turn(WELL);
      await expectNothingLeft();
    });

    test.each([1, 2, 3, 5])('after its write %i and where there was none before, too', async (at) => {
      await createSwitched(3);
      const before = (await workloads()).map(({ spec }) => spec?.template);
      const bad = { configuration: 'bad', timeout: '1s', 'on-failure': 'rollback-all', scout: 'off' };
      await turn(UNWELL);
      await runUntil(at, ALL, bad);
      const { report } = await site.run('deploy', ALL, bad);
      expect(report.outcome).toBe('failed');
      expect((await workloads()).map(({ spec }) => spec?.template)).toEqual(before);
      expect((await workloads()).flatMap(ours)).toEqual([]);
      expect(await site.objects()).toEqual([]);
      expect(renderSummary(report.whole)).toContain('2 unused objects deleted');
    });
  });

  describe('a revision that a killed run has left behind stays where the next one fails', () => {
    const unready = { podAnnotations: { 'sim/behaviour-with-filter': 'never-ready' } };
    const bad = { configuration: 'bad', timeout: '1s' };

    test('if another workload runs it', async () => {
      await createWorkloads(cluster.api, makeWorkload(site.namespace, 'other', { replicas: 0 }));
      await createWorkloads(cluster.api, makeWorkload(site.namespace, 'w0', unready));
      const revision = await site.deployed(['other'], 'bad');
      const { report } = await site.run('deploy', ['w0'], bad);
      expect(report).toMatchObject({ outcome: 'failed', collected: { deleted: [], left: [] } });
      expect(await site.objects()).toEqual(objectsOf(revision));
    });

    test('if another one goes back to it', async () => {
      await createWorkloads(cluster.api, makeWorkload(site.namespace, 'other', { replicas: 0 }));
      await createWorkloads(cluster.api, makeWorkload(site.namespace, 'w0', unready));
      const revision = await site.deployed(['other'], 'bad');
      const next = await site.deployed(['other'], 'next');
      const { report } = await site.run('deploy', ['w0'], bad);
      expect(report).toMatchObject({ outcome: 'failed', collected: { deleted: [], left: [] } });
      expect(await site.objects()).toEqual(objectsOf(revision, next));
    });

    test('if it was verified once', async () => {
      await createWorkloads(cluster.api, makeWorkload(site.namespace, 'other'));
      await createWorkloads(cluster.api, makeWorkload(site.namespace, 'w0', unready));
      const revision = await site.deployed(['other'], 'bad');
      await cluster.api.delete(pathOf(makeWorkload(site.namespace, 'other')));
      const { report } = await site.run('deploy', ['w0'], bad);
      expect(report).toMatchObject({ outcome: 'failed', collected: { deleted: [], left: [] } });
      expect(await site.objects()).toEqual(objectsOf(revision));
    });
  });

  test('two runs at once with different configurations: every workload has that of the later one, whole', async () => {
    await createAll(WORKLOAD_COUNT, (at) => (at % 5 === 0 ? 1 : 0));
    for (let round = 1; round <= 3; round++) {
      const configurations = [`left ${round}`, `right ${round}`];
      const reports = await Promise.all(
        configurations.map(async (configuration) => {
          const given = { configuration, 'keep-revisions': '0' };
          const { report } = await site.run('deploy', ALL, given);
          return report;
        }),
      );
      const wanted = reports.map(({ targets }) => targets[0]?.revisions[0]?.revision);
      const [revision, ...others] = await carried();
      expect(others).toEqual([]);
      expect(reports[wanted.indexOf(revision)]?.outcome).toBe('deployed');
      await expectWhole();
      for (const workload of await workloads()) {
        const { volumes, mounts } = mountsOf(workload);
        const revision = revisionOn(workload, FILTER) ?? '';
        expect(volumes).toContain(`${FILTER}-${revision}`);
        expect(mounts).toContain(`wasm-filter-${FILTER}`);
        const state = JSON.parse(workload.metadata.annotations?.[STATE_ANNOTATION] ?? '{}');
        expect(state[FILTER].revision).toBe(revision);
      }
      // The other one stopped, or had ended before.
      for (const { outcome } of reports) expect(['deployed', 'superseded']).toContain(outcome);
    }
    // One more run, and there is one.
    const revision = await site.deployed(ALL, 'left 3', { 'keep-revisions': '0' });
    expect(await carried()).toEqual([revision]);
    expect(await site.objects()).toEqual(objectsOf(revision));
  });
});

function mountsOf({ spec }: Workload): { volumes: string; mounts: string } {
  const { annotations = {} } = spec?.template?.metadata ?? {};
  return {
    volumes: annotations['sidecar.istio.io/userVolume'] ?? '',
    mounts: annotations['sidecar.istio.io/userVolumeMount'] ?? '',
  };
}
