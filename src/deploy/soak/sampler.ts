import { defined } from '../../base/defined.ts';
import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import { MAX_BYTES } from '../../cluster/limits.ts';
import type { Pod, PodMetrics } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { parseQuantity } from '../../cluster/quantity.ts';
import { POD_METRICS } from '../../cluster/resources.ts';
import { parseEnvoyMemory } from '../../mesh/proxy/proxy-memory.ts';
import { STATS_PATH, STATS_PORT } from '../../mesh/proxy/stats.ts';
import type { Way } from '../../mesh/proxy/traffic.ts';
import { newLines, plainLog, readFilterLog } from '../../mesh/proxy/trap-log.ts';
import { parseProxyCounters } from '../../mesh/proxy/wasm-counters.ts';
import type { DeployContext } from '../context.ts';
import { podId } from '../observe/new-pods.ts';
import type { PodLook, Usage } from './pod-look.ts';

const READ_MS = 4_000;
/** So long a port is waited for that has not answered yet, where there is another way: where it is not reached, that is all the time. */
const REACH_MS = 1_500;
/** So long it is not tried again. */
const AGAIN_MS = 30_000;
const LOG_BYTES = 128 * 1024;
const LOG_LINES = 400;
/** What a proxy may have logged since the last look: with access logs that are lines of 500 bytes for some hundred requests a second. */
const NEW_LOG_BYTES = 512 * 1024;
const NEW_LOG_LINES = 4_000;
/** Looks at the memory of a pod by exec are this far apart: each is a connection of its own. */
const EXEC_EVERY_MS = 6_000;
/** Wherever the proxy's image has a shell; that without one (`distroless`) answers that there is none. */
const MEMORY = ['sh', '-c', 'grep -h -E "^(Name|VmRSS):" /proc/[0-9]*/status'];
const STATS = ['pilot-agent', 'request', 'GET', 'stats/prometheus'];

/** By which a pod is watched, each of its own permission. */
export const MEANS = ['stats', 'log', 'metrics', 'exec'] as const;
export type Means = (typeof MEANS)[number];

/** Looks at proxies as far as the permissions of a namespace allow; whatever fails is left out, and nothing is thrown. */
export class PodSampler {
  readonly #context: Pick<DeployContext, 'client' | 'log' | 'now'>;
  /** What was refused or is not there, by namespace and means; it is not tried again. */
  readonly #refused = new Set<string>();
  /** The time of the last line that was read, by `podId`. */
  readonly #lastLines = new Map<string, string>();
  readonly #execAt = new Map<string, number>();
  /** The namespaces in which a proxy's port has answered. */
  readonly #answered = new Set<string>();
  /** Those in which it has not, while the proxy itself has, by exec; with the time of the last try. */
  readonly #unreachedAt = new Map<string, number>();

  constructor(context: Pick<DeployContext, 'client' | 'log' | 'now'>) {
    this.#context = context;
  }

  /** Whether nothing of this kind may be read in a namespace, as far as anybody has tried. */
  lacks(namespace: string, means: Means): boolean {
    return this.#refused.has(`${namespace} ${means}`);
  }

  /** Looks at a pod's proxy. `usage` is what the cluster serves of it, which spares looking. */
  async look(pod: Pod, namespace: string, way: Way, usage?: Usage): Promise<PodLook> {
    const at = this.#context.now();
    const [text, log, memory] = await Promise.all([
      this.#statistics(pod, namespace),
      this.#log(pod, namespace),
      usage ?? this.#memory(pod, namespace, at),
    ]);
    const counters = text === undefined ? undefined : parseProxyCounters(text, way);
    return { at, ...defined({ counters, log, usage: memory }) };
  }

  /** What the proxies of a namespace use, by the name of their pod, where the cluster serves that. */
  async usagesIn(namespace: string): Promise<ReadonlyMap<string, Usage>> {
    const list = await this.#try(namespace, 'metrics', (client) => client.list<PodMetrics>(POD_METRICS, namespace));
    const usages = (list?.items ?? []).flatMap(({ metadata, timestamp = '', containers = [] }): [string, Usage][] => {
      const usage = containers.find(({ name }) => name === PROXY_CONTAINER)?.usage;
      const memoryBytes = parseQuantity(usage?.memory);
      const at = Date.parse(timestamp);
      if (memoryBytes === undefined || Number.isNaN(at)) return [];
      return [[metadata.name, { at, memoryBytes, ...defined({ cpu: parseQuantity(usage?.cpu) }) }]];
    });
    return new Map(usages);
  }

  async #statistics(pod: Pod, namespace: string): Promise<string | undefined> {
    const { name } = pod.metadata;
    if (this.#triesPort(namespace)) {
      const isPatient = this.#answered.has(namespace) || this.lacks(namespace, 'exec');
      const answer = await this.#try(namespace, 'stats', (client) =>
        client.requestPod(namespace, name, STATS_PORT, STATS_PATH, {
          maxBytes: MAX_BYTES.statistics,
          timeoutMs: isPatient ? READ_MS : REACH_MS,
        }),
      );
      if (answer?.status === 200) {
        this.#answered.add(namespace);
        this.#unreachedAt.delete(namespace);
        return answer.text;
      }
    }
    // The API server may not reach pods there at all, as behind a NetworkPolicy; then the kubelet asks the proxy.
    if (!this.lacks(namespace, 'stats') && this.#answered.has(namespace)) return undefined;
    const asked = await this.#exec(pod, namespace, STATS);
    if (asked === undefined || asked === '') return undefined;
    if (!this.#unreachedAt.has(namespace)) this.#unreachedAt.set(namespace, this.#context.now());
    return asked;
  }

  /** Whether the port of a proxy may answer: each look would wait for it at every pod, so of those where none has, one tries it now and then. */
  #triesPort(namespace: string): boolean {
    const unreachedAt = this.#unreachedAt.get(namespace);
    if (unreachedAt === undefined) return true;
    const now = this.#context.now();
    if (now - unreachedAt < AGAIN_MS) return false;
    this.#unreachedAt.set(namespace, now);
    return true;
  }

  async #log(pod: Pod, namespace: string): Promise<PodLook['log']> {
    const id = podId(pod);
    const last = this.#lastLines.get(id);
    const text = await this.#try(namespace, 'log', (client) =>
      last === undefined
        ? client.podLog(namespace, pod.metadata.name, PROXY_CONTAINER, LOG_BYTES, { lines: LOG_LINES })
        : client.podLog(namespace, pod.metadata.name, PROXY_CONTAINER, NEW_LOG_BYTES, {
            lines: NEW_LOG_LINES,
            since: new Date(last),
          }),
    );
    if (text === undefined) return undefined;
    const fresh = newLines(plainLog(text), last);
    if (fresh.last !== undefined) this.#lastLines.set(id, fresh.last);
    return readFilterLog(fresh.text);
  }

  async #memory(pod: Pod, namespace: string, at: number): Promise<Usage | undefined> {
    const id = podId(pod);
    if (at - (this.#execAt.get(id) ?? Number.NEGATIVE_INFINITY) < EXEC_EVERY_MS) return undefined;
    this.#execAt.set(id, at);
    const text = await this.#exec(pod, namespace, MEMORY);
    const memoryBytes = text === undefined ? undefined : parseEnvoyMemory(text);
    return memoryBytes === undefined ? undefined : { at, memoryBytes };
  }

  async #exec(pod: Pod, namespace: string, command: readonly string[]): Promise<string | undefined> {
    const result = await this.#try(namespace, 'exec', (client) =>
      client.exec(namespace, pod.metadata.name, PROXY_CONTAINER, command, {
        timeoutMs: READ_MS,
        maxBytes: MAX_BYTES.statistics,
      }),
    );
    return result?.exitCode === 0 ? result.stdout : undefined;
  }

  async #try<T>(namespace: string, means: Means, read: (client: Client) => Promise<T>): Promise<T | undefined> {
    const key = `${namespace} ${means}`;
    if (this.#refused.has(key)) return undefined;
    try {
      return await read(this.#context.client);
    } catch (error) {
      this.#context.log.debug(`Not seen by ${means} in ${namespace}: ${String(error)}`);
      // What the API server does not know at all, as metrics where nobody serves them, it will not know later either.
      const isAbsent = means === 'metrics' && !isApiError(error, 429);
      if (isApiError(error, 403) || isAbsent) this.#refused.add(key);
      return undefined;
    }
  }
}
