import { ARGO_ROLLOUT } from './argo-rollout.ts';
import { DAEMON_SET } from './daemon-set.ts';
import { DEPLOYMENT } from './deployment.ts';
import { GATEWAY } from './gateway.ts';
import type { TargetKind } from './kind.ts';
import { STATEFUL_SET } from './stateful-set.ts';

/** The kinds of targets, in the order in which messages list them. */
export const KINDS: readonly TargetKind[] = [DEPLOYMENT, STATEFUL_SET, DAEMON_SET, ARGO_ROLLOUT, GATEWAY];
