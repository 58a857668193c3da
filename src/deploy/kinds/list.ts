import { ARGO_ROLLOUT_KIND } from './argo-rollout.ts';
import { DAEMON_SET_KIND } from './daemon-set.ts';
import { DEPLOYMENT_KIND } from './deployment.ts';
import { GATEWAY_KIND } from './gateway.ts';
import type { TargetKind } from './kind.ts';
import { STATEFUL_SET_KIND } from './stateful-set.ts';

/** The kinds of targets, in the order in which messages list them. */
export const KINDS: readonly TargetKind[] = [
  DEPLOYMENT_KIND,
  STATEFUL_SET_KIND,
  DAEMON_SET_KIND,
  ARGO_ROLLOUT_KIND,
  GATEWAY_KIND,
];
