/** What of a quota a new pod asks for, with the quantities as Kubernetes writes them: `1Gi`, `500m`, `3`. */
export interface QuotaUse {
  /** As in `limits.memory`, `pods`. */
  readonly resource: string;
  readonly requested: string;
  readonly used: string;
  readonly limited: string;
}

/** Why the API server or the scheduler does not take a new pod, as far as their words tell it. */
export type PodRefusal =
  | { readonly by: 'quota'; readonly name: string; readonly uses: readonly QuotaUse[] }
  /** A quota on resources demands that every container says how much of them it takes; `missing` as in `limits.cpu for: app`. */
  | { readonly by: 'quota-without-values'; readonly name: string; readonly missing: string }
  /** `bounds` as in `maximum memory usage per Container is 1Gi, but limit is 2Gi`. */
  | { readonly by: 'limit-range'; readonly bounds: string }
  | { readonly by: 'pod-security'; readonly level: string; readonly needsNetAdmin: boolean }
  | { readonly by: 'webhook'; readonly name: string }
  /** The webhook does not answer; its Service is omitted where the words do not name it. */
  | { readonly by: 'silent-webhook'; readonly name: string; readonly service?: Service }
  | { readonly by: 'admission-policy'; readonly name: string }
  /** No node has so much of a resource left. */
  | { readonly by: 'nodes-full' }
  /** No node may or can run it: taints, affinity, a volume. */
  | { readonly by: 'nodes' };

/** The Service that a webhook is called by. */
export interface Service {
  readonly namespace: string;
  readonly name: string;
}

type Reader = readonly [words: RegExp, read: (match: RegExpExecArray, message: string) => PodRefusal];

/**
 * How Kubernetes says it; an API server of 1.34 was asked for the words of quotas, limits, Pod Security, admission policies and webhooks
 * that do not answer. Sources in kubernetes/kubernetes: of quotas
 * staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go and pkg/quota/v1/evaluator/core/pods.go; of limits
 * plugin/pkg/admission/limitranger/admission.go; of Pod Security
 * staging/src/k8s.io/pod-security-admission/admission/admission.go; of webhooks staging/src/k8s.io/apiserver/pkg/admission/plugin/
 * webhook/errors/statuserror.go and staging/src/k8s.io/apiserver/pkg/util/webhook/error.go; of admission policies
 * staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go; of the scheduler
 * pkg/scheduler/framework/types.go; of the kubelet pkg/kubelet/lifecycle/predicate.go.
 */
const READERS: readonly Reader[] = [
  [
    /exceeded quota: ([^,\s]+), requested: (\S+), used: (\S+), limited: ([^\s;]+)/,
    ([, name = '', requested = '', used = '', limited = '']) => ({
      by: 'quota',
      name,
      uses: usesOf(requested, used, limited),
    }),
  ],
  [
    /failed quota: ([^:\s]+): must specify (.+)/,
    ([, name = '', missing = '']) => ({ by: 'quota-without-values', name, missing }),
  ],
  [
    /(?:(?:minimum|maximum) \S+ usage|(?<![^\s[])[^\s[]+ max limit to request ratio) per \w+ is /i,
    (match, message) => ({ by: 'limit-range', bounds: boundsFrom(message.slice(match.index)) }),
  ],
  [
    /violates PodSecurity "([^":]+)/,
    ([, level = ''], message) => ({ by: 'pod-security', level, needsNetAdmin: message.includes('istio-init') }),
  ],
  [/admission webhook "([^"]+)" denied the request/, ([, name = '']) => ({ by: 'webhook', name })],
  [
    /failed calling webhook "([^"]+)"/,
    ([, name = ''], message) => {
      const [, service, namespace] = /https:\/\/([^./:]+)\.([^./:]+)\.svc[.:/]/.exec(message) ?? [];
      return {
        by: 'silent-webhook',
        name,
        ...(service !== undefined && namespace !== undefined && { service: { namespace, name: service } }),
      };
    },
  ],
  [/ValidatingAdmissionPolicy '([^']+)'/, ([, name = '']) => ({ by: 'admission-policy', name })],
  [/^(?=.*nodes are available: ).*\b(?:Insufficient |Too many pods)/s, () => ({ by: 'nodes-full' })],
  [/^(?:nodes do not run its pods: )?OutOf\w+/, () => ({ by: 'nodes-full' })],
  [/nodes are available: /, () => ({ by: 'nodes' })],
];

/** No cluster says more of one pod. */
const MAX_CHARACTERS = 4_000;

/** Returns why a new pod was not taken, from what a condition, an event or a write says of it; `undefined` if it says something else. */
export function readPodRefusal(said: string): PodRefusal | undefined {
  const message = said.slice(0, MAX_CHARACTERS);
  for (const [words, read] of READERS) {
    const match = words.exec(message);
    if (match !== null) return read(match, message);
  }
  return undefined;
}

/** `limits.memory=1Gi,pods=1`, of the three, by resource. */
function usesOf(requested: string, used: string, limited: string): QuotaUse[] {
  const [usedOf, limitedOf] = [amountsIn(used), amountsIn(limited)];
  return [...amountsIn(requested)].map(([resource, amount]) => ({
    resource,
    requested: amount,
    used: usedOf.get(resource) ?? '?',
    limited: limitedOf.get(resource) ?? '?',
  }));
}

function amountsIn(list: string): Map<string, string> {
  const pairs = list.split(',').map((pair): [string, string] => {
    const at = pair.lastIndexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return new Map(pairs.filter(([resource]) => resource !== ''));
}

/** Several bounds stand in brackets, with commas between them. */
function boundsFrom(words: string): string {
  return words.trimEnd().replace(/\]?\.?$/, '');
}
