import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import { Client } from '../../src/cluster/client.ts';
import type { Pod, Workload } from '../../src/cluster/objects.ts';
import { isReady } from '../../src/cluster/pods.ts';
import { CONFIG_MAP, ENVOY_FILTER, POD, resourcePath } from '../../src/cluster/resources.ts';
import { Transport } from '../../src/cluster/transport.ts';
import { openWebSocket } from '../../src/cluster/websocket.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { accessTo } from '../harness/access.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { makeWorkload } from '../harness/workloads.ts';
import { chainsOf, FOLDER, type Manual, manualConfigMap, manualEnvoyFilter } from './by-hand.ts';
import { FILTER, filterKeys, lines, Site, writesOf } from './site.ts';

const UNMANAGED = 'reviews-add-header';
const CONFIG_MAP_NAME = 'wasm-files';
const OUR_FILE = /\/wasm-filters\/add-header\/add-header-\w{10}\.wasm$/;

describe('a filter that was put in by hand', () => {
  let cluster: TestCluster;
  let site: Site;
  let client: Client;
  let transport: Transport;
  beforeAll(async () => {
    cluster = await startTestCluster();
    transport = new Transport(await accessTo(cluster.recorder.kubeconfig()), { userAgent: 'tester', openWebSocket });
    client = new Client(transport);
  });
  afterAll(async () => {
    await transport.close();
    await cluster.stop();
  });
  beforeEach(async () => {
    cluster.recorder.reset();
    site = new Site(cluster, await cluster.namespace());
  });

  /** The ConfigMap and the EnvoyFilter; the mount is what `mounted` makes. */
  const putIn = async (manual: Manual = {}): Promise<void> => {
    await cluster.api.create(site.path(CONFIG_MAP), manualConfigMap(CONFIG_MAP_NAME, manual));
    await cluster.api.create(site.path(ENVOY_FILTER), manualEnvoyFilter(UNMANAGED, manual));
  };
  const VOLUME = { name: 'wasmfilters-dir', configMap: { name: CONFIG_MAP_NAME } };
  const MOUNT = { name: 'wasmfilters-dir', mountPath: FOLDER };
  const THEIRS = [
    { name: 'theirs', emptyDir: {} },
    { name: 'theirs', mountPath: '/theirs' },
  ] as const;
  const mounted = (name: string, replicas = 1): Promise<Workload> =>
    site.workload(name, {
      replicas,
      podAnnotations: {
        [USER_VOLUME_ANNOTATION]: JSON.stringify([THEIRS[0], VOLUME]),
        [USER_VOLUME_MOUNT_ANNOTATION]: JSON.stringify([THEIRS[1], MOUNT]),
      },
    });
  const deploy = async (targets: readonly string[], more: ActionInputs = {}): Promise<SeenReport> =>
    (await site.run('deploy', targets, { configuration: 'x-test: 1', 'root-id': 'add_header', ...more })).report;

  /** The modules in each HTTP filter chain for incoming requests, of every ready pod. */
  const modulesInPods = async (): Promise<string[][]> => {
    const pods = await cluster.api.list<Pod>(resourcePath(POD, site.namespace));
    const serving = pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
    const dumps = await Promise.all(
      serving.map(({ metadata }) =>
        client
          .exec(site.namespace, metadata.name, 'istio-proxy', [
            'pilot-agent',
            'request',
            'GET',
            'config_dump?resource=dynamic_listeners',
          ])
          // It may end at this very moment.
          .catch(() => ({ stdout: '{"configs":[]}' })),
      ),
    );
    return dumps.flatMap(({ stdout }) => chainsOf(JSON.parse(stdout)));
  };
  const readUnmanaged = (): Promise<unknown> =>
    cluster.api.get(`${site.path(ENVOY_FILTER)}/${UNMANAGED}`).catch(() => undefined);

  test('is a conflict that explains itself, unless it is to be adopted', async () => {
    await putIn();
    await mounted('reviews', 0);
    cluster.recorder.reset();
    const report = await deploy(['reviews']);
    expect([report.outcome, report.changed]).toEqual(['failed', false]);
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(
        /reviews runs add-header already, not managed by this action: "add-header" of EnvoyFilter \S+\/reviews-add-header \(\S+\/add-header\.wasm; SIDECAR_INBOUND, every port\)\. The filter would run twice\. .*"adopt: true"/,
      ),
    ]);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test.each<[string, Manual, string]>([
    ['by its name', { rootId: 'another', file: 'some.wasm' }, 'true'],
    ['by its file', { filter: 'envoy.filters.http.wasm', rootId: 'another' }, 'true'],
    ['as the only one, of names that say nothing', { filter: 'envoy.filters.http.wasm', file: 'main.wasm' }, 'true'],
    ['because it is named', { filter: 'headers-of-old', rootId: 'another', file: 'old.wasm' }, UNMANAGED],
  ])(
    'is known %s; one run takes it over, with the filter once in every pod at any time',
    async (_how, manual, adopt) => {
      await putIn(manual);
      const workload = await mounted('reviews', 2);
      expect(await modulesInPods()).not.toEqual([]);
      const seen: string[][] = [];
      cluster.recorder.reset();
      cluster.recorder.inject(({ method }) =>
        method === 'GET' || method === 'POST'
          ? undefined
          : {
              meanwhile: async () => {
                seen.push(...(await modulesInPods()));
              },
            },
      );
      const report = await deploy(['reviews'], { adopt });
      expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
      const after = await modulesInPods();
      expect([...seen, ...after].filter((modules) => modules.length !== 1)).toEqual([]);
      // It was there before the first write, and is ours at the end.
      expect(seen[0]).toEqual([expect.not.stringMatching(OUR_FILE)]);
      expect(after.length).toBeGreaterThan(0);
      for (const [module] of after) expect(module).toMatch(OUR_FILE);

      expect(await readUnmanaged()).toBeUndefined();
      const revision = report.targets[0]?.revisions[0]?.revision ?? '';
      expect(JSON.stringify((await site.envoyFilter(revision)).spec)).not.toContain('REMOVE');
      const { volumes, mounts } = filterKeys(await site.template(workload));
      const ours = { name: 'wasm-filter-add-header' };
      expect(JSON.parse(volumes ?? '')).toEqual([THEIRS[0], expect.objectContaining(ours)]);
      expect(JSON.parse(mounts ?? '')).toEqual([THEIRS[1], expect.objectContaining(ours)]);
      // ConfigMaps of others are not ours to delete.
      expect(warningTexts(report.warnings)).toContainEqual(
        expect.stringMatching(/^ConfigMap \S+\/wasm-files held the file of/),
      );
      expect((await cluster.api.get(`${site.path(CONFIG_MAP)}/${CONFIG_MAP_NAME}`)).metadata.name).toBe(
        CONFIG_MAP_NAME,
      );

      cluster.recorder.reset();
      const again = await deploy(['reviews'], { adopt });
      expect([again.outcome, cluster.recorder.writes, warningTexts(again.warnings)]).toEqual(['unchanged', [], []]);
    },
  );

  test('is planned with all that an adoption does', async () => {
    await putIn();
    await mounted('reviews', 0);
    const inputs = { configuration: 'x-test: 1', 'root-id': 'add_header', adopt: 'true' };
    cluster.recorder.reset();
    const { report } = await site.run('plan', ['reviews'], inputs);
    expect(report.problems).toEqual([]);
    expect(cluster.recorder.writes).toEqual([]);
    const deployed = await site.run('deploy', ['reviews'], inputs);
    const ours = `${FILTER}-${deployed.report.targets[0]?.revisions[0]?.revision}`;
    const planned = [
      `create ConfigMap ${ours}`,
      `create EnvoyFilter ${ours}`,
      'change Deployment reviews',
      `delete EnvoyFilter ${UNMANAGED}`,
    ];
    expect(lines(report.plan?.changes ?? [])).toEqual(planned);
    // The EnvoyFilter that is made first takes the other's filter out; when that is gone, it need not any more.
    expect(lines(writesOf(cluster.recorder.writes))).toEqual([...planned, `change EnvoyFilter ${ours}`]);
    expect(deployed.report.collected.deleted).toEqual([`EnvoyFilter ${site.namespace}/${UNMANAGED}`]);
    expect(report.plan?.changes.find(({ name }) => name === UNMANAGED)?.reasons).toEqual([
      `replaced by this action: "${FILTER}"`,
    ]);
  });

  test('is left alone when it is another filter', async () => {
    await putIn({ filter: 'rate-limit', rootId: 'rate_limit', file: 'rate-limit.wasm' });
    const workload = await mounted('reviews');
    const before = await readUnmanaged();
    const report = await deploy(['reviews']);
    expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
    expect(await readUnmanaged()).toEqual(before);
    const { volumes } = filterKeys(await site.template(workload));
    expect(JSON.parse(volumes ?? '')).toEqual([THEIRS[0], VOLUME, expect.anything()]);
    for (const modules of await modulesInPods()) {
      expect(modules).toEqual([`${FOLDER}/rate-limit.wasm`, expect.stringMatching(OUR_FILE)]);
    }
  });

  test('stays for another workload that it serves, and ours keeps taking it out of its own', async () => {
    await putIn({ selector: {} });
    await mounted('reviews');
    await mounted('ratings');
    const report = await deploy(['reviews'], { adopt: 'true' });
    expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
    expect(await readUnmanaged()).toBeDefined();
    const warning = expect.stringMatching(
      /^"add-header" of EnvoyFilter \S+\/reviews-add-header still serves Deployment \S+\/ratings/,
    );
    expect(warningTexts(report.warnings)).toEqual([warning]);
    const modules = (await modulesInPods()).map(([module, ...others]) => [OUR_FILE.test(module ?? ''), others.length]);
    expect(new Set(modules.map(String))).toEqual(new Set(['true,0', 'false,0']));

    cluster.recorder.reset();
    const again = await deploy(['reviews']);
    expect([again.outcome, cluster.recorder.writes, warningTexts(again.warnings)]).toEqual([
      'unchanged',
      [],
      [warning],
    ]);

    // With the last workload it goes, and both get the plain form.
    const last = await deploy(['reviews', 'ratings'], { adopt: 'true' });
    expect([runProblems(last), last.outcome]).toEqual([[], 'deployed']);
    expect(await readUnmanaged()).toBeUndefined();
    for (const chain of await modulesInPods()) expect(chain).toEqual([expect.stringMatching(OUR_FILE)]);
  });

  test('stays while nobody waits for the pods that run it; the next run takes it away', async () => {
    await putIn();
    await mounted('reviews');
    const first = await deploy(['reviews'], { adopt: 'true', wait: 'false' });
    expect(runProblems(first)).toEqual([]);
    expect(await readUnmanaged()).toBeDefined();
    const next = await deploy(['reviews']);
    expect([runProblems(next), next.outcome, next.changed]).toEqual([[], 'deployed', true]);
    expect(await readUnmanaged()).toBeUndefined();
    for (const chain of await modulesInPods()) expect(chain).toEqual([expect.stringMatching(OUR_FILE)]);
  });

  test('stays until the last pod that runs it has ended', async () => {
    await putIn();
    await mounted('reviews');
    const pods = resourcePath(POD, site.namespace);
    const { metadata, spec } = makeWorkload(site.namespace, 'reviews').spec?.template ?? {};
    await cluster.api.create(pods, { metadata: { ...metadata, name: 'late' }, spec } as never);
    let looks = 0;
    const events: string[] = [];
    cluster.recorder.inject(({ method, path }) => {
      if (method === 'DELETE' && !path.includes('-scout-')) events.push(path.replace(/^.*\//, ''));
      if (method !== 'GET' || !path.startsWith(`${pods}?`) || path.includes('labelSelector') || ++looks !== 2)
        return undefined;
      return {
        meanwhile: async () => {
          await cluster.api.delete(`${pods}/late?gracePeriodSeconds=0`);
          events.push('late');
        },
      };
    });
    const report = await deploy(['reviews'], { adopt: 'true' });
    expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
    expect(events).toEqual(['late', UNMANAGED]);
  });

  test('stays as it is when the adoption fails', async () => {
    await putIn();
    const workload = await mounted('reviews');
    const before = { hand: await readUnmanaged(), template: await site.template(workload) };
    await site.edit(workload, { annotations: { 'sim/refuses': 'x-test' } });
    const report = await deploy(['reviews'], { adopt: 'true' });
    expect(report.outcome).toBe('failed');
    expect(report.targets.map(({ outcome, rollback }) => [outcome, rollback?.state])).toEqual([
      ['failed', 'rolled-back'],
    ]);
    expect(await readUnmanaged()).toEqual(before.hand);
    expect(filterKeys(await site.template(workload))).toEqual(filterKeys(before.template));
    expect(await site.objects()).toEqual([]);
  });
});
