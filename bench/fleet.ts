import { mapLimited } from '../src/base/concurrency.ts';
import type { KubernetesObject, Workload } from '../src/cluster/objects.ts';
import { MOUNT_ANNOTATIONS, STATE_ANNOTATION } from '../src/mesh/identity/names.ts';
import { type Api, eventually } from '../test/harness/api.ts';
import { makeWorkload } from '../test/harness/workloads.ts';
import type { Size } from './results.ts';

/** The label of all Deployments of the benchmark, by which the action chooses them. */
export const LABEL = { bench: 'yes' };

/** No ReplicaSet of an earlier round is deleted while somebody is timed: not everyone makes as many. */
const KEPT = { revisionHistoryLimit: 100 };

/** How many requests the set-up sends at a time. */
const HANDS = 24;
const CONFIG_MAPS = 'configmaps?fieldSelector=metadata.name!=kube-root-ca.crt';

/** Deployments with `replicas: 0`, which one competitor has to itself: they roll at once, and no other has left anything on them. */
export class Fleet {
  readonly api: Api;
  readonly namespaces: readonly string[];
  readonly workloads: readonly Workload[];

  private constructor(api: Api, namespaces: readonly string[], workloads: readonly Workload[]) {
    this.api = api;
    this.namespaces = namespaces;
    this.workloads = workloads;
  }

  /** Makes them, and waits until the controller has seen all of them. */
  static async create(api: Api, name: string, size: Size): Promise<Fleet> {
    const namespaces = Array.from({ length: size.namespaces }, (_, index) => `${name}-${index}`);
    for (const namespace of namespaces) await api.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const workloads = Array.from({ length: size.workloads }, (_, index) =>
      makeWorkload(namespaces[index % namespaces.length] ?? '', `w${index}`, {
        replicas: 0,
        labels: LABEL,
        spec: KEPT,
      }),
    );
    const fleet = new Fleet(api, namespaces, workloads);
    await mapLimited(workloads, HANDS, (workload) => api.create(deploymentsOf(workload.metadata.namespace), workload));
    await fleet.settled();
    return fleet;
  }

  /** Adds a Deployment; returns what takes it away again. */
  async grow(): Promise<() => Promise<void>> {
    const workload = makeWorkload(this.namespaces[0] ?? '', 'one-more', { replicas: 0, labels: LABEL, spec: KEPT });
    await this.api.create(deploymentsOf(workload.metadata.namespace), workload);
    await this.settled();
    return () => this.api.delete(deploymentPath(workload));
  }

  /** Returns the Deployments as they are now. */
  async present(): Promise<Workload[]> {
    const lists = await Promise.all(
      this.namespaces.map((namespace) => this.api.list<Workload>(deploymentsOf(namespace))),
    );
    return lists.flat();
  }

  /** Waits until the controller has seen every change. */
  async settled(): Promise<void> {
    await eventually(
      'every Deployment observed',
      async () => (await this.present()).every(isObserved) || undefined,
      600_000,
    );
  }

  /** Takes every filter off, whoever has put it on, and removes what belongs to it. */
  async reset(): Promise<void> {
    const changed = (await this.present()).filter(
      (workload) => carriesFilter(workload) || STATE_ANNOTATION in annotations(workload),
    );
    await mapLimited(changed, HANDS, (workload) => this.api.patch(deploymentPath(workload), withoutFilter(workload)));
    for (const namespace of this.namespaces) {
      await this.api.delete(`/api/v1/namespaces/${namespace}/${CONFIG_MAPS}`);
      await this.api.delete(`${envoyFiltersOf(namespace)}`);
    }
    await this.settled();
  }

  /** Throws unless every Deployment has a filter, or none has, with its objects. A figure of what was not done would be a fast one. */
  async expect(state: 'filtered' | 'plain'): Promise<void> {
    const present = await this.present();
    const with_ = present.filter(carriesFilter).length;
    const wanted = state === 'filtered' ? present.length : 0;
    const objects = await this.api.list<KubernetesObject>(envoyFiltersOf(this.namespaces[0] ?? ''));
    if (with_ !== wanted || objects.length > 0 !== (state === 'filtered')) {
      throw new Error(`${with_} of ${present.length} Deployments have the filter, with ${objects.length} EnvoyFilters`);
    }
  }

  /** Removes them, and waits for it: what is still being deleted keeps the API server busy. */
  async remove(): Promise<void> {
    const paths = this.namespaces.map((namespace) => `/api/v1/namespaces/${namespace}`);
    for (const path of paths) await this.api.delete(path);
    const isGone = (path: string): Promise<boolean> =>
      this.api.get(path).then(
        () => false,
        () => true,
      );
    const gone = async (): Promise<true | undefined> =>
      (await Promise.all(paths.map(isGone))).every(Boolean) || undefined;
    await eventually('the namespaces are gone', gone, 300_000);
  }
}

/** Returns the path of a namespace's Deployments. */
export function deploymentsOf(namespace = ''): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

/** Objects in a list do not say of which kind they are. */
function deploymentPath({ metadata }: Workload): string {
  return `${deploymentsOf(metadata.namespace)}/${metadata.name}`;
}

function envoyFiltersOf(namespace: string): string {
  return `/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`;
}

function isObserved({ metadata, status }: Workload): boolean {
  return (
    ((status as { observedGeneration?: number } | undefined)?.observedGeneration ?? 0) >= (metadata.generation ?? 1)
  );
}

function annotations({ metadata }: Workload): Readonly<Record<string, string>> {
  return metadata.annotations ?? {};
}

function carriesFilter({ spec }: Workload): boolean {
  return MOUNT_ANNOTATIONS.every((name) => spec?.template?.metadata?.annotations?.[name] !== undefined);
}

/** The merge patch that makes a Deployment what it was at first. */
function withoutFilter({ spec }: Workload): object {
  const own = (spec as { selector?: { matchLabels?: object } } | undefined)?.selector?.matchLabels ?? {};
  const foreign = Object.keys(spec?.template?.metadata?.labels ?? {}).filter((label) => !(label in own));
  const labels = foreign.map((label) => [label, null]);
  const template = {
    labels: Object.fromEntries(labels),
    annotations: Object.fromEntries(MOUNT_ANNOTATIONS.map((name) => [name, null])),
  };
  return {
    metadata: { annotations: { [STATE_ANNOTATION]: null } },
    spec: { template: { metadata: template } },
  };
}
