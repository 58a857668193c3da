import type { Problem } from '../../base/problem.ts';
import { readinessOf } from '../../cluster/readiness.ts';
import { isGatewayView } from '../../mesh/gateway/view.ts';
import { findOwner } from '../../mesh/identity/owner.ts';
import { isGateway } from '../../mesh/template/gateway-mounts.ts';
import { explicitlyUninjected, standingSidecar } from '../../mesh/template/injection.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { PlannedWorkload } from './plan.ts';

type Wanted = Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions'>;

/** Why a change would never reach the pods of a target, or do nothing there. */
export function findObstacles(
  wanted: Wanted,
  { wait, probe }: { readonly wait: boolean; readonly probe?: unknown },
): Problem[] {
  const { ref, observed } = wanted;
  if (observed.metadata.deletionTimestamp !== undefined) {
    return [obstacle(wanted, 'is being deleted.', 'Take it out of the target list.')];
  }
  return ref.kind === 'Gateway' ? gatewayObstacles(wanted, probe !== undefined) : rolloutObstacles(wanted, wait);
}

function gatewayObstacles(wanted: Wanted, probed: boolean): Problem[] {
  const { ref, observed, revisions } = wanted;
  if (revisions.length === 0) return [];
  const waypoint = isGatewayView(observed) && observed.waypoint === true;
  if (waypoint && revisions.some(({ revision }) => revision.settings.port !== undefined)) {
    return [
      obstacle(
        wanted,
        'is a waypoint, where Istio leaves out every filter that is for one port.',
        'Give it an entry of the target list without "port".',
        'no-effect',
      ),
    ];
  }
  if (waypoint && probed) {
    return [
      obstacle(
        wanted,
        'is a waypoint, which answers only the proxies of the mesh, so no probe can be sent to it.',
        'Leave out the input "probe", or deploy to the waypoint in a step of its own.',
      ),
    ];
  }
  const { state, message } = readinessOf(ref.kind, observed);
  if (state === 'ready') return [];
  return [
    obstacle(
      wanted,
      `has no pods that could run the filter: ${message}.`,
      'Check its gatewayClassName, and that the controller of that class is healthy.',
    ),
  ];
}

function rolloutObstacles(wanted: Wanted, wait: boolean): Problem[] {
  const { ref, observed, revisions } = wanted;
  const { spec } = observed;
  const directions = revisions.map(({ revision }) => revision.settings.direction);
  const uninjected = revisions.length === 0 ? undefined : explicitlyUninjected(spec?.template ?? {}, directions);
  if (uninjected !== undefined) {
    return [
      obstacle(
        wanted,
        `would not run the filter: ${uninjected}.`,
        isGateway(spec?.template ?? {})
          ? 'Give it an entry of the target list with "direction: gateway".'
          : 'Take it out of the target list, or let Istio inject its usual sidecar there.',
        'no-effect',
      ),
    ];
  }
  if (spec?.paused === true) {
    return [
      obstacle(
        wanted,
        'is paused, so no pod would get the change.',
        `Resume it (kubectl rollout resume -n ${ref.namespace} deployment/${ref.name}).`,
      ),
    ];
  }
  if (spec?.updateStrategy?.type === 'OnDelete' && wait) {
    return [
      obstacle(
        wanted,
        'has the update strategy OnDelete: its pods are replaced only when somebody deletes them, so the filter cannot be verified.',
        'Use RollingUpdate, or set "wait: false" and replace the pods yourself.',
      ),
    ];
  }
  const mounted = revisions.some(({ carrier }) => carrier.image === undefined);
  if (mounted && standingSidecar(spec?.template ?? {}) === 'kept') {
    return [
      obstacle(
        wanted,
        'would not run the filter: its pod template has an injected sidecar in it already (annotation sidecar.istio.io/status) and sidecar.istio.io/inject: "false", so Istio mounts nothing there.',
        'Use the template as it was before "istioctl kube-inject", and let Istio inject it; or deliver the filter by image.',
        'no-effect',
      ),
    ];
  }
  const owner = revisions.length === 0 ? undefined : findOwner(observed);
  if (owner?.certain !== undefined) {
    return [
      obstacle(
        wanted,
        `belongs to ${owner.object}, and ${owner.certain} puts its pod template back whenever somebody changes it.`,
        `Put the two annotations and the label into the template that ${owner.object} is made from ("command: render" writes them to files).`,
      ),
    ];
  }
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0 && wait) {
    return [
      obstacle(
        wanted,
        `has the partition ${partition}: its pods below that ordinal keep the old template, so not every pod would get the filter.`,
        'Set the partition to 0, or set "wait: false" and lower it yourself.',
      ),
    ];
  }
  return [];
}

function obstacle({ ref }: Wanted, message: string, remedy: string, kind: Problem['kind'] = 'workload'): Problem {
  return { kind, subject: describeWorkload(ref), message, remedy };
}
