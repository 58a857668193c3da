/**
 * What sidecars need to know of a cluster: when proxies came up, and what happened to their labels and of Istio's objects since.
 */
import { Cache } from '../../kubelet/cache.ts';
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';
import { PROXY } from '../../kubelet/container-status.ts';
import { type Api, ApiCallError } from '../api.ts';
import { listClientOf } from '../list-client.ts';
import { type FilterChange, FilterHistory, versionOf } from './filter-history.ts';
import type { PodLabels, ProxyStart } from './proxy.ts';

const FOLLOWED = [
  { root: '/apis/networking.istio.io/v1alpha3', plural: 'envoyfilters' },
  { root: '/apis/extensions.istio.io/v1alpha1', plural: 'wasmplugins' },
  { root: '/apis/extensions.istio.io/v1alpha1', plural: 'trafficextensions' },
];

export interface ClusterView {
  /** When the pod's proxy came up; undefined while it has not. */
  startOf(pod: ApiObject): ProxyStart | undefined;
  /** What happened to the EnvoyFilters, WasmPlugins and TrafficExtensions of a namespace, as of now. */
  filterChanges(namespace: string): Promise<readonly FilterChange[]>;
  stop(): Promise<void>;
}

/** Follows the cluster from now on. @param forget is called with the uid of each pod that is gone */
export async function watchCluster(api: Api, forget: (uid: string) => void): Promise<ClusterView> {
  const aborter = new AbortController();
  const { signal } = aborter;
  const starts = new Map<string, ProxyStart & { readonly labels: PodLabels[] }>();
  const histories = new Map<string, FilterHistory>();
  const historyOf = (plural: string, namespace: string): FilterHistory => {
    const history = histories.get(`${plural} ${namespace}`) ?? new FilterHistory(`${plural}/`);
    histories.set(`${plural} ${namespace}`, history);
    return history;
  };
  const startOf = (pod: ApiObject): ProxyStart | undefined => {
    const { uid = '' } = pod.metadata;
    const now = { version: versionOf(pod), at: Date.now(), labels: pod.metadata.labels ?? {} };
    if (!starts.has(uid) && proxyRuns(pod)) starts.set(uid, { ...now, labels: [now] });
    const start = starts.get(uid);
    const last = start?.labels.at(-1);
    // A watch may bring what is older than what was read.
    const isNew = last !== undefined && now.version > last.version;
    if (isNew && JSON.stringify(now.labels) !== JSON.stringify(last.labels)) start?.labels.push(now);
    return start;
  };
  const client = listClientOf(api);
  const pods = new Cache(client, {
    path: '/api/v1/pods',
    signal,
    onChange: (pod, deleted) => {
      startOf(pod);
      if (!deleted) return;
      starts.delete(pod.metadata.uid ?? '');
      forget(pod.metadata.uid ?? '');
    },
  });
  const caches = FOLLOWED.map(
    ({ root, plural }) =>
      new Cache(client, {
        path: `${root}/${plural}`,
        signal,
        onChange: (object, deleted) => {
          const history = historyOf(plural, object.metadata.namespace ?? '');
          if (deleted) history.remove(object.metadata.name, versionOf(object), Date.now());
          else history.put(object, Date.now());
        },
      }),
  );
  // Without Istio there is nothing of it to follow.
  const starting = caches.map((cache) => cache.start().catch(() => undefined));
  const followed = [...(await Promise.all(starting)), await pods.start()];
  return {
    startOf,
    // The watch may lag behind what the caller has just written.
    filterChanges: async (namespace) => {
      const changes = await Promise.all(
        FOLLOWED.map(async ({ root, plural }) => {
          const history = historyOf(plural, namespace);
          const list = await readList(api, `${root}/namespaces/${namespace}/${plural}`);
          if (list !== undefined) history.list(list.items, list.version, Date.now());
          return history.changes;
        }),
      );
      return changes.flat();
    },
    stop: async () => {
      aborter.abort();
      await Promise.all(followed.map((follow) => follow?.done));
    },
  };
}

/** Whether the proxy's container runs, ready or not. */
function proxyRuns(pod: ApiObject): boolean {
  const statuses = ['initContainerStatuses', 'containerStatuses'].flatMap((list) => digList(pod, 'status', list));
  return statuses.some((status) => dig(status, 'name') === PROXY && dig(status, 'state', 'running') !== undefined);
}

async function readList(api: Api, path: string): Promise<{ items: readonly ApiObject[]; version: number } | undefined> {
  try {
    const list: unknown = JSON.parse(await api.text(path));
    return {
      items: digList(list, 'items') as readonly ApiObject[],
      version: Number(dig(list, 'metadata', 'resourceVersion')),
    };
  } catch (error) {
    if (error instanceof ApiCallError && error.status === 404) return undefined;
    throw error;
  }
}
