import { pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { messageOf } from '../../base/problem.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { DeployContext } from '../context.ts';
import { checkAnswer, type Probe } from '../probe.ts';
import type { PodRecord } from './pod-record.ts';
import type { WorkloadWatch } from './workload-watch.ts';

/** So many requests a second a pod gets at most. */
const PER_POD = 5;
/** So many a second go through the API server of a cluster, over all pods. */
const PER_CLUSTER = 20;
/** So many may be under way: a pod that lets one hang must not take the connections of the others. */
const MAX_OPEN = 3;
const ANSWER_MS = 5_000;

/** A pod that is sent probes, and who counts them. */
interface Aim {
  readonly watch: WorkloadWatch;
  readonly record: PodRecord;
}

/** Sends the probe to pods in turn, steadily, from the first time that it is told of some until it is closed. */
export class ProbeSender {
  readonly #probe: Probe;
  readonly #context: Pick<DeployContext, 'client' | 'log'>;
  readonly #closing = new AbortController();
  readonly #open = new Set<Promise<void>>();
  #aims: readonly Aim[] = [];
  #turn = 0;
  #refused = false;
  #sending: Promise<void> | undefined;

  constructor(probe: Probe, context: Pick<DeployContext, 'client' | 'log' | 'signal'>) {
    this.#probe = probe;
    this.#context = context;
    context.signal.addEventListener('abort', () => this.#closing.abort(), { once: true });
  }

  /** Takes the pods that are sent probes from now on. */
  aim(aims: readonly Aim[]): void {
    this.#aims = aims;
    this.#sending ??= this.#send();
  }

  /** Ends the sending; what is under way is waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sending;
    await Promise.all(this.#open);
  }

  async #send(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && !this.#refused) {
      const aim = this.#aims[this.#turn++ % Math.max(1, this.#aims.length)];
      if (aim !== undefined && this.#open.size < MAX_OPEN) {
        const asking = this.#ask(aim).finally(() => this.#open.delete(asking));
        this.#open.add(asking);
      }
      await pause(1000 / Math.min(PER_POD * Math.max(1, this.#aims.length), PER_CLUSTER), signal);
    }
  }

  async #ask({ watch, record }: Aim): Promise<void> {
    const { port, path, method, headers, body } = this.#probe;
    const { client, log } = this.#context;
    const options = { method, headers, timeoutMs: ANSWER_MS, ...defined({ body }) };
    try {
      const answer = await client.requestPod(watch.ref.namespace, record.name, port, path, options);
      watch.probes.add(record.name, checkAnswer(this.#probe, answer));
    } catch (error) {
      if (isApiError(error, 403)) this.#refused = true;
      // A pod that is gone, as one that was rolled back, has not failed; whoever closes has not waited for the answer.
      else if (isApiError(error, 404) || this.#closing.signal.aborted || !this.#isAimedAt(record)) {
        log.debug(`No answer to the probe from ${record.name}: ${messageOf(error)}`);
      } else watch.probes.add(record.name, `did not answer (${messageOf(error)})`);
    }
  }

  #isAimedAt(record: PodRecord): boolean {
    return this.#aims.some((aim) => aim.record === record);
  }
}
