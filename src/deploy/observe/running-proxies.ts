import { makeLimiter, pause } from '../../base/concurrency.ts';
import { type Fault, faulty, messageOf, ok, type Result } from '../../base/problem.ts';
import { formatDuration } from '../../base/text.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { Pod } from '../../cluster/objects.ts';
import { hasProxyContainer, isReady, isTerminating } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { type Listener, parseListeners } from '../../mesh/proxy/config-dump.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { belongsTo } from '../kinds/kinds.ts';
import { type ConfigPart, readConfigDump } from './config-dump.ts';

/**
 * A pod that a workload runs now, and what its proxy has. `why` completes "is not known, because …": there is no such pod, a
 * permission is missing, or nobody answered.
 */
export type RunningProxy =
  | { readonly state: 'unknown'; readonly why: string }
  /** The pod is known, its proxy is not. */
  | { readonly state: 'unseen'; readonly pod: Pod; readonly why: string }
  | { readonly state: 'without-proxy'; readonly pod: Pod }
  | SeenProxy;

/** A proxy that was looked into. */
export interface SeenProxy {
  readonly state: 'seen';
  readonly pod: Pod;
  readonly listeners: readonly Listener[];
  /** The answer of `config_dump?resource=ecds_filters`, for `inspectExtension`; `{}` where no listener asks for any. */
  readonly extensions: string;
}

const PARALLEL = 8;
const LIST_MS = 15_000;
const EXEC_MS = 5_000;
const CANCELLED = 'the run was cancelled';
const NO_EXEC = 'the kubeconfig user is not allowed to exec into pods';

/**
 * Looks at what workloads run before a run changes them: one ready pod of each. What cannot be known is a result; nothing is thrown.
 * Pods are listed once per namespace, each workload is looked at once, 8 at a time, within seconds: ask only for workloads that the
 * plan changes.
 */
export class RunningProxies {
  readonly #context: Pick<DeployContext, 'client' | 'log' | 'signal'>;
  readonly #limited = makeLimiter(PARALLEL);
  /** By namespace: its pods, or why they are not known. */
  readonly #pods = new Map<string, Promise<Result<readonly Pod[], Fault>>>();
  /** By `workloadKey`. */
  readonly #looks = new Map<string, Promise<RunningProxy>>();
  /** Namespaces where exec was refused; it is not tried there again. */
  readonly #refused = new Set<string>();

  constructor(context: Pick<DeployContext, 'client' | 'log' | 'signal'>) {
    this.#context = context;
  }

  /** What a workload runs, as it was when it was first asked for. */
  look(ref: WorkloadRef): Promise<RunningProxy> {
    const key = workloadKey(ref);
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const look = this.#find(ref);
    this.#looks.set(key, look);
    return look;
  }

  /** The same pod's proxy as it is now: the mesh may only just have been told of something. */
  async lookAgain(ref: WorkloadRef): Promise<RunningProxy> {
    const before = await this.look(ref);
    if (before.state !== 'seen') return before;
    const look = this.#inspect(before.pod, ref);
    this.#looks.set(workloadKey(ref), look);
    return look;
  }

  /** The pods of a namespace, as they were when it was first asked for, or why they are not known. */
  podsIn(namespace: string): Promise<Result<readonly Pod[], Fault>> {
    const known = this.#pods.get(namespace);
    if (known !== undefined) return known;
    const listed = this.#listPods(namespace);
    this.#pods.set(namespace, listed);
    return listed;
  }

  async #find(ref: WorkloadRef): Promise<RunningProxy> {
    const pods = await this.podsIn(ref.namespace);
    if (!pods.ok) return { state: 'unknown', why: pods.fault };
    const [pod] = pods.value
      .filter((one) => belongsTo(one, ref) && isReady(one) && !isTerminating(one))
      .sort((a, b) => createdAt(b).localeCompare(createdAt(a)));
    if (pod === undefined) return { state: 'unknown', why: 'no pod of it is ready' };
    return hasProxyContainer(pod) ? this.#inspect(pod, ref) : { state: 'without-proxy', pod };
  }

  async #listPods(namespace: string): Promise<Result<readonly Pod[], Fault>> {
    const { client, signal } = this.#context;
    const done = new AbortController();
    const late = pause(LIST_MS, AbortSignal.any([signal, done.signal])).then(() =>
      faulty(signal.aborted ? CANCELLED : `pods were not listed within ${formatDuration(LIST_MS)}`),
    );
    const listed = client.list<Pod>(POD, namespace).then(
      ({ items }) => ok(items),
      (error) => faulty(isApiError(error, 403) ? 'the kubeconfig user cannot list pods' : messageOf(error)),
    );
    return Promise.race([listed, late]).finally(() => done.abort());
  }

  #inspect(pod: Pod, ref: WorkloadRef): Promise<RunningProxy> {
    return this.#limited(async () => {
      const { signal, log } = this.#context;
      const unseen = (why: string): RunningProxy => {
        log.debug(`The proxy of a pod of ${describeWorkload(ref)} was not inspected: ${why}`);
        return { state: 'unseen', pod, why };
      };
      if (signal.aborted) return unseen(CANCELLED);
      if (this.#refused.has(ref.namespace)) return unseen(NO_EXEC);
      try {
        const listeners = parseListeners(await this.#dump('dynamic_listeners', pod, ref));
        if (!listeners.ok) return unseen(listeners.problems.map(({ message }) => message).join(' '));
        const asks = listeners.value.some(({ active }) => active.some(({ plugins }) => plugins.length > 0));
        const extensions = asks ? await this.#dump('ecds_filters', pod, ref) : '{}';
        return { state: 'seen', pod, listeners: listeners.value, extensions };
      } catch (error) {
        if (!isApiError(error, 403)) return unseen(messageOf(error));
        this.#refused.add(ref.namespace);
        return unseen(NO_EXEC);
      }
    });
  }

  async #dump(part: ConfigPart, { metadata }: Pod, { namespace }: WorkloadRef): Promise<string> {
    const limits = { timeoutMs: EXEC_MS };
    const dump = await readConfigDump(this.#context.client, namespace, metadata.name, part, limits);
    if (dump.state === 'unanswered') throw new Error(`Envoy does not answer (${dump.why})`);
    return dump.text;
  }
}

function createdAt({ metadata }: Pod): string {
  return metadata.creationTimestamp ?? '';
}
