import { defined } from '../../base/defined.ts';
import { type Json, pick } from '../../base/json.ts';
import type { KubernetesObject, Pod, PodTemplate } from '../../cluster/objects.ts';
import {
  MOUNT_ANNOTATIONS,
  podLabel,
  SCOUT_LABEL,
  SCOUT_RUN_ANNOTATION,
  TEMPLATES_ANNOTATION,
} from '../../mesh/identity/names.ts';
import { runHash } from '../../mesh/identity/revision.ts';
import { mergeMounts } from '../../mesh/template/sidecar-mounts.ts';
import type { ScoutRevision } from './scout-revision.ts';

/** The container of a scout that is not Istio's. */
export const SCOUT_CONTAINER = 'scout';
/** After this time Kubernetes ends a scout, whoever has forgotten it, in seconds. */
export const SCOUT_SECONDS = 180;

/** A pod as it is made. */
export type NewPod = KubernetesObject & { readonly spec: Readonly<Record<string, Json>> };

/** What makes the sidecar of a scout that of its targets: which image, which control plane, and what that is told. */
export interface ProxyLike {
  /** The image of the proxies that run, which is sure to be there. */
  readonly image: string;
  /** The value of `istio.io/rev`; omitted where the namespace decides. */
  readonly controlPlane?: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Where such pods may run and what they are pulled with, as a pod of the target has it. */
  readonly place: Readonly<Record<string, Json>>;
}

const CONTROL_PLANE = 'istio.io/rev';
/**
 * What of a pod template decides on the proxy itself (https://istio.io/latest/docs/reference/config/annotations/). What is about the
 * traffic of an app means nothing to a pod that has none.
 */
const PROXY_ANNOTATIONS = [
  'sidecar.istio.io/proxyImage',
  'sidecar.istio.io/proxyImageType',
  'sidecar.istio.io/proxyCPU',
  'sidecar.istio.io/proxyCPULimit',
  'sidecar.istio.io/proxyMemory',
  'sidecar.istio.io/proxyMemoryLimit',
  'sidecar.istio.io/componentLogLevel',
  'sidecar.istio.io/nativeSidecar',
  'proxy.istio.io/config',
] as const;
/** Fields of a pod that say on which nodes it may run, and how its images are pulled. */
const PLACE_FIELDS = ['nodeSelector', 'tolerations', 'schedulerName', 'imagePullSecrets'] as const;

/**
 * Returns what a scout needs to get the proxy that the pods of a target have. `image` is that of the proxy of `pod`, one that runs.
 * A gateway's template injects no sidecar, so of that only the control plane counts.
 */
export function proxyLike(
  { pod, image }: { readonly pod: Pod; readonly image: string },
  template: PodTemplate,
  isGateway: boolean,
): ProxyLike {
  const own = template.metadata ?? {};
  const annotations = isGateway ? {} : (own.annotations ?? {});
  const templates = annotations[TEMPLATES_ANNOTATION];
  const kept = PROXY_ANNOTATIONS.flatMap((name): [string, string][] => {
    const value = annotations[name];
    return value === undefined ? [] : [[name, value]];
  });
  const { labels = {}, annotations: noted = {} } = pod.metadata;
  const controlPlane =
    own.labels?.[CONTROL_PLANE] ?? labels[CONTROL_PLANE] ?? (isGateway ? noted[CONTROL_PLANE] : undefined);
  return {
    image,
    ...defined({ controlPlane }),
    annotations: { ...Object.fromEntries(kept), ...(templates !== undefined && { [TEMPLATES_ANNOTATION]: templates }) },
    place: Object.fromEntries(
      PLACE_FIELDS.flatMap((field): [string, Json][] => {
        const value = pick(pod.spec, field) as Json | undefined;
        return value === undefined ? [] : [[field, value]];
      }),
    ),
  };
}

/** Returns the annotations that mount filters into one sidecar; `undefined` where one is in the way of another. */
export function scoutMounts(revisions: readonly ScoutRevision[]): Readonly<Record<string, string>> | undefined {
  const podRevisions = revisions.map(({ podRevision }) => podRevision);
  const merged = mergeMounts({}, { podRevisions, remove: [] }, SCOUT_CONTAINER);
  if (!merged.ok) return undefined;
  return Object.fromEntries(
    MOUNT_ANNOTATIONS.flatMap((key): [string, string][] => {
      const value = merged.value[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** What a scout is made of. */
export interface ScoutParts {
  readonly namespace: string;
  readonly name: string;
  /** Tells the run from every other one. */
  readonly run: string;
  /** The run as records name it. */
  readonly madeBy: string;
  readonly like: ProxyLike;
  readonly revisions: readonly ScoutRevision[];
}

/**
 * Returns the pod of a scout: a sidecar like that of its targets beside a container that only waits. Its labels are this action's own,
 * so that no Service, no controller and no disruption budget selects it; it has no token, passes the Pod Security level "restricted"
 * as far as the sidecar does, and ends by itself.
 */
export function scoutPod({ namespace, name, run, madeBy, like, revisions }: ScoutParts): NewPod {
  return {
    metadata: {
      name,
      namespace,
      labels: {
        'app.kubernetes.io/managed-by': 'deploy-wasm-filter',
        [SCOUT_LABEL]: runHash(run),
        'sidecar.istio.io/inject': 'true',
        ...(like.controlPlane !== undefined && { [CONTROL_PLANE]: like.controlPlane }),
        ...Object.fromEntries(revisions.map(({ filter, label }) => [podLabel(filter), label])),
      },
      annotations: {
        ...like.annotations,
        ...scoutMounts(revisions),
        [SCOUT_RUN_ANNOTATION]: madeBy,
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true',
      },
    },
    spec: {
      ...like.place,
      restartPolicy: 'Never',
      activeDeadlineSeconds: SCOUT_SECONDS,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: SCOUT_CONTAINER,
          image: like.image,
          imagePullPolicy: 'IfNotPresent',
          // It waits for what never answers, and ends in time.
          command: [
            ...['/usr/local/bin/pilot-agent', 'wait', '--url', 'http://127.0.0.1:1/'],
            ...['--timeoutSeconds', String(SCOUT_SECONDS)],
          ],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            runAsUser: 65_532,
          },
        },
      ],
    },
  };
}
