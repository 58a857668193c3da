import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { useKinds } from '../../src/deploy/kinds/kinds.ts';
import { KINDS } from '../../src/deploy/kinds/list.ts';
import { customResource } from '../embedded/resources.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { FLEET } from '../harness/fleet.ts';
import { startFleetController } from '../harness/fleet-controller.ts';
import { makeWorkload } from '../harness/workloads.ts';
import { onlyTarget, ownPart, POD_RULES, REVISION_LABEL, revisionOf, Scene, WRITE_RULES } from './scene.ts';

// A kind that nobody has thought of: a file of its own (test/harness/fleet.ts) and an entry in the list of kinds that a run is handed, and nothing else.

const WITH_FLEETS = { kinds: [...KINDS, FLEET] };
const SIZE = 3;
const FLEET_RULES = [
  ...WRITE_RULES,
  { apiGroups: ['example.test'], resources: ['fleets'], verbs: ['get', 'list', 'watch', 'patch'] },
  ...Object.values(POD_RULES),
];

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster([], [customResource('example.test/v1', 'fleets', 'Fleet')]);
});
afterAll(async () => {
  useKinds(KINDS);
  await cluster.stop();
});

/** A namespace with a Fleet whose ships are ready, and what a test asks of both. */
class Place {
  readonly scene: Scene;
  readonly #controller: { stop(): Promise<void> };

  private constructor(scene: Scene, controller: { stop(): Promise<void> }) {
    this.scene = scene;
    this.#controller = controller;
  }

  static async open(podAnnotations: Readonly<Record<string, string>> = {}): Promise<Place> {
    const scene = await Scene.open(cluster);
    const { spec } = makeWorkload(scene.namespace, 'armada', { podAnnotations });
    const { replicas: _, ...rest } = spec ?? {};
    const fleet = {
      apiVersion: FLEET.resource.apiVersion,
      kind: 'Fleet',
      metadata: { name: 'armada', labels: { fleet: 'yes' } },
      spec: { ...rest, size: SIZE },
    };
    await cluster.api.create(resourcePath(FLEET.resource, scene.namespace), fleet as unknown as Workload);
    const place = new Place(scene, startFleetController(cluster.api, scene.namespace));
    await place.ready();
    return place;
  }

  close(): Promise<void> {
    return this.#controller.stop();
  }

  run(inputs: Readonly<Record<string, string>> = {}): ReturnType<Scene['deploy']> {
    return this.scene.deploy({ targets: '- fleet/armada', ...inputs }, WITH_FLEETS);
  }

  fleet(): Promise<Workload> {
    return cluster.api.get<Workload>(resourcePath(FLEET.resource, this.scene.namespace, 'armada'));
  }

  ready(): Promise<Workload> {
    return eventually('the fleet ready', async () => {
      const fleet = await this.fleet();
      return FLEET.readiness(fleet).state === 'ready' ? fleet : undefined;
    });
  }

  async revisions(): Promise<(string | undefined)[]> {
    return (await this.scene.pods()).map((pod) => pod.metadata.labels?.[REVISION_LABEL]);
  }
}

const at = async (place: Place, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } finally {
    await place.close();
  }
};

describe('a kind of target that is one file', () => {
  test.concurrent('is planned, deployed to, verified, shown, and loses its filter again, with the permissions on it alone', async () => {
    const place = await Place.open();
    await at(place, async () => {
      const kubeconfig = await place.scene.user(...FLEET_RULES);
      const before = ownPart(await place.fleet());
      const plan = await place.run({ command: 'plan', kubeconfig });
      expect(plan).toMatchObject({
        problems: [],
        plan: { restarts: [{ ref: { kind: 'Fleet' }, pods: SIZE }], waves: 1 },
      });

      const deployed = await place.run({ kubeconfig, verify: 'required' });
      expect(deployed).toMatchObject({ outcome: 'deployed', problems: [] });
      const target = onlyTarget(deployed);
      expect(target).toMatchObject({
        ref: { kind: 'Fleet', name: 'armada' },
        pods: { ready: SIZE, wanted: SIZE },
        verification: { level: 'listener', pods: SIZE },
      });
      expect(new Set(await place.revisions())).toEqual(new Set([revisionOf(target)]));
      expect((await place.run({ kubeconfig })).outcome).toBe('unchanged');

      const status = await place.run({ command: 'status', kubeconfig, verify: 'auto' });
      expect(status.status?.workloads).toMatchObject([
        { ref: { kind: 'Fleet' }, pods: { ready: SIZE, wanted: SIZE }, filters: [{ health: 'verified' }] },
      ]);

      const removed = await place.run({ command: 'remove', kubeconfig });
      expect(removed).toMatchObject({ outcome: 'removed', problems: [] });
      await place.ready();
      expect(ownPart(await place.fleet())).toEqual(before);
      expect(await place.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
    });
  });

  test.concurrent('is rolled back when its new pods do not become ready', async () => {
    const place = await Place.open({ 'sim/behaviour-with-filter': 'crash-loop' });
    await at(place, async () => {
      const before = ownPart(await place.fleet());
      const report = await place.run({ timeout: '5s' });
      expect(report.outcome).toBe('failed');
      const { rollback, diagnosis } = onlyTarget(report);
      expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': null } });
      expect(diagnosis).toContainEqual(expect.stringMatching(/^pod armada-\S+: app keeps crashing/));
      expect(ownPart(await place.ready())).toEqual(before);
      expect(new Set(await place.revisions())).toEqual(new Set([undefined]));
    });
  });

  test.concurrent('says what stands in the way, and what else is there', async () => {
    const place = await Place.open();
    await at(place, async () => {
      const { namespace } = place.scene;
      await cluster.api.patch(resourcePath(FLEET.resource, namespace, 'armada'), { spec: { inHarbour: true } });
      const blocked = await place.run();
      expect(blocked.problems).toMatchObject([
        { subject: `Fleet ${namespace}/armada`, message: 'lies in harbour, where no ship is replaced.' },
      ]);
      const other = await place.run({ targets: '- deployment/armada' });
      expect(other.problems).toMatchObject([{ remedy: expect.stringContaining('Change it to fleet/') }]);
    });
  });

  test.concurrent('is found by its labels, and rendered', async () => {
    const place = await Place.open();
    await at(place, async () => {
      const report = await place.run({ targets: '- {selector: fleet=yes, kinds: [flt]}' });
      expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
      const { written } = await place.scene.run(
        { command: 'render', targets: '- fleet/armada', 'render-to': 'out' },
        WITH_FLEETS,
      );
      const file = [...written].find(([path]) => path.endsWith(`patch_${place.scene.namespace}_fleet_armada.yaml`));
      expect(file?.[1]).toContain('apiVersion: example.test/v1\nkind: Fleet\n');
    });
  });
});
