import type { Problem } from '../base/problem.ts';
import { messageOf } from '../base/problem.ts';
import { sentence } from '../base/text.ts';
import { ApiError } from '../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../cluster/objects.ts';
import { hasProxyContainer, PROXY_CONTAINER } from '../cluster/pods.ts';
import { NAMESPACE } from '../cluster/resources.ts';
import { filePath } from '../mesh/envoy-filter.ts';
import { explainMissingMount, explainNoSidecar, mountsFilter } from '../mesh/injection.ts';
import { explainAbsence, inspectListeners } from '../mesh/listeners.ts';
import { parseListenerUpdates } from '../mesh/proxy-stats.ts';
import { describeWorkload, type WorkloadRef } from '../targets/target.ts';
import { type DeployContext, evidenceSource } from './context.ts';
import { readEnvoyReason } from './evidence.ts';
import type { Provable, ProvenRevision } from './provable.ts';
import type { ProofLevel } from './report.ts';

/** What a look at one pod came to: `pending` may still become better. */
export type PodVerdict =
  | { readonly state: 'proved'; readonly level: ProofLevel; readonly weakness?: string }
  | { readonly state: 'failed' | 'pending'; readonly problem: Problem };

/** The port on which each sidecar shows its statistics (https://istio.io/latest/docs/ops/deployment/application-requirements/). */
const STATS_PORT = 15_090;
const STATS_PATH = '/stats/prometheus';
/** What the agent answers from Envoy's admin interface, which only listens inside the pod. */
const DUMP = ['pilot-agent', 'request', 'GET', 'config_dump?resource=dynamic_listeners'];

/**
 * Looks into proxies, by the strongest means that the rights of a namespace allow: the listeners of Envoy by exec, its
 * statistics through the API server, or that the pod is ready.
 */
export class ProxyInspector {
  readonly #context: DeployContext;
  /** What was refused, by namespace and means; it is not tried again. */
  readonly #refused = new Map<string, string>();
  readonly #labels = new Map<string, Promise<Readonly<Record<string, string>> | undefined>>();

  constructor(context: DeployContext) {
    this.#context = context;
  }

  async inspect(pod: Pod, workload: Provable): Promise<PodVerdict> {
    const effect = await this.#withoutEffect(pod, workload);
    if (effect !== undefined) return { state: 'failed', problem: effect };
    const byListener = await this.#byListeners(pod, workload);
    if (byListener !== undefined) return byListener;
    const { namespace } = workload.ref;
    const why = this.#refused.get(`${namespace} exec`) ?? 'no proxy could be looked into';
    return (await this.#byStats(pod, workload, why)) ?? { state: 'proved', level: 'ready', weakness: why };
  }

  /** Why the filter cannot run in a pod, as the pod itself shows. */
  async #withoutEffect(pod: Pod, { ref, observed, revisions }: Provable): Promise<Problem | undefined> {
    const template = observed.spec?.template ?? {};
    if (!hasProxyContainer(pod)) {
      const { message, remedy } = explainNoSidecar(template, await this.#namespaceLabels(ref.namespace));
      return noEffect(ref, `its pods are ready, but no filter runs there: ${message}`, remedy);
    }
    const unmounted = revisions.find(({ carrier }) => !mountsFilter(pod, carrier.filter));
    if (unmounted === undefined) return undefined;
    const { message, remedy } = explainMissingMount(template, unmounted.carrier.filter);
    return noEffect(ref, `its pods are ready, but the filter is not in them: ${message}`, remedy);
  }

  async #byListeners(pod: Pod, { ref, revisions }: Provable): Promise<PodVerdict | undefined> {
    const means = `${ref.namespace} exec`;
    if (this.#refused.has(means)) return undefined;
    let dump: string;
    try {
      const { stdout, stderr, exitCode } = await this.#context.client.exec(
        ref.namespace,
        pod.metadata.name,
        PROXY_CONTAINER,
        DUMP,
      );
      if (exitCode !== 0) return pending(ref, `Envoy of pod ${pod.metadata.name} does not answer (${stderr.trim()})`);
      dump = stdout;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) {
        this.#refused.set(means, 'the user of the kubeconfig may not exec into pods');
        return undefined;
      }
      return pending(ref, `the proxy of pod ${pod.metadata.name} cannot be looked into (${messageOf(error)})`);
    }
    for (const planned of revisions) {
      const verdict = await this.#judge(dump, planned, pod, ref);
      if (verdict !== undefined) return verdict;
    }
    return { state: 'proved', level: 'listener' };
  }

  /** What a proxy's listeners say of one filter; undefined when it is there. */
  async #judge(
    dump: string,
    { revision, carrier }: ProvenRevision,
    pod: Pod,
    ref: WorkloadRef,
  ): Promise<PodVerdict | undefined> {
    const { configuration, direction, port, insert } = revision.settings;
    const where = { direction, insert, ...(port === undefined ? {} : { port }) };
    const verdict = inspectListeners(dump, {
      filter: carrier.filter,
      file: filePath(carrier),
      configuration,
      ...where,
    });
    switch (verdict.state) {
      case 'present':
        return undefined;
      case 'rejected': {
        const reason = await readEnvoyReason(pod, ref.namespace, evidenceSource(this.#context));
        const said = reason?.filterSaid === undefined ? '' : `; the filter said: ${reason.filterSaid}`;
        return {
          state: 'failed',
          problem: {
            kind: 'proof',
            subject: describeWorkload(ref),
            message: `Envoy of pod ${pod.metadata.name} refuses the filter: ${reason?.reason ?? verdict.details}${said}.`,
            remedy: reason?.remedy ?? 'See the log of the container istio-proxy.',
          },
        };
      }
      case 'outdated':
        return pending(ref, `Envoy of pod ${pod.metadata.name} still has other settings of ${carrier.filter}`);
      default: {
        const why = explainAbsence(verdict, where);
        return {
          state: 'pending',
          problem: noEffect(
            ref,
            `its pods are ready, but ${carrier.filter} is in no listener of pod ${pod.metadata.name}: ${why}`,
            verdict.withoutAnchor === undefined
              ? 'Check the inputs "direction" and "port", and that the port speaks HTTP in the Service (appProtocol, or its name).'
              : 'Name one of these in the input "insert", or deploy the filter that it names first.',
          ),
        };
      }
    }
  }

  async #byStats(pod: Pod, { ref }: Provable, weakness: string): Promise<PodVerdict | undefined> {
    const means = `${ref.namespace} proxy`;
    if (this.#refused.has(means)) return undefined;
    try {
      const { status, text } = await this.#context.client.podGet(
        ref.namespace,
        pod.metadata.name,
        STATS_PORT,
        STATS_PATH,
      );
      const updates = status === 200 ? parseListenerUpdates(text) : undefined;
      if (updates === undefined) return undefined;
      if (updates.rejected === 0) return { state: 'proved', level: 'stats', weakness };
    } catch (error) {
      this.#context.log.debug(`No statistics of pod ${pod.metadata.name}: ${messageOf(error)}`);
      if (error instanceof ApiError && error.status === 403) this.#refused.set(means, 'refused');
      return undefined;
    }
    // Another listener may have been refused for a reason of its own; only the log tells.
    const reason = await readEnvoyReason(pod, ref.namespace, evidenceSource(this.#context));
    if (reason === undefined) return undefined;
    return {
      state: 'failed',
      problem: {
        kind: 'proof',
        subject: describeWorkload(ref),
        message: `Envoy of pod ${pod.metadata.name} refused a listener: ${reason.reason}.`,
        remedy: reason.remedy,
      },
    };
  }

  #namespaceLabels(namespace: string): Promise<Readonly<Record<string, string>> | undefined> {
    const known = this.#labels.get(namespace);
    if (known !== undefined) return known;
    const asked = this.#context.client
      .get<KubernetesObject>(NAMESPACE, undefined, namespace)
      .then(({ metadata }) => metadata.labels ?? {})
      .catch(() => undefined);
    this.#labels.set(namespace, asked);
    return asked;
  }
}

function noEffect(ref: WorkloadRef, message: string, remedy: string): Problem {
  return { kind: 'no-effect', subject: describeWorkload(ref), message: sentence(message), remedy };
}

function pending(ref: WorkloadRef, what: string): PodVerdict {
  return {
    state: 'pending',
    problem: {
      kind: 'proof',
      subject: describeWorkload(ref),
      message: sentence(what),
      remedy: 'See the log of its container istio-proxy, and that istiod is well.',
    },
  };
}
