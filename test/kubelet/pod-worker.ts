/** Serves pods: binds them, reports their states, ends them. One task per pod at a time, always on its newest state. */
import { type Behaviour, type Decision, decide, mountedConfigMaps } from './behaviour.ts';
import { cacheKey } from './cache.ts';
import { type ApiClient, type ApiObject, dig, digList } from './client.ts';
import { HOST_IP, mayRunOn } from './node.ts';
import { podStatus, type Stage } from './pod-status.ts';

export interface PodWorkerOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly schedulerName: string;
  readonly readyAfterMs: number;
  readonly configMap: (namespace: string, name: string) => ApiObject | undefined;
  /** The newest known state of a pod. */
  readonly pod: (namespace: string, name: string) => ApiObject | undefined;
}

/** What was last reported for a pod. */
interface Reported {
  readonly uid: string;
  readonly since: number;
  readonly ip: string;
  stage: Stage | undefined;
  behaviour: Behaviour | undefined;
  event: string | undefined;
}

const RETRY_MS = 100;

export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #reported = new Map<string, Reported>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #addresses = 0;
  #stopped = false;

  constructor(options: PodWorkerOptions) {
    this.#options = options;
  }

  podChanged(pod: ApiObject, deleted: boolean): void {
    const key = cacheKey(pod.metadata.namespace ?? '', pod.metadata.name);
    if (deleted) this.#reported.delete(key);
    else this.#wake(key);
  }

  /** A ConfigMap that appears or changes may let waiting pods start. Running ones keep what they read. */
  configMapChanged(configMap: ApiObject, pods: readonly ApiObject[]): void {
    for (const pod of pods) {
      if (pod.metadata.namespace !== configMap.metadata.namespace) continue;
      if (!mountedConfigMaps(pod).some((mount) => mount.configMap === configMap.metadata.name)) continue;
      this.#wake(cacheKey(pod.metadata.namespace ?? '', pod.metadata.name));
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** Resolves when no task runs any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #wake(key: string): void {
    if (this.#stopped) return;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    const task = this.#work(key)
      .catch(() => this.#later(key, RETRY_MS))
      .finally(() => {
        this.#running.delete(key);
        if (this.#again.delete(key)) this.#wake(key);
      });
    this.#running.set(key, task);
  }

  #later(key: string, ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        this.#wake(key);
      }, ms),
    );
  }

  async #work(key: string): Promise<void> {
    const slash = key.indexOf('/');
    const pod = this.#options.pod(key.slice(0, slash), key.slice(slash + 1));
    if (pod === undefined) return;
    const node = dig(pod, 'spec', 'nodeName');
    if (typeof node !== 'string' || node === '') await this.#schedule(pod);
    else if (node === this.#options.nodeName) await this.#serve(key, pod);
  }

  async #schedule(pod: ApiObject): Promise<void> {
    const { nodeName, schedulerName, client } = this.#options;
    if (dig(pod, 'spec', 'schedulerName') !== schedulerName || pod.metadata.deletionTimestamp !== undefined) return;
    if (!mayRunOn(nodeName, pod)) return;
    const path = pathOf(pod);
    if (this.#decision(pod).behaviour === 'unschedulable') {
      if (digList(pod, 'status', 'conditions').some((item) => dig(item, 'reason') === 'Unschedulable')) return;
      const message =
        '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.';
      const condition = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message,
        lastProbeTime: null,
        lastTransitionTime: timestamp(),
      };
      await client.call(
        'PATCH',
        `${path}/status`,
        { status: { conditions: [condition] } },
        'application/merge-patch+json',
      );
      await this.#emit(pod, 'FailedScheduling', message, schedulerName);
      return;
    }
    const { name, namespace } = pod.metadata;
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    };
    const answer = await client.call('POST', `${path}/binding`, binding);
    if (![201, 404, 409].includes(answer.status)) throw new Error(`binding ${path}: HTTP ${answer.status}`);
  }

  async #serve(key: string, pod: ApiObject): Promise<void> {
    if (pod.metadata.deletionTimestamp !== undefined) {
      await this.#end(pod);
      return;
    }
    const reported = this.#reportedFor(key, pod);
    // What has started keeps running, whatever happens to the files it read.
    if (reported.stage === 'settled') return;
    const decision = this.#decision(pod);
    const waits = decision.behaviour === 'failed-mount';
    if (reported.stage === undefined || waits) {
      await this.#report(pod, reported, 'creating', decision);
      if (waits && reported.event !== decision.message) {
        reported.event = decision.message;
        await this.#emit(pod, 'FailedMount', decision.message, 'kubelet');
      }
      if (!waits) this.#later(key, decision.readyAfterMs);
      return;
    }
    const left = reported.since + decision.readyAfterMs - Date.now();
    if (left > 0) this.#later(key, left);
    else await this.#report(pod, reported, 'settled', decision);
  }

  #reportedFor(key: string, pod: ApiObject): Reported {
    const uid = pod.metadata.uid ?? '';
    const known = this.#reported.get(key);
    if (known?.uid === uid) return known;
    this.#addresses += 1;
    const ip = `10.244.${(this.#addresses >> 8) & 0xff}.${this.#addresses & 0xff}`;
    const fresh: Reported = {
      uid,
      since: Date.now(),
      ip,
      stage: dig(pod, 'status', 'phase') === 'Running' ? 'settled' : undefined,
      behaviour: undefined,
      event: undefined,
    };
    this.#reported.set(key, fresh);
    return fresh;
  }

  async #report(pod: ApiObject, reported: Reported, stage: Stage, decision: Decision): Promise<void> {
    if (reported.stage === stage && reported.behaviour === decision.behaviour) return;
    const { behaviour } = decision;
    const status = podStatus({ pod, decision, stage, podIP: reported.ip, hostIP: HOST_IP, now: new Date() });
    const body = { metadata: { uid: reported.uid }, status };
    const answer = await this.#options.client.call(
      'PATCH',
      `${pathOf(pod)}/status`,
      body,
      'application/merge-patch+json',
    );
    if (answer.status === 200) Object.assign(reported, { stage, behaviour });
    else if (answer.status !== 404 && answer.status !== 409)
      throw new Error(`status of ${pathOf(pod)}: HTTP ${answer.status}: ${String(dig(answer.body, 'message'))}`);
  }

  async #end(pod: ApiObject): Promise<void> {
    const options = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      preconditions: { uid: pod.metadata.uid },
    };
    const answer = await this.#options.client.call('DELETE', pathOf(pod), options);
    if (![200, 202, 404, 409].includes(answer.status)) throw new Error(`ending ${pathOf(pod)}: HTTP ${answer.status}`);
  }

  #decision(pod: ApiObject): Decision {
    const namespace = pod.metadata.namespace ?? '';
    return decide(pod, (name) => this.#options.configMap(namespace, name), this.#options.readyAfterMs);
  }

  /** Writes a Warning event about the pod; that it could not be written is no reason to stop. */
  async #emit(pod: ApiObject, reason: string, message: string, component: string): Promise<void> {
    const { name, namespace = '', uid, resourceVersion } = pod.metadata;
    const now = timestamp();
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${process.hrtime.bigint().toString(16)}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid, resourceVersion },
      reason,
      message,
      type: 'Warning',
      source: { component, host: this.#options.nodeName },
      reportingComponent: component,
      reportingInstance: this.#options.nodeName,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    await this.#options.client.call('POST', `/api/v1/namespaces/${namespace}/events`, event);
  }
}

function pathOf(pod: ApiObject): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
}

function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
