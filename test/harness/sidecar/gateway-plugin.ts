/** Which pods a policy of Istio's is for (istio: pilot/pkg/model/policyattachment.go). */
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';

/** Labels of the pods that istiod makes for a Gateway, which tell whose they are. */
export const GATEWAY_NAME_LABEL = 'gateway.networking.k8s.io/gateway-name';
export const GATEWAY_CLASS_LABEL = 'gateway.networking.k8s.io/gateway-class-name';
export const WAYPOINT_CLASS = 'istio-waypoint';

type Labels = Readonly<Record<string, string>>;

/** Whether pods with these labels are waypoints. */
export function isWaypoint(labels: Labels): boolean {
  return labels[GATEWAY_CLASS_LABEL] === WAYPOINT_CLASS;
}

/**
 * Whether a policy of a pod's own namespace is for the pod. Sidecars take no policy that names targets; the pods of a Gateway
 * take those that name it and, unless they are waypoints, those that name none and select them. A waypoint also takes those that name
 * Services, for their chains.
 * @param wanted the labels that the policy selects; any pod when empty
 */
export function namesGateway(policy: ApiObject, wanted: Labels, labels: Labels): boolean {
  const gateway = labels[GATEWAY_NAME_LABEL];
  const targets = targetsOf(policy);
  if (targets.length > 0) {
    return (
      gateway !== undefined &&
      targets.some((target) => isGateway(target, gateway) || (isWaypoint(labels) && isService(target)))
    );
  }
  return !isWaypoint(labels) && Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** The names of the Services to whose chains in a waypoint a policy keeps; undefined where it is for all of them. */
export function servicesOf(policy: ApiObject): readonly unknown[] | undefined {
  const targets = targetsOf(policy);
  if (targets.length === 0 || !targets.every(isService)) return undefined;
  return targets.map((target) => dig(target, 'name'));
}

function targetsOf(policy: ApiObject): readonly unknown[] {
  const single = dig(policy, 'spec', 'targetRef');
  return [...digList(policy, 'spec', 'targetRefs'), ...(single === undefined ? [] : [single])];
}

function isService(target: unknown): boolean {
  return (
    ['', 'core', undefined].includes(dig(target, 'group') as string | undefined) && dig(target, 'kind') === 'Service'
  );
}

function isGateway(target: unknown, name: string): boolean {
  const [group, kind, called] = ['group', 'kind', 'name'].map((key) => dig(target, key));
  return group === 'gateway.networking.k8s.io' && kind === 'Gateway' && called === name;
}
