import type { Problem } from '../../base/problem.ts';
import { chainsOf } from '../../mesh/proxy/places.ts';
import { captureInbound } from '../../mesh/template/capture.ts';
import { isGateway } from '../../mesh/template/gateway-mounts.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { SeenProxy } from '../observe/running-proxies.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { redirectionOf } from '../plan/wanted-place.ts';
import { describeProbe, type Probe } from '../probe.ts';

/**
 * Why a probe cannot get through a sidecar, as its listeners show: the API server sends it to the pod without encryption, and under
 * strict mutual TLS no chain of the port takes that. There is no other way through the filters of just this pod: what its containers
 * send to their own address passes by the sidecar or comes to the same listener, and a Service leads to any pod. Of a gateway
 * nothing is said, whose listeners have their own rules.
 */
export function probeObstacle(
  probe: Probe,
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  { listeners, pod }: Pick<SeenProxy, 'listeners' | 'pod'>,
): Problem | undefined {
  if (ref.kind === 'Gateway' || isGateway(observed.spec?.template ?? {})) return undefined;
  const redirection = redirectionOf(pod, observed);
  // What the sidecar does not get, it does not refuse.
  if (redirection !== undefined && captureInbound(redirection, probe.port).state === 'not') return undefined;
  const own = chainsOf(listeners, 'inbound', probe.port);
  const chains = own.length > 0 ? own : otherChains(listeners);
  if (chains.length === 0 || chains.some(({ plaintext }) => plaintext)) return undefined;
  return {
    kind: 'proof',
    subject: describeWorkload(ref),
    message: `the probe ${describeProbe(probe)} cannot get through: its sidecar takes only mutual TLS on port ${probe.port} (PeerAuthentication STRICT), and the API server, which sends the probe, is not in the mesh.`,
    remedy:
      'Leave the input "probe" out, as "verify: required" sees the filter in the listeners of every pod all the same; or let a PeerAuthentication for the workload be PERMISSIVE on that port (portLevelMtls), which lets in plaintext from anyone who reaches the pod, not from the probe alone.',
  };
}

/** Those for ports that no Service names; the chains for the sidecar's own ports are not among them. */
function otherChains(listeners: SeenProxy['listeners']): { readonly plaintext: boolean }[] {
  return listeners
    .filter(({ direction, bound }) => direction === 'inbound' && !bound)
    .flatMap(({ active }) => active.filter(({ port, http }) => port === undefined && http));
}
