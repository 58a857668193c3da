import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';

/** As much of a Kubernetes object as is needed to create it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** The part of a kubeconfig that `writeKubeconfig` writes. */
interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ];
  readonly users: readonly [
    { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } },
  ];
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** An answer of the API server that is not 2xx. */
export class KubeError extends Error {
  readonly status: number;

  constructor(method: string, path: string, status: number, text: string) {
    super(`${method} ${path}: ${status}: ${text.slice(0, 1000)}`);
    this.name = 'KubeError';
    this.status = status;
  }
}

/**
 * What bringing a cluster up needs of its API server. The action's own client is what the tests are about, so nothing
 * here uses it.
 */
export class KubeApi {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #resources = new Map<string, ResourceList>();

  private constructor(server: string, agent: Agent) {
    this.#server = server;
    this.#agent = agent;
  }

  /** Reads a kubeconfig that `writeKubeconfig` wrote. */
  static async open(kubeconfig: string): Promise<KubeApi> {
    const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    const pem = (data: string): Buffer => Buffer.from(data, 'base64');
    const connect = {
      ca: pem(cluster['certificate-authority-data']),
      cert: pem(user['client-certificate-data']),
      key: pem(user['client-key-data']),
    };
    return new KubeApi(cluster.server, new Agent({ connections: 8, connect }));
  }

  /** Sends one request and gives the answer's text. Throws `KubeError` for a status that is not 2xx. */
  async send(method: 'GET' | 'POST', path: string, body?: unknown): Promise<string> {
    const answer = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headersTimeout: 30_000,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new KubeError(method, path, answer.statusCode, text);
    return text;
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.send('GET', path)) as T;
  }

  /** Creates an object; with `dryRun` the API server runs admission, webhooks included, and stores nothing. */
  async create(object: KubeObject, options: { readonly dryRun?: boolean } = {}): Promise<KubeObject> {
    const path = await this.#collection(object);
    const answer = await this.send('POST', options.dryRun ? `${path}?dryRun=All` : path, object);
    return JSON.parse(answer) as KubeObject;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #collection({ apiVersion, kind, metadata }: KubeObject): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const list = this.#resources.get(root) ?? (await this.get<ResourceList>(root));
    this.#resources.set(root, list);
    const resource = list.resources.find((each) => each.kind === kind && !each.name.includes('/'));
    if (resource === undefined) throw new Error(`the API server has no ${kind} in ${apiVersion}`);
    return resource.namespaced
      ? `${root}/namespaces/${metadata.namespace ?? 'default'}/${resource.name}`
      : `${root}/${resource.name}`;
  }
}
