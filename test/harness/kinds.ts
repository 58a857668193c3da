import type { Resource } from '../../src/cluster/resources.ts';
import { DAEMON_SET_KIND } from '../../src/deploy/kinds/daemon-set.ts';
import { DEPLOYMENT_KIND } from '../../src/deploy/kinds/deployment.ts';
import { GATEWAY_KIND } from '../../src/deploy/kinds/gateway.ts';
import { STATEFUL_SET_KIND } from '../../src/deploy/kinds/stateful-set.ts';

/** The kinds that have a pod template. */
export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** Where the API server keeps targets, by kind. */
export const WORKLOADS: Readonly<Record<WorkloadKind | 'Gateway', Resource>> = {
  Deployment: DEPLOYMENT_KIND.resource,
  StatefulSet: STATEFUL_SET_KIND.resource,
  DaemonSet: DAEMON_SET_KIND.resource,
  Gateway: GATEWAY_KIND.resource,
};
