import type { Explanation } from '../../base/problem.ts';
import type { Pod, PodTemplate } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import type { Direction } from '../../filter/settings.ts';
import { TEMPLATES_ANNOTATION as TEMPLATES, volumeName } from '../identity/names.ts';
import { isInjectedGateway } from './gateway-mounts.ts';

type Labels = Readonly<Record<string, string>>;

const INJECT = 'sidecar.istio.io/inject';
const REVISION = 'istio.io/rev';
/** What the injector notes of what it has injected. */
const STATUS = 'sidecar.istio.io/status';
/**
 * The injection template that honours the volume annotations and runs Envoy (istio
 * manifests/charts/istio-control/istio-discovery/files).
 */
const SIDECAR = 'sidecar';
/** Honours them too, but for an agent alone: it sets DISABLE_ENVOY. */
const GRPC_AGENT = 'grpc-agent';
/** Istio's own templates, besides the sidecar's. */
const OTHERS = new Set([GRPC_AGENT, 'grpc-simple', 'gateway', 'kube-gateway', 'waypoint', 'agentgateway']);

/**
 * Why pods of a template never run a filter, as far as the template itself says so; `undefined` if it does not. A clause.
 * `directions` are those of the filters that it shall run. Rules:
 * https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/
 */
export function explicitlyUninjected(template: PodTemplate, directions: readonly Direction[] = []): string | undefined {
  const { metadata, spec } = template;
  const [gateway, other] = [true, false].map((is) => directions.find((one) => (one === 'gateway') === is));
  if (isInjectedGateway(template)) {
    if (other !== undefined) return `it is a gateway, where "direction: ${other}" sees no traffic`;
  } else if (gateway !== undefined) {
    return `"direction: gateway" is for gateways, and its pod template is not one: it lacks the annotation ${TEMPLATES}: gateway or the container ${PROXY_CONTAINER}`;
  }
  const byHand = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
    ({ name, image }) => name === PROXY_CONTAINER && image !== 'auto',
  );
  if (byHand) return undefined;
  if (spec?.hostNetwork === true)
    return 'its pods have no sidecar, because Istio injects none into pods with hostNetwork';
  const inject = metadata?.labels?.[INJECT] ?? metadata?.annotations?.[INJECT];
  if (inject === 'false') return `its pod template has ${INJECT}: "false", so its pods have no sidecar`;
  const templates = metadata?.annotations?.[TEMPLATES]?.split(',').map((name) => name.trim());
  if (templates === undefined || templates.includes(SIDECAR) || isInjectedGateway(template)) return undefined;
  const injected = `its pods are injected with the template "${templates.join(',')}", which`;
  // What a template of somebody's own does, only the pods show.
  if (!templates.every((name) => OTHERS.has(name))) return undefined;
  return templates.includes(GRPC_AGENT)
    ? `${injected} runs no Envoy`
    : `${injected} ignores the annotations that mount the filter`;
}

/**
 * Whether a pod template holds a sidecar that was injected into it already (`istioctl kube-inject`): `kept` where Istio leaves
 * that as it is, so that the annotations mount nothing; `injected` where that depends on the namespace, whose injection makes
 * the sidecar anew and mounts. So does Istio 1.31, whatever containers of the name are there; a container without the annotation
 * is somebody's own, which injection completes.
 */
export function injectedSidecar(template: PodTemplate): 'kept' | 'injected' | undefined {
  const { labels, annotations } = template.metadata ?? {};
  if (annotations?.[STATUS] === undefined || isInjectedGateway(template)) return undefined;
  return (labels?.[INJECT] ?? annotations[INJECT]) === 'false' ? 'kept' : 'injected';
}

/** A namespace, and its labels; `undefined` if they may not be read. */
export interface LabelledNamespace {
  readonly name: string;
  readonly labels: Labels | undefined;
}

/** Why a pod has no sidecar. */
export function explainNoSidecar(template: PodTemplate, namespace: LabelledNamespace): Explanation {
  return (
    neverInjected(template, namespace) ?? {
      message: 'they have no sidecar (container istio-proxy)',
      remedy: 'Check that injection is on for the namespace and the pods, and that istiod is healthy.',
    }
  );
}

/**
 * Why new pods of a template get no sidecar either, where its present ones have none; `undefined` if nothing says that, so that
 * they may.
 */
export function neverInjected(
  template: PodTemplate,
  { name, labels: namespaceLabels }: LabelledNamespace,
): Explanation | undefined {
  const uninjected = explicitlyUninjected(template);
  if (uninjected !== undefined) {
    return {
      message: uninjected,
      remedy: 'Let Istio inject its usual sidecar, or take the workload out of the target list.',
    };
  }
  const isDisabled = namespaceLabels?.['istio-injection'] === 'disabled';
  const enable = `Run \`kubectl label namespace ${name} istio-injection=enabled${isDisabled ? ' --overwrite' : ''}\` (or give it the label istio.io/rev=REVISION), then re-run the job.`;
  const labels = template.metadata?.labels ?? {};
  const asksItself = labels[INJECT] === 'true' || REVISION in labels;
  if (namespaceLabels?.['istio.io/dataplane-mode'] === 'ambient' && !asksItself) {
    return {
      message: 'they have no sidecar, because the namespace is in ambient mode, where there are none',
      remedy:
        'Deploy filters for ambient workloads to a waypoint; take the workload out of the target list, or give it a sidecar.',
    };
  }
  if (isDisabled) {
    return {
      message: 'they have no sidecar, because the namespace has the label istio-injection=disabled',
      remedy: enable,
    };
  }
  const asked = namespaceLabels === undefined || 'istio-injection' in namespaceLabels || REVISION in namespaceLabels;
  if (asksItself || asked) return undefined;
  return { message: 'they have no sidecar; the namespace has no label that turns injection on', remedy: enable };
}

/** Whether a filter's volume is mounted into the proxy of a pod. */
export function mountsFilter({ spec }: Pod, filter: string): boolean {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
    ({ name, volumeMounts = [] }) =>
      name === PROXY_CONTAINER && volumeMounts.some((mount) => mount.name === volumeName(filter)),
  );
}

/** Why a pod has a sidecar without the filter's volume. */
export function explainMissingMount(template: PodTemplate, filter: string): Explanation {
  if (isInjectedGateway(template)) {
    return {
      message: `its proxies do not mount the volume ${volumeName(filter)}, although the pod template does`,
      remedy: 'Find out what changes its pods when they are created, such as a webhook.',
    };
  }
  const { annotations = {} } = template.metadata ?? {};
  const templates = annotations[TEMPLATES];
  return {
    message:
      templates === undefined
        ? `its proxies do not mount the volume ${volumeName(filter)}; whatever injects them ignores the annotations sidecar.istio.io/userVolume and userVolumeMount`
        : `the injection templates "${templates}" ignore the annotations that mount the filter`,
    remedy: 'Use Istio\'s "sidecar" template, or copy its two blocks for userVolume and userVolumeMount into your own.',
  };
}
