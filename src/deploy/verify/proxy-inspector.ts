import { aboutOneOf, messageOf, type Problem } from '../../base/problem.ts';
import { permissionOf } from '../../cluster/access.ts';
import { isApiError } from '../../cluster/errors.ts';
import { MAX_BYTES } from '../../cluster/limits.ts';
import type { Pod } from '../../cluster/objects.ts';
import { hasProxyContainer } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { describeReason } from '../../mesh/proxy/envoy-log.ts';
import { inspectListeners } from '../../mesh/proxy/listeners.ts';
import { knownByName, knownOf } from '../../mesh/proxy/refused-filter.ts';
import { parseListenerUpdates, STATS_PATH, STATS_PORT } from '../../mesh/proxy/stats.ts';
import { explainMissingMount, explainNoSidecar, mountsFilter } from '../../mesh/template/injection.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type ConfigPart, readConfigDump } from '../observe/config-dump.ts';
import { evidenceSource } from '../observe/evidence-source.ts';
import { NamespaceLabels } from '../observe/namespace-labels.ts';
import { readEnvoyReason, readPluginReason } from '../observe/pod-logs.ts';
import { aboutFilterOf, noEffect, unreachableIn, type VerifiableWorkload } from '../plan/wanted-place.ts';
import { judgeFilter, LOG_REFUSED, ownOf } from './filter-in-proxy.ts';
import {
  aboutFilter,
  failed,
  type PodVerdict,
  pending,
  rejectsOthers,
  type Unverified,
  type Verified,
  type Weakness,
  weakestOf,
} from './pod-verdict.ts';

/** What a look at a part of Envoy's configuration came to. */
type Dump =
  /** `text` is empty where Envoy has none of it. */
  | { readonly state: 'read'; readonly text: string }
  /** The kubeconfig user may not exec into pods. */
  | { readonly state: 'forbidden' }
  | Unverified;

/** Where nothing more is known. */
export const NOT_INSPECTED: Weakness = { why: 'no proxy could be inspected' };

function execRefused(namespace: string): Weakness {
  return {
    why: 'the kubeconfig user is not allowed to exec into pods',
    permission: permissionOf({ verb: 'create', resource: POD, subresource: 'exec', namespace }),
  };
}

const NO_DUMP: Dump = { state: 'read', text: '' };

/** The verdict on a pod whose configuration was not read; `undefined` if something else has to tell. */
function verdictOn(dump: Exclude<Dump, { readonly state: 'read' }>): PodVerdict | undefined {
  return dump.state === 'forbidden' ? undefined : dump;
}

/**
 * Looks into proxies, by the strongest means that the permissions of a namespace allow: the listeners of Envoy by exec, its
 * statistics through the API server, or that the pod is ready.
 */
export class ProxyInspector {
  readonly #context: DeployContext;
  /** What was refused, by namespace and means; it is not tried again. */
  readonly #refused = new Set<string>();
  readonly #labels: NamespaceLabels;

  constructor(context: DeployContext) {
    this.#context = context;
    this.#labels = new NamespaceLabels(context.client);
  }

  async inspect(pod: Pod, workload: VerifiableWorkload): Promise<PodVerdict> {
    const effect = await this.#withoutEffect(pod, workload);
    if (effect !== undefined) return { state: 'failed', problem: effect };
    const byListener = await this.#byListeners(pod, workload);
    if (byListener !== undefined) return byListener;
    const { namespace } = workload.ref;
    const unreachable = unreachableIn(pod, workload);
    if (unreachable !== undefined) return { state: 'failed', problem: unreachable };
    const weakness = this.#refused.has(`${namespace} exec`) ? execRefused(namespace) : NOT_INSPECTED;
    const byStats = await this.#byStats(pod, workload, weakness);
    if (byStats !== undefined) return byStats;
    return (await this.#byLog(pod, workload)) ?? { state: 'verified', level: 'ready', weakness };
  }

  /** Says that the listeners of a pod of a Gateway still name one of some filters; `undefined` if not, or nobody may see it. */
  async stillReferenced(pod: Pod, ref: WorkloadRef, filters: readonly string[]): Promise<Problem | undefined> {
    if (this.#refused.has(`${ref.namespace} exec`)) return undefined;
    const listeners = await this.#dump('dynamic_listeners', pod, ref);
    if (listeners.state !== 'read') return listeners.state === 'pending' ? listeners.problem : undefined;
    const named = filters.find((filter) => {
      const plugin = targetKind(ref).binding.ownPlugin(ref, filter);
      return plugin !== undefined && inspectListeners(listeners.text, { plugin, direction: 'any' }).state !== 'absent';
    });
    if (named === undefined) return undefined;
    const still = pending(ref, `the proxy of pod ${pod.metadata.name} still has ${named} in its listeners`);
    return aboutOneOf(still.problem, named, filters);
  }

  /** Why the filter cannot run in a pod, as the pod itself shows. */
  async #withoutEffect(pod: Pod, { ref, observed, revisions }: VerifiableWorkload): Promise<Problem | undefined> {
    const template = observed.spec?.template ?? {};
    const { withoutProxy } = targetKind(ref);
    if (!hasProxyContainer(pod)) {
      if (withoutProxy !== undefined) return noEffect(ref, withoutProxy.message, withoutProxy.remedy);
      const { message, remedy } = explainNoSidecar(template, await this.#labels.in(ref.namespace));
      return noEffect(ref, `its pods are ready, but no filter runs there: ${message}`, remedy);
    }
    const unmounted = revisions.find(
      ({ podRevision }) => podRevision.image === undefined && !mountsFilter(pod, podRevision.filter),
    );
    if (unmounted === undefined) return undefined;
    const { filter } = unmounted.podRevision;
    const { message, remedy } = explainMissingMount(template, filter);
    const what = revisions.length < 2 ? 'the filter' : filter;
    const problem = noEffect(ref, `its pods are ready, but ${what} is not in them: ${message}`, remedy);
    return aboutFilterOf(problem, filter, revisions);
  }

  async #byListeners(pod: Pod, { ref, observed, revisions }: VerifiableWorkload): Promise<PodVerdict | undefined> {
    if (this.#refused.has(`${ref.namespace} exec`)) return undefined;
    const pulled = revisions.some(({ podRevision }) => podRevision.image !== undefined);
    const [listeners, extensions] = await Promise.all([
      this.#dump('dynamic_listeners', pod, ref),
      pulled ? this.#dump('ecds_filters', pod, ref) : NO_DUMP,
    ]);
    if (listeners.state !== 'read') return verdictOn(listeners);
    if (extensions.state !== 'read') return verdictOn(extensions);
    const extensionsNow = async (): Promise<string> => {
      const answer = await this.#dump('ecds_filters', pod, ref);
      return answer.state === 'read' ? answer.text : '';
    };
    const verified: Verified[] = [];
    for (const planned of revisions) {
      const verdict = await judgeFilter(
        planned,
        { pod, ref, observed, revisions, listeners: listeners.text, extensions: extensions.text, extensionsNow },
        evidenceSource(this.#context),
      );
      if (verdict.state !== 'verified') return verdict;
      verified.push(verdict);
    }
    return weakestOf(verified);
  }

  /** A part of Envoy's configuration; the verdict on a pod that does not tell. */
  async #dump(part: ConfigPart, pod: Pod, ref: WorkloadRef): Promise<Dump> {
    const { namespace } = ref;
    const { name } = pod.metadata;
    try {
      const dump = await readConfigDump(this.#context.client, namespace, name, part);
      return dump.state === 'read'
        ? dump
        : pending(ref, `Envoy of pod ${name} does not answer (${dump.why})`, 'sentence');
    } catch (error) {
      if (isApiError(error, 403)) {
        this.#refused.add(`${namespace} exec`);
        return { state: 'forbidden' };
      }
      return pending(ref, `the proxy of pod ${name} could not be inspected (${messageOf(error)})`);
    }
  }

  async #byStats(pod: Pod, workload: VerifiableWorkload, weakness: Weakness): Promise<PodVerdict | undefined> {
    const { ref, revisions } = workload;
    const means = `${ref.namespace} proxy`;
    if (this.#refused.has(means)) return undefined;
    try {
      const { status, text } = await this.#context.client.requestPod(
        ref.namespace,
        pod.metadata.name,
        STATS_PORT,
        STATS_PATH,
        { maxBytes: MAX_BYTES.statistics },
      );
      const updates = status === 200 ? parseListenerUpdates(text) : undefined;
      if (updates === undefined) return undefined;
      if (updates.rejected === 0) {
        return (await this.#byLog(pod, workload)) ?? { state: 'verified', level: 'stats', weakness };
      }
    } catch (error) {
      this.#context.log.debug(`No statistics of pod ${pod.metadata.name}: ${messageOf(error)}`);
      if (isApiError(error, 403)) this.#refused.add(means);
      return undefined;
    }
    // Another listener may have been refused for a reason of its own; only the log tells.
    const reason = await readEnvoyReason(pod, ref.namespace, ownOf(workload), evidenceSource(this.#context));
    if (reason === undefined) return undefined;
    if (reason.foreign !== undefined) return rejectsOthers(ref, pod, reason);
    const why = `Envoy of pod ${pod.metadata.name} rejected a listener: ${describeReason(reason)}.`;
    return aboutFilter(failed(ref, why, reason.remedy, 'sentence'), reason.rejected, revisions);
  }

  /** A listener is taken and a pod becomes ready without the image of a filter, so of those the log has to tell. */
  async #byLog(pod: Pod, { ref, observed, revisions }: VerifiableWorkload): Promise<PodVerdict | undefined> {
    const known = knownByName(revisions);
    for (const { podRevision } of revisions) {
      if (podRevision.image === undefined) continue;
      const trace = targetKind(ref).binding.pluginTrace(ref, podRevision, observed);
      const names = { ...trace, ...knownOf(known.get(podRevision.filter), podRevision) };
      const log = await readPluginReason(pod, ref.namespace, names, evidenceSource(this.#context));
      if (log.state === 'unreadable') return { state: 'verified', level: 'ready', weakness: LOG_REFUSED };
      if (log.state === 'explains') {
        const { filter } = podRevision;
        const why = `${filter} does not run in pod ${pod.metadata.name}: ${describeReason(log.reason)}.`;
        return aboutFilter(failed(ref, why, log.reason.remedy), filter, revisions);
      }
    }
    return undefined;
  }
}
