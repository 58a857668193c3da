/** What a test does with Rollouts of Argo Rollouts: make them, and do what `kubectl argo rollouts` does. */
import type { ArgoRollout } from '../../src/cluster/argo-rollout.ts';
import type { Workload } from '../../src/cluster/objects.ts';
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
} as const;
export type Strategy = keyof typeof STRATEGIES;

/** A Rollout with the pods of a Deployment, and its own hand on it. */
export class TestRollout {
  readonly path: string;
  readonly #api: Api;

  constructor(api: Api, namespace: string, name: string) {
    this.#api = api;
    this.path = resourcePath(ROLLOUT, namespace, name);
  }

  /** Makes a Rollout with the pod template of a Deployment; with `refers`, that Deployment, which gets no pods of its own. */
  static async create(
    api: Api,
    deployment: Workload,
    strategy: Strategy,
    { refers = false }: { readonly refers?: boolean } = {},
  ): Promise<TestRollout> {
    const { name, namespace = '', labels } = deployment.metadata;
    const { selector, template, replicas } = deployment.spec ?? {};
    if (strategy === 'blueGreen')
      for (const service of ['active', 'preview']) await createService(api, deployment, service);
    if (refers) {
      const idle = { ...deployment, spec: { ...deployment.spec, replicas: 0 } } as Workload;
      await api.create(resourcePath(WORKLOADS.Deployment, namespace), idle);
    }
    if (strategy === 'failing' || strategy === 'inconclusive') await createAnalyses(api, namespace);
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
}

async function createService(api: Api, { metadata, spec }: Workload, name: string): Promise<void> {
  await api.create(`/api/v1/namespaces/${metadata.namespace}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: spec?.selector?.matchLabels, ports: [{ port: 80, targetPort: 9080 }] },
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
