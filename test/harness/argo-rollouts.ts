/** What a test does with Rollouts of Argo Rollouts: make them, and do what `kubectl argo rollouts` does. */
import type { ArgoRollout } from '../../src/cluster/argo-rollout.ts';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { ROLLOUT, resourcePath } from '../../src/cluster/resources.ts';
import { type Api, ApiCallError, eventually } from './api.ts';
import { WORKLOADS } from './kinds.ts';

/** How a Rollout rolls. */
export const STRATEGIES = {
  /** One pod of three first, until somebody promotes it. */
  canary: { canary: { steps: [{ setWeight: 34 }, { pause: {} }] } },
  plain: { canary: {} },
  /** One pod of three, and an analysis of the template of that name. */
  failing: { canary: { steps: [{ setWeight: 34 }, { analysis: { templates: [{ templateName: 'fails' }] } }] } },
  inconclusive: {
    canary: { steps: [{ setWeight: 34 }, { analysis: { templates: [{ templateName: 'inconclusive' }] } }] },
  },
  /** The same template, measured beside the steps. */
  background: {
    canary: { steps: [{ setWeight: 34 }, { pause: {} }], analysis: { templates: [{ templateName: 'fails' }] } },
  },
  /** Istio sends its share to the canary: a fifth to one pod, beside all of the stable ones, until somebody promotes it. */
  routed: {
    canary: {
      canaryService: 'preview',
      stableService: 'active',
      trafficRouting: { istio: { virtualService: { name: 'routed', routes: ['primary'] } } },
      scaleDownDelaySeconds: 3,
      steps: [{ setCanaryScale: { replicas: 1 } }, { setWeight: 20 }, { pause: {} }],
    },
  },
  /** No pod at all before somebody promotes it. */
  idle: { canary: { steps: [{ setWeight: 0 }, { pause: {} }] } },
  blueGreen: {
    blueGreen: {
      activeService: 'active',
      previewService: 'preview',
      autoPromotionEnabled: false,
      scaleDownDelaySeconds: 3,
    },
  },
  /** The failing template, measured on the preview. */
  previewFails: {
    blueGreen: {
      activeService: 'active',
      previewService: 'preview',
      prePromotionAnalysis: { templates: [{ templateName: 'fails' }] },
      scaleDownDelaySeconds: 3,
    },
  },
} as const;
export type Strategy = keyof typeof STRATEGIES;
const WITH_SERVICES: ReadonlySet<Strategy> = new Set(['blueGreen', 'previewFails', 'routed']);
const ANALYSED: ReadonlySet<Strategy> = new Set(['failing', 'background', 'inconclusive', 'previewFails']);

/** A Rollout with the pods of a Deployment, and its own hand on it. */
export class TestRollout {
  readonly path: string;
  readonly #api: Api;

  constructor(api: Api, namespace: string, name: string) {
    this.#api = api;
    this.path = resourcePath(ROLLOUT, namespace, name);
  }

  /**
   * Makes a Rollout with the pod template of a Deployment; with `refers`, that Deployment, too, which has no pods of its own unless it
   * is to keep some.
   */
  static async create(
    api: Api,
    deployment: Workload,
    strategy: Strategy,
    { refers = false, keeps = 0 }: { readonly refers?: boolean; readonly keeps?: number } = {},
  ): Promise<TestRollout> {
    const { name, namespace = '', labels } = deployment.metadata;
    const { selector, template, replicas } = deployment.spec ?? {};
    if (WITH_SERVICES.has(strategy))
      for (const service of ['active', 'preview']) await createService(api, deployment, service);
    if (strategy === 'routed') await createRoute(api, namespace);
    if (refers) {
      const lender = { ...deployment, spec: { ...deployment.spec, replicas: keeps } } as Workload;
      await api.create(resourcePath(WORKLOADS.Deployment, namespace), lender);
    }
    if (ANALYSED.has(strategy)) await createAnalyses(api, namespace);
    const own = refers ? { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } } : { selector, template };
    await api.create(resourcePath(ROLLOUT, namespace), {
      apiVersion: ROLLOUT.apiVersion,
      kind: ROLLOUT.kind,
      metadata: { name, namespace, ...(labels !== undefined && { labels }) },
      spec: { replicas, strategy: STRATEGIES[strategy], ...own },
    } as ArgoRollout);
    const rollout = new TestRollout(api, namespace, name);
    await rollout.phase('Healthy');
    return rollout;
  }

  now(): Promise<ArgoRollout> {
    return this.#api.get<ArgoRollout>(this.path);
  }

  /** Waits until the controller has seen the last change and says that the Rollout is in a phase. */
  phase(phase: string): Promise<ArgoRollout> {
    return eventually(`${this.path} ${phase}`, async () => {
      const now = await this.now();
      const { status = {} } = now;
      const isSeen = Number(status.observedGeneration ?? 0) >= (now.metadata.generation ?? 0);
      return isSeen && status.phase === phase && (status.pauseConditions?.length ?? 0) > 0 === (phase === 'Paused')
        ? now
        : undefined;
    });
  }

  patch(patch: unknown): Promise<unknown> {
    return this.#api.patch(this.path, patch);
  }

  /** As `kubectl argo rollouts promote`. */
  promote(): Promise<unknown> {
    return this.#api.patch(`${this.path}/status`, { status: { pauseConditions: null } });
  }

  /** The same after an analysis without a result, whose step would be taken again. */
  async promotePastAnalysis(): Promise<unknown> {
    const { status } = await this.#api.get<ArgoRollout & { status?: { currentStepIndex?: number } }>(this.path);
    const currentStepIndex = (status?.currentStepIndex ?? 0) + 1;
    const past = { pauseConditions: null, controllerPause: false, currentStepIndex };
    return this.#api.patch(`${this.path}/status`, { status: past });
  }

  /** As `kubectl argo rollouts abort`. */
  abort(): Promise<unknown> {
    return this.#api.patch(`${this.path}/status`, { status: { abort: true } });
  }

  /** As `kubectl argo rollouts retry rollout`. */
  retry(): Promise<unknown> {
    return this.#api.patch(`${this.path}/status`, { status: { abort: false } });
  }
}

async function createService(api: Api, { metadata, spec }: Workload, name: string): Promise<void> {
  await api.create(`/api/v1/namespaces/${metadata.namespace}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: spec?.selector?.matchLabels, ports: [{ port: 80, targetPort: 9080 }] },
  } as never);
}

const ROUTE = { name: 'routed', plural: 'virtualservices', apiVersion: 'networking.istio.io/v1' } as const;

interface VirtualService extends KubernetesObject {
  readonly spec: {
    readonly http: readonly {
      readonly route: readonly { readonly destination: { readonly host: string }; readonly weight?: number }[];
    }[];
  };
}

/** The weights of the Services that a routed Rollout shares its requests among, by their names. */
export async function routedWeights(api: Api, namespace: string): Promise<Record<string, number>> {
  const { spec } = await api.get<VirtualService>(`${routesPath(namespace)}/${ROUTE.name}`);
  const routes = spec.http.flatMap(({ route }) => route);
  return Object.fromEntries(routes.map(({ destination, weight = 0 }) => [destination.host, weight]));
}

function routesPath(namespace: string): string {
  return `/apis/${ROUTE.apiVersion}/namespaces/${namespace}/${ROUTE.plural}`;
}

/** A VirtualService that sends everything to the stable pods, until the controller changes its weights. */
async function createRoute(api: Api, namespace: string): Promise<void> {
  const to = (host: string, weight: number): object => ({ destination: { host }, weight });
  await api.create(routesPath(namespace), {
    apiVersion: ROUTE.apiVersion,
    kind: 'VirtualService',
    metadata: { name: ROUTE.name },
    spec: { hosts: ['active'], http: [{ name: 'primary', route: [to('active', 100), to('preview', 0)] }] },
  } as never);
}

/** Conditions that nothing measured meets: without one for failures, what is no success is a failure; else it is inconclusive. */
const ANALYSES = {
  fails: { successCondition: 'result == "none"' },
  inconclusive: { successCondition: 'result == "none"', failureCondition: 'result == "nothing"' },
};

/** Makes the templates of the analyses, which measure the API server's version; the embedded cluster knows them by their names. */
async function createAnalyses(api: Api, namespace: string): Promise<void> {
  const web = { url: `${api.server}/version`, insecure: true, jsonPath: '{$.major}' };
  for (const [name, conditions] of Object.entries(ANALYSES)) {
    const metrics = [{ name: 'errors', ...conditions, provider: { web } }];
    const kind = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate' };
    await api
      .create(`/apis/argoproj.io/v1alpha1/namespaces/${namespace}/analysistemplates`, {
        ...kind,
        metadata: { name },
        spec: { metrics },
      } as never)
      .catch((error: unknown) => {
        if (!(error instanceof ApiCallError && error.status === 404)) throw error;
      });
  }
}
