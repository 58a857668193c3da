import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pod, Workload } from '../../src/cluster/objects.ts';
import { controllerOf, isReady, isTerminating } from '../../src/cluster/pods.ts';
import { POD, resourcePath } from '../../src/cluster/resources.ts';
import type { Api } from './api.ts';
import { FLEET, sizeOf } from './fleet.ts';

const HASH_LABEL = 'example.test/template';
const POLL_MS = 100;

/** Makes the pods of the Fleets of a namespace until it is stopped: those of a new template all at once, and old ones go when they are ready. */
export function startFleetController(api: Api, namespace: string): { stop(): Promise<void> } {
  const aborter = new AbortController();
  const running = (async () => {
    while (!aborter.signal.aborted) {
      const fleets = await api.list<Workload>(resourcePath(FLEET.resource, namespace));
      for (const fleet of fleets) await reconcile(api, namespace, fleet);
      await pause(POLL_MS);
    }
  })();
  return {
    stop: async () => {
      aborter.abort();
      await running;
    },
  };
}

async function reconcile(api: Api, namespace: string, fleet: Workload): Promise<void> {
  const { name, uid = '', generation } = fleet.metadata;
  const template = fleet.spec?.template ?? {};
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
  const pods = (await api.list<Pod>(resourcePath(POD, namespace))).filter(
    (pod) => controllerOf(pod, FLEET.resource) === name && !isTerminating(pod),
  );
  const isNew = ({ metadata }: Pod): boolean => metadata.labels?.[HASH_LABEL] === hash;
  const fresh = pods.filter(isNew);
  const wanted = sizeOf(fleet);
  for (let missing = wanted - fresh.length; missing > 0; missing--) {
    await api.create(resourcePath(POD, namespace), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...template.metadata,
        name: `${name}-${hash}-${Math.random().toString(36).slice(2, 8)}`,
        labels: { ...template.metadata?.labels, [HASH_LABEL]: hash },
        ownerReferences: [{ apiVersion: FLEET.resource.apiVersion, kind: 'Fleet', name, uid, controller: true }],
      },
      spec: template.spec,
    } as unknown as Pod);
  }
  const ready = fresh.filter(isReady).length;
  // Ships of a template that nobody wants any more go at once, those that serve when others do.
  const old = pods.filter((pod) => !isNew(pod) && (ready >= wanted || !isReady(pod)));
  for (const { metadata } of old) await api.delete(resourcePath(POD, namespace, metadata.name));
  const status = {
    observedGeneration: generation,
    ships: pods.length - old.length,
    newShips: fresh.length,
    readyShips: pods.filter(isReady).length,
  };
  if (JSON.stringify(status) === JSON.stringify(fleet.status)) return;
  await api.patch(`${resourcePath(FLEET.resource, namespace, name)}/status`, { status });
}
