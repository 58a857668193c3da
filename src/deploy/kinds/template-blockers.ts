import type { Workload } from '../../cluster/objects.ts';
import { isInjectedGateway } from '../../mesh/template/gateway-mounts.ts';
import { explicitlyUninjected, injectedSidecar } from '../../mesh/template/injection.ts';
import type { Blocker, RolloutNeeds, WantedTarget } from './kind.ts';

/**
 * Returns why a changed pod template would not bring a filter to its pods, whatever kind it is of; `ofKind` says the same of the kind
 * alone, and comes after what is wrong with the injection.
 */
export function templateBlocker(
  { observed, revisions }: WantedTarget,
  ofKind: () => Blocker | undefined = () => undefined,
): Blocker | undefined {
  const template = observed.spec?.template ?? {};
  const directions = revisions.map(({ revision }) => revision.settings.direction);
  const uninjected = revisions.length === 0 ? undefined : explicitlyUninjected(template, directions);
  if (uninjected !== undefined) {
    return {
      message: `would not run the filter: ${uninjected}.`,
      remedy: isInjectedGateway(template)
        ? 'Give it an entry of the target list with "direction: gateway".'
        : 'Take it out of the target list, or let Istio inject its usual sidecar there.',
      kind: 'no-effect',
    };
  }
  const own = ofKind();
  if (own !== undefined) return own;
  const mounted = revisions.some(({ podRevision }) => podRevision.image === undefined);
  if (!mounted || injectedSidecar(template) !== 'kept') return undefined;
  return {
    message:
      'would not run the filter: its pod template has an injected sidecar in it already (annotation sidecar.istio.io/status) and sidecar.istio.io/inject: "false", so Istio mounts nothing there.',
    remedy:
      'Use the template as it was before "istioctl kube-inject", and let Istio inject it; or deliver the filter by image.',
    kind: 'no-effect',
  };
}

/** Returns that pods are replaced only when somebody deletes them, where the run waits until they are. */
export function onDeleteBlocker({ observed }: WantedTarget, { wait }: RolloutNeeds): Blocker | undefined {
  if (!isOnDelete(observed) || !wait) return undefined;
  return {
    message:
      'has the update strategy OnDelete: its pods are replaced only when somebody deletes them, so the filter cannot be verified.',
    remedy: 'Use RollingUpdate, or set "wait: false" and replace the pods yourself.',
  };
}

/** Whether pods are replaced only when somebody deletes them. */
export function isOnDelete({ spec }: Workload): boolean {
  return spec?.updateStrategy?.type === 'OnDelete';
}
