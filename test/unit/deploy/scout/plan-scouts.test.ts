import { describe, expect, test } from '@jest/globals';
import { faulty, ok } from '../../../../src/base/problem.ts';
import type { Pod } from '../../../../src/cluster/objects.ts';
import type { PlannedFilterResource, PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import { type PlannedScouts, planScouts } from '../../../../src/deploy/scout/plan-scouts.ts';
import { scoutPod } from '../../../../src/deploy/scout/scout-pod.ts';
import { gatewayPodRevision } from '../../../../src/mesh/gateway/plugin.ts';
import { viewGateway } from '../../../../src/mesh/gateway/view.ts';
import { podLabel, SCOUT_LABEL } from '../../../../src/mesh/identity/names.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { pulledRevision, refOf, revision, workload } from '../../builders.ts';
import { plannedFor, plannedRevision, type WantedParts } from '../planned.ts';

const IMAGE = 'example.test/proxyv2:1.31.0';

/** A pod of a Deployment, as its ReplicaSet's owner names it, with a proxy. */
function podOf(name: string, over: Partial<Pod['metadata']> = {}, spec: object = {}, image = IMAGE): Pod {
  return {
    metadata: {
      name: `${name}-5b9f54945-x`,
      labels: { 'pod-template-hash': '5b9f54945' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5b9f54945`, controller: true }],
      ...over,
    },
    spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'istio-proxy', image }], ...spec },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

function planned(name: string, parts: WantedParts = {}, own: Parameters<typeof workload>[1] = {}): PlannedWorkload {
  const observed = workload(name, own);
  return plannedFor(`shop/deployment/${name}`, { observed, ...parts });
}

const NONE: readonly PlannedFilterResource[] = [];

function plan(
  workloads: readonly PlannedWorkload[],
  pods: readonly Pod[] | undefined,
  filterResources = NONE,
  isVerified = false,
): Promise<PlannedScouts> {
  const found = pods === undefined ? faulty('the kubeconfig user cannot list pods') : ok(pods);
  return planScouts(
    { workloads, filterResources },
    'run 1',
    () => isVerified,
    () => Promise.resolve(found),
  );
}

const bodyOf = (scout: PlannedScouts['scouts'][number] | undefined): ReturnType<typeof scoutPod> => {
  if (scout === undefined) throw new Error('there is no scout');
  return scoutPod({ ...scout, run: 'run 1', madeBy: 'shop/filters/1/1' });
};

describe('scouts', () => {
  test('stand for all workloads of a namespace with the same proxy', async () => {
    const { scouts, unscouted } = await plan([planned('a'), planned('b')], [podOf('a'), podOf('b')]);
    expect(unscouted).toEqual([]);
    expect(scouts.map(({ targets }) => targets.map(({ name }) => name))).toEqual([['a', 'b']]);
    const { id } = revision();
    const { metadata, spec } = bodyOf(scouts[0]);
    expect(metadata.labels).toMatchObject({ [podLabel('add-header')]: id, 'sidecar.istio.io/inject': 'true' });
    expect(JSON.parse(metadata.annotations?.['sidecar.istio.io/userVolume'] ?? '')).toEqual([
      { name: 'wasm-filter-add-header', configMap: { name: `add-header-${id}` } },
    ]);
    expect(spec).toMatchObject({
      restartPolicy: 'Never',
      activeDeadlineSeconds: 180,
      automountServiceAccountToken: false,
      containers: [{ image: IMAGE, command: expect.arrayContaining(['wait']) }],
    });
    expect(scouts[0]?.revisions.map(({ resource }) => resource)).toEqual([undefined]);
  });

  test('are selected by nothing that selects a target', async () => {
    const { scouts } = await plan([planned('a')], [podOf('a')]);
    const own = Object.keys(bodyOf(scouts[0]).metadata.labels ?? {});
    expect(own.filter((key) => !/deploy-wasm-filter|^sidecar\.istio\.io\/inject$|managed-by$/.test(key))).toEqual([]);
  });

  test('have what chooses the proxy of their targets, and run where these may run', async () => {
    const annotations = { 'sidecar.istio.io/proxyImage': 'own/proxy:1', 'prometheus.io/port': '9' };
    const template = { podLabels: { 'istio.io/rev': 'canary' }, podAnnotations: annotations };
    const place = { nodeSelector: { pool: 'web' }, imagePullSecrets: [{ name: 'mine' }], serviceAccountName: 'a' };
    const { scouts } = await plan([planned('a', {}, template)], [podOf('a', {}, place)]);
    const { metadata, spec } = bodyOf(scouts[0]);
    expect(metadata.labels).toMatchObject({ 'istio.io/rev': 'canary' });
    expect(metadata.labels).not.toHaveProperty('app');
    expect(metadata.annotations).toMatchObject({ 'sidecar.istio.io/proxyImage': 'own/proxy:1' });
    expect(metadata.annotations).not.toHaveProperty('prometheus.io/port');
    expect(spec).toMatchObject({ nodeSelector: { pool: 'web' }, imagePullSecrets: [{ name: 'mine' }] });
    expect(spec).not.toHaveProperty('serviceAccountName');
  });

  test('are several where proxies differ, or revisions of one filter, and one for different filters', async () => {
    const [a, b, c, d] = [
      planned('a'),
      planned('b'),
      planned('c', { revisions: [revision('add-header', { configuration: 'other' })] }),
      planned('d', { revisions: [revision('another')] }),
    ];
    const pods = [podOf('a'), podOf('b', {}, {}, 'example.test/proxyv2:1.29.0'), podOf('c'), podOf('d')];
    const { scouts } = await plan([a, b, c, d], pods);
    expect(scouts.map(({ targets }) => targets.map(({ name }) => name))).toEqual([['a', 'd'], ['c'], ['b']]);
    expect(new Set(scouts.map(({ name }) => name)).size).toBe(3);
  });

  test.each<[string, Parameters<typeof revision>[1], readonly string[]]>([
    ['a port', { port: 8080 }, ['port']],
    ['outbound requests', { direction: 'outbound' }, ['direction']],
    ['a place beside another filter', { insert: { place: 'before', filter: 'my.filter' } }, ['insert']],
  ])('get a filter for %s by an object of their own, where every sidecar takes requests', async (_, over, unshown) => {
    const wanted = revision('add-header', over);
    const { scouts } = await plan([planned('a', { revisions: [wanted] })], [podOf('a')]);
    const [carried] = scouts[0]?.revisions ?? [];
    expect(carried?.unshown).toEqual(unshown);
    expect(carried?.label).not.toBe(wanted.id);
    const resource = carried?.resource as EnvoyFilter;
    expect(resource.metadata.labels).toHaveProperty([SCOUT_LABEL]);
    expect(resource.spec.workloadSelector).toEqual({ labels: { [podLabel('add-header')]: carried?.label } });
    const text = JSON.stringify(resource.spec);
    // The file is the one that the ConfigMap of the pods' revision holds.
    expect(text).toContain(`add-header-${wanted.id}.wasm`);
    expect(text).toContain('SIDECAR_INBOUND');
    expect(text).toContain('envoy.filters.http.router');
    expect(text).not.toContain('8080');
    expect(carried?.verifiable.revision.settings).not.toHaveProperty('port');
  });

  test('stand for a Gateway with a plugin of their own, before its own is replaced', async () => {
    const gateway = viewGateway({ metadata: { name: 'web', namespace: 'shop' } }, []);
    const wanted = pulledRevision();
    const podRevision = gatewayPodRevision(wanted, 'web');
    const patch = { spec: { template: { metadata: { labels: { [podLabel('add-header')]: wanted.id } } } } };
    const one: PlannedWorkload = {
      ...planned('web'),
      ref: refOf('shop/gateway/web'),
      observed: gateway,
      patch,
      revisions: [{ revision: wanted, podRevision }],
    };
    const pod = podOf('web', { labels: { 'gateway.networking.k8s.io/gateway-name': 'web' } });
    const { scouts } = await plan([one], [pod]);
    const [carried] = scouts[0]?.revisions ?? [];
    expect(scouts[0]?.gateways).toBe(true);
    expect(carried?.podRevision).not.toHaveProperty('plugin');
    expect(carried?.resource).toMatchObject({
      kind: 'WasmPlugin',
      metadata: { name: `add-header-${carried?.label}` },
      spec: { selector: { matchLabels: { [podLabel('add-header')]: carried?.label } }, match: [{ mode: 'SERVER' }] },
    });
    expect(carried?.resource?.spec).not.toHaveProperty('targetRefs');
    expect(bodyOf(scouts[0]).metadata.labels).not.toHaveProperty(['gateway.networking.k8s.io/gateway-name']);
  });

  test('try settings before they are pushed into running proxies', async () => {
    const before = revision('add-header', { configuration: 'old' });
    const wanted = revision('add-header', { configuration: 'new' });
    const podRevision = plannedRevision(before).podRevision;
    const carrying = { ...planned('a'), patch: undefined, revisions: [{ revision: wanted, podRevision }] };
    const pushed = { namespace: 'shop', podRevision, pushedOver: {} } as unknown as PlannedFilterResource;
    const { scouts } = await plan([carrying], [podOf('a')], [pushed]);
    const [carried] = scouts[0]?.revisions ?? [];
    expect(carried?.label).not.toBe(before.id);
    expect(JSON.stringify(carried?.resource?.spec)).toContain('new');
    expect(JSON.stringify(carried?.resource?.spec)).toContain(`add-header-${before.id}.wasm`);
  });

  test('are not sent where nothing is written, for workloads without pods, and for what was verified there before', async () => {
    const unchanged = { ...planned('a'), patch: undefined };
    const idle = plannedFor('shop/deployment/b', {
      observed: workload('b', { spec: { replicas: 0 }, status: { observedGeneration: 1 } }),
    });
    const { id } = revision();
    const back = { ...planned('c'), before: new Map([['add-header', id]]) };
    expect(await plan([unchanged, idle, back], [podOf('a'), podOf('c')], NONE, true)).toEqual({
      scouts: [],
      unscouted: [],
    });
  });

  test('that cannot be told which image to have are none, and it is said why', async () => {
    expect((await plan([planned('a')], undefined)).unscouted).toMatchObject([
      { why: 'the kubeconfig user cannot list pods' },
    ]);
    expect((await plan([planned('a'), planned('b')], [])).unscouted).toMatchObject([
      { why: expect.stringMatching(/no pod with a proxy/), targets: [{ name: 'a' }, { name: 'b' }] },
    ]);
  });
});
