import type { Resource } from '../../src/cluster/resources.ts';
import { DAEMON_SET } from '../../src/deploy/kinds/daemon-set.ts';
import { DEPLOYMENT } from '../../src/deploy/kinds/deployment.ts';
import { GATEWAY } from '../../src/deploy/kinds/gateway.ts';
import { STATEFUL_SET } from '../../src/deploy/kinds/stateful-set.ts';

/** The kinds that have a pod template. */
export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** Where the API server keeps targets, by kind. */
export const WORKLOADS: Readonly<Record<WorkloadKind | 'Gateway', Resource>> = {
  Deployment: DEPLOYMENT.resource,
  StatefulSet: STATEFUL_SET.resource,
  DaemonSet: DAEMON_SET.resource,
  Gateway: GATEWAY.resource,
};
