/** What the tests of the embedded cluster share: a client that shows status, headers and body, objects to write, and waiting. */
import { load } from 'js-yaml';
import { Agent, type Dispatcher, request } from 'undici';
import { type EmbeddedCluster, type EmbeddedClusterOptions, startEmbeddedCluster } from '../../embedded/index.ts';
import { type Kubelet, startKubelet, TOLERATION } from '../../kubelet/index.ts';
import type { Body, Fields } from './body.ts';

export type { Body, Condition, Fields, Items } from './body.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
}

export interface Call {
  readonly headers?: Record<string, string>;
  readonly type?: string;
}

export const MERGE = 'application/merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string } }];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

export class Client {
  readonly #server: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(kubeconfig: string, agent: Agent) {
    const config = load(kubeconfig) as Kubeconfig;
    this.#server = config.clusters[0].cluster.server;
    this.#token = config.users[0].user.token;
    this.#agent = agent;
  }

  async call(method: Dispatcher.HttpMethod, path: string, body?: unknown, options: Call = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#token}`, 'user-agent': 'test-agent/1.0', ...options.headers };
    const content = body === undefined ? {} : { 'content-type': options.type ?? 'application/json' };
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...headers, ...content },
      ...sent,
    });
    const text = await answer.body.text();
    const json = (answer.headers['content-type'] ?? '').includes('json');
    return { status: answer.statusCode, headers: answer.headers, body: json && text !== '' ? JSON.parse(text) : text };
  }

  get(path: string, options?: Call): Promise<Answer> {
    return this.call('GET', path, undefined, options);
  }

  post(path: string, body: unknown, options?: Call): Promise<Answer> {
    return this.call('POST', path, body, options);
  }

  merge(path: string, body: unknown, options: Call = {}): Promise<Answer> {
    return this.call('PATCH', path, body, { ...options, type: MERGE });
  }

  apply(path: string, body: unknown): Promise<Answer> {
    return this.call('PATCH', path, body, { type: APPLY });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.call('DELETE', path, body);
  }

  /** Opens a watch; `next` gives the events one by one. */
  async watch(path: string): Promise<Watch> {
    const aborter = new AbortController();
    const headers = { authorization: `Bearer ${this.#token}` };
    const answer = await request(`${this.#server}${path}`, {
      dispatcher: this.#agent,
      headers,
      signal: aborter.signal,
    });
    return new Watch(answer.statusCode, answer.body, aborter);
  }
}

export class Watch {
  readonly status: number;
  readonly #lines: AsyncGenerator<string>;
  readonly #aborter: AbortController;

  constructor(status: number, body: AsyncIterable<Uint8Array>, aborter: AbortController) {
    this.status = status;
    this.#aborter = aborter;
    this.#lines = readLines(body);
  }

  /** The next event. @throws when the server ended the stream */
  async next(): Promise<Body> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the watch has ended');
    return JSON.parse(line.value);
  }

  /** True when the server ended the stream with nothing more to say. */
  async ended(): Promise<boolean> {
    return (await this.#lines.next()).done === true;
  }

  /** The next event in short: type and name. */
  async short(): Promise<string> {
    const event = await this.next();
    return `${event.type} ${event.object.metadata?.name ?? ''}`;
  }

  close(): void {
    this.#aborter.abort();
  }
}

async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

export interface TestBed {
  readonly cluster: EmbeddedCluster;
  readonly admin: Client;
  readonly as: (user: string) => Client;
  readonly stop: () => Promise<void>;
}

/** A cluster with the namespace `shop`, and a simulated node when asked for. */
export async function startBed(
  options: EmbeddedClusterOptions & { readonly kubelet?: boolean } = {},
): Promise<TestBed> {
  const { kubelet, ...rest } = options;
  const cluster = await startEmbeddedCluster({ namespaces: ['shop'], ...rest });
  const agent = new Agent({ connect: { ca: cluster.caPem } });
  let node: Kubelet | undefined;
  if (kubelet === true) node = await startKubelet({ kubeconfig: cluster.kubeconfig });
  return {
    cluster,
    admin: new Client(cluster.kubeconfig, agent),
    as: (user) => new Client(cluster.kubeconfigFor(user), agent),
    stop: async () => {
      await node?.stop();
      await agent.destroy();
      await cluster.stop();
    },
  };
}

/** Asks again until the condition holds. Fails with the last state after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T>,
  holds: (state: T) => boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const state = await read();
    if (holds(state)) return state;
    if (Date.now() > end)
      throw new Error(`${what} did not come true; last state: ${JSON.stringify(state, undefined, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const SHOP = '/api/v1/namespaces/shop';
export const APPS = '/apis/apps/v1/namespaces/shop';
export const FILTERS = '/apis/networking.istio.io/v1alpha3/namespaces/shop/envoyfilters';

export function configMap(name: string, data: Record<string, string> = {}): Fields {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

/** A workload whose pods the simulated node runs. */
export function workload(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet',
  name: string,
  spec: Fields = {},
  annotations: Record<string, string> = {},
  podSpec: Fields = {},
): Fields {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: {
          schedulerName: 'sim-scheduler',
          tolerations: [TOLERATION],
          containers: [{ name: 'app', image: 'app:1' }],
          ...podSpec,
        },
      },
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      ...spec,
    },
  };
}
