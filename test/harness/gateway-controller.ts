import { resourcePath } from '../../src/cluster/resources.ts';
import { Cache, cacheKey } from '../kubelet/cache.ts';
import type { ApiObject } from '../kubelet/client.ts';
import { type Api, ApiCallError } from './api.ts';
import { deploymentName, gatewayDeployment, gatewayStatus, isManaged } from './gateway-objects.ts';
import { WORKLOADS } from './kinds.ts';
import { listClientOf } from './list-client.ts';

export const GATEWAY_API = '/apis/gateway.networking.k8s.io/v1';

export interface GatewayController {
  stop(): Promise<void>;
}

/**
 * Stands in for istiod, which neither cluster under test has: makes a Deployment for each Gateway of Istio's and writes the
 * Gateway's status. What happens to a Gateway that is deleted is the garbage collector's matter. A change of its listeners rolls
 * the pods here, since they read their ports from annotations.
 */
export async function startGatewayController(api: Api): Promise<GatewayController> {
  const aborter = new AbortController();
  const seen = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();
  const gateways = new Cache(listClientOf(api), {
    path: `${GATEWAY_API}/gateways`,
    signal: aborter.signal,
    onChange: (gateway, deleted) => {
      const { namespace = '', name, uid, labels, annotations, deletionTimestamp } = gateway.metadata;
      const key = cacheKey(namespace, name);
      if (deleted) seen.delete(key);
      if (deleted || deletionTimestamp !== undefined || !isManaged(gateway)) return;
      // Its own status is nothing new.
      const state = JSON.stringify([uid, labels, annotations, gateway.spec]);
      if (seen.get(key) === state) return;
      seen.set(key, state);
      last = last.then(() => reconcile(api, gateway)).catch(() => seen.delete(key));
    },
  });
  // Without Gateway API there is nothing of it to follow.
  const followed = await gateways.start().catch(() => undefined);
  return {
    stop: async () => {
      aborter.abort();
      await followed?.done;
      await last;
    },
  };
}

async function reconcile(api: Api, gateway: ApiObject): Promise<void> {
  const { namespace, name } = gateway.metadata;
  try {
    await api.apply(
      resourcePath(WORKLOADS.Deployment, namespace, deploymentName(gateway)),
      gatewayDeployment(gateway),
      'istio.io/gateway-controller',
    );
    await api.patch(`${GATEWAY_API}/namespaces/${namespace}/gateways/${name}/status`, {
      status: gatewayStatus(gateway),
    });
  } catch (error) {
    // The Gateway, or its namespace, may be gone by now.
    if (!(error instanceof ApiCallError) || ![403, 404].includes(error.status)) throw error;
  }
}
