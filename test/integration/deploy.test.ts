import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import type { ConfigMap } from '../../src/mesh/objects/config-map.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { makeModule, runAction } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { createWorkloads, makeWorkload, pathOf } from '../harness/workloads.ts';

const USER_VOLUME = 'sidecar.istio.io/userVolume';
const USER_VOLUME_MOUNT = 'sidecar.istio.io/userVolumeMount';

/** What a log says that a run is about to do. */
const plansIn = (log: readonly string[]): string[] => log.filter((line) => /^\d+ targets?, /.test(line));

describe('deploying a filter', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => cluster.recorder.reset());

  /** Without those that met a controller's status update at the same moment, a conflict that is tried again. */
  const writesDone = (): readonly RecordedRequest[] => cluster.recorder.writes.filter(({ status }) => status !== 409);
  const inputs = (namespace: string, targets: string, more: Record<string, string> = {}): Record<string, string> => ({
    filter: 'filter.wasm',
    name: 'add-header',
    'root-id': 'add_header',
    configuration: 'x-test: 1\n',
    namespace,
    targets,
    kubeconfig: cluster.recorder.kubeconfig(),
    timeout: '30s',
    ...more,
  });
  const templateOf = async (
    workload: Workload,
  ): Promise<{ labels: Record<string, string>; annotations: Record<string, string> }> => {
    const now = await cluster.api.get<Workload>(pathOf(workload));
    const { labels = {}, annotations = {} } = now.spec?.template?.metadata ?? {};
    return { labels, annotations };
  };

  test('performs the four steps on every kind, and a second run writes nothing', async () => {
    const namespace = await cluster.namespace();
    const workloads = [
      makeWorkload(namespace, 'reviews', { replicas: 2 }),
      makeWorkload(namespace, 'ratings', { kind: 'StatefulSet', replicas: 2 }),
      makeWorkload(namespace, 'agent', { kind: 'DaemonSet' }),
    ];
    await createWorkloads(cluster.api, ...workloads);
    const given = inputs(namespace, '- deployment/reviews\n- sts/ratings\n- {kind: DaemonSet, name: agent}');

    const first = await runAction(given);
    expect(first.report.problems).toEqual([]);
    expect(first.report.outcome).toBe('deployed');
    expect(first.report.targets.map(({ ref, outcome, pods }) => [ref.kind, outcome, pods])).toEqual([
      ['Deployment', 'deployed', { ready: 2, wanted: 2 }],
      ['StatefulSet', 'deployed', { ready: 2, wanted: 2 }],
      ['DaemonSet', 'deployed', { ready: 1, wanted: 1 }],
    ]);
    // Two objects, a scout that comes and goes, three workloads, and the record of the verification.
    expect(writesDone()).toHaveLength(2 + 2 + 3 + 1);

    const revision = first.report.targets[0]?.revisions[0]?.revision ?? '';
    const name = `add-header-${revision}`;
    const configMap = await cluster.api.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    expect(configMap.immutable).toBe(true);
    expect(Buffer.from(configMap.binaryData?.[`${name}.wasm`] ?? '', 'base64')).toEqual(Buffer.from(makeModule()));
    const filters = `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`;
    const envoyFilter = await cluster.api.get<EnvoyFilter>(`${filters}/${name}`);
    expect(envoyFilter.spec).toMatchObject({
      workloadSelector: { labels: { 'deploy-wasm-filter/add-header': revision } },
    });
    // Byte for byte, its last line break too.
    expect(JSON.stringify(envoyFilter.spec)).toContain(JSON.stringify({ value: 'x-test: 1\n' }).slice(1, -1));
    for (const workload of workloads) {
      const { labels, annotations } = await templateOf(workload);
      expect(labels['deploy-wasm-filter/add-header']).toBe(revision);
      expect(JSON.parse(annotations[USER_VOLUME] ?? '')).toEqual([
        { name: 'wasm-filter-add-header', configMap: { name } },
      ]);
      expect(JSON.parse(annotations[USER_VOLUME_MOUNT] ?? '')).toEqual([
        { name: 'wasm-filter-add-header', mountPath: '/var/local/lib/wasm-filters/add-header', readOnly: true },
      ]);
    }

    cluster.recorder.reset();
    const second = await runAction(given);
    expect(second.report.outcome).toBe('unchanged');
    expect(second.report.changed).toBe(false);
    expect(plansIn(first.log)).toEqual([expect.stringMatching(/^3 targets, .*; 3 workloads to restart\.$/)]);
    expect(plansIn(second.log)).toEqual(['3 targets, nothing to change.']);
    expect(cluster.recorder.writes).toEqual([]);
    // The version, one list per kind, the ConfigMaps and the EnvoyFilters, and whether there are Rollouts.
    expect(cluster.recorder.requests).toHaveLength(1 + 3 + 2 + 1);
  });

  test('keeps foreign volumes in the form they have', async () => {
    const namespace = await cluster.namespace();
    const foreignVolume = { name: 'certs', secret: { secretName: 'certs', optional: true } };
    const foreignMount = { name: 'certs', mountPath: '/etc/certs' };
    const array = makeWorkload(namespace, 'array', {
      podAnnotations: {
        [USER_VOLUME]: JSON.stringify([foreignVolume]),
        [USER_VOLUME_MOUNT]: JSON.stringify([foreignMount]),
      },
    });
    const map = makeWorkload(namespace, 'map', {
      podAnnotations: {
        [USER_VOLUME]: JSON.stringify({ certs: { secret: { secretName: 'certs', optional: true } } }),
        [USER_VOLUME_MOUNT]: JSON.stringify({ certs: { mountPath: '/etc/certs' } }),
      },
    });
    await createWorkloads(cluster.api, array, map);
    const { report } = await runAction(inputs(namespace, '- deployment/array\n- deployment/map'));
    expect(report.outcome).toBe('deployed');

    const inArray = (await templateOf(array)).annotations;
    expect(JSON.parse(inArray[USER_VOLUME] ?? '')).toEqual([
      foreignVolume,
      { name: 'wasm-filter-add-header', configMap: expect.anything() },
    ]);
    expect(JSON.parse(inArray[USER_VOLUME_MOUNT] ?? '')[0]).toEqual(foreignMount);
    const inMap = (await templateOf(map)).annotations;
    expect(Object.keys(JSON.parse(inMap[USER_VOLUME] ?? ''))).toEqual(['certs', 'wasm-filter-add-header']);
    expect(JSON.parse(inMap[USER_VOLUME_MOUNT] ?? '')).toMatchObject({ certs: { mountPath: '/etc/certs' } });
  });

  test('a new configuration is a new revision: new objects, one patch a workload, the old objects stay', async () => {
    const namespace = await cluster.namespace();
    const workload = makeWorkload(namespace, 'reviews');
    await createWorkloads(cluster.api, workload);
    const first = await runAction(inputs(namespace, '- deployment/reviews'));
    const second = await runAction(inputs(namespace, '- deployment/reviews', { configuration: 'x-test: 2' }));
    const [before, after] = [first, second].map(({ report }) => report.targets[0]?.revisions[0]);
    expect(second.report.outcome).toBe('deployed');
    expect(after?.before).toBe(before?.revision);
    expect(after?.revision).not.toBe(before?.revision);
    const configMaps = await cluster.api.list(
      `/api/v1/namespaces/${namespace}/configmaps?labelSelector=deploy-wasm-filter/name=add-header`,
    );
    expect(configMaps).toHaveLength(2);
    const state = JSON.parse(
      (await cluster.api.get(pathOf(workload))).metadata.annotations?.['deploy-wasm-filter/state'] ?? '{}',
    );
    expect(state).toEqual({
      'add-header': {
        revision: after?.revision,
        previous: before?.revision,
        run: 'local',
        started: expect.any(String),
      },
    });
  });

  test('selects by labels over kinds and namespaces, with settings of its own for a target', async () => {
    const [one, two] = [await cluster.namespace(), await cluster.namespace()];
    const labels = { team: 'shop' };
    await createWorkloads(
      cluster.api,
      makeWorkload(one, 'a', { labels }),
      makeWorkload(one, 'b', { labels, kind: 'StatefulSet' }),
      makeWorkload(one, 'other'),
      makeWorkload(two, 'c', { labels }),
      makeWorkload(two, 'special', { podAnnotations: { 'sim/http-ports': '8080' } }),
    );
    const targets = `
      - {namespaces: [${one}, ${two}], selector: team=shop}
      - {kind: Deployment, namespace: ${two}, name: special, configuration: {mode: special}, port: 8080}
      - ${one}/deployment/a`;
    const { report } = await runAction(inputs('default', targets));
    expect(report.problems).toEqual([]);
    expect(report.targets.map(({ ref }) => `${ref.namespace}/${ref.name}`).sort()).toEqual(
      [`${one}/a`, `${one}/b`, `${two}/c`, `${two}/special`].sort(),
    );
    // One revision for three workloads in two namespaces, another for the special one: 2 + 1 ConfigMaps, as many EnvoyFilters
    // and records of the verification. Two scouts come and go, the special one's with an EnvoyFilter without the port.
    expect(new Set(report.targets.map(({ revisions }) => revisions[0]?.revision)).size).toBe(2);
    expect(report.outcome).toBe('deployed');
    expect(writesDone()).toHaveLength(3 + 3 + 4 + 3 + 3 * 2 + 2);
  });

  test('repairs drift, and only that', async () => {
    const namespace = await cluster.namespace();
    const [reviews, ratings] = [makeWorkload(namespace, 'reviews'), makeWorkload(namespace, 'ratings')];
    await createWorkloads(cluster.api, reviews, ratings);
    const given = inputs(namespace, '- deployment/reviews\n- deployment/ratings');
    const { report } = await runAction(given);
    const name = `add-header-${report.targets[0]?.revisions[0]?.revision}`;

    await cluster.api.delete(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    await cluster.api.patch(pathOf(ratings), {
      spec: { template: { metadata: { annotations: { [USER_VOLUME]: null } } } },
    });
    cluster.recorder.reset();
    const repaired = await runAction(given);
    expect(repaired.report.outcome).toBe('deployed');
    expect(writesDone().map(({ path }) => path.replace(/\?.*/, ''))).toEqual([
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
      // The ConfigMap knew that the revision was verified, so it is tried again.
      `/api/v1/namespaces/${namespace}/pods`,
      expect.stringContaining(`/api/v1/namespaces/${namespace}/pods/deploy-wasm-filter-scout-`),
      pathOf(ratings),
      // The record of the verification was lost with the ConfigMap.
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    ]);
    expect(
      repaired.report.targets.map(({ steps }) => [
        steps.configMap,
        steps.filterResource,
        steps.template,
        steps.rollout,
      ]),
    ).toEqual([
      ['done', 'unchanged', 'unchanged', 'unchanged'],
      ['done', 'unchanged', 'done', 'done'],
    ]);
  });

  test('does not wait when told so', async () => {
    const namespace = await cluster.namespace();
    await createWorkloads(cluster.api, makeWorkload(namespace, 'reviews', { replicas: 0 }));
    const { report } = await runAction(inputs(namespace, '- deployment/reviews', { wait: 'false' }));
    expect(report.outcome).toBe('deployed');
    expect(report.targets[0]?.steps).toMatchObject({ template: 'done', rollout: 'skipped' });
    expect(cluster.recorder.requests.some(({ path }) => path.includes('watch=true'))).toBe(false);
  });
});
