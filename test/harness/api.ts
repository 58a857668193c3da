import type { Dispatcher } from 'undici';
import { makeDispatcher } from '../../src/cluster/dispatcher.ts';
import type { Identity } from '../../src/cluster/identity.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { accessTo } from './access.ts';

/** A call that the API server answered with an error. */
export class ApiCallError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The test's own hand in the cluster: plain calls, no retries, so that what a test does is what happens. */
export interface Api {
  readonly server: string;
  readonly dispatcher: Dispatcher;
  readonly headers: Identity['headers'];
  /** Trusts the server and has no client certificate: for credentials other than the admin's. */
  readonly anonymous: Dispatcher;
  get<T extends KubernetesObject>(path: string): Promise<T>;
  list<T extends KubernetesObject>(path: string): Promise<readonly T[]>;
  create<T extends KubernetesObject>(path: string, object: T): Promise<T>;
  replace<T extends KubernetesObject>(path: string, object: T): Promise<T>;
  /** Merge patch, under the given field manager. */
  patch<T extends KubernetesObject>(path: string, patch: unknown, manager?: string): Promise<T>;
  /** Strategic merge patch, as kubectl and Helm send it. */
  strategicPatch<T extends KubernetesObject>(path: string, patch: unknown, manager: string): Promise<T>;
  /** Server-side apply, by force unless that is said. */
  apply<T extends KubernetesObject>(path: string, object: T, manager: string, force?: boolean): Promise<T>;
  delete(path: string): Promise<void>;
  text(path: string): Promise<string>;
  close(): Promise<void>;
}

/** Connects to the cluster of a kubeconfig text, by another way than the network where one is given. */
export async function connectApi(kubeconfig: string, way?: Dispatcher): Promise<Api> {
  const { server, identify } = await accessTo(kubeconfig);
  const identity = await identify();
  const connect = (as: Identity, connections: number): Dispatcher =>
    way ?? makeDispatcher(undefined, as, { connections, connectTimeoutMs: 10_000 });
  const dispatcher = connect(identity, 32);
  const anonymous = connect({ tls: { ca: identity.tls.ca }, headers: {} }, 4);
  const call = async (
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<string> => {
    const response = await dispatcher.request({
      origin: server,
      path,
      method,
      headers: { ...identity.headers, 'content-type': contentType, 'user-agent': 'tester' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300)
      throw new ApiCallError(response.statusCode, `${method} ${path}: ${response.statusCode} ${text}`);
    return text;
  };
  const parsed = async <T>(answer: Promise<string>): Promise<T> => JSON.parse(await answer) as T;
  return {
    server,
    dispatcher,
    headers: identity.headers,
    anonymous,
    get: (path) => parsed(call('GET', path)),
    list: async <T>(path: string) => (await parsed<{ items?: T[] }>(call('GET', path))).items ?? [],
    create: (path, object) => parsed(call('POST', path, object)),
    replace: (path, object) => parsed(call('PUT', path, object)),
    patch: (path, patch, manager = 'tester') =>
      parsed(call('PATCH', `${path}?fieldManager=${manager}`, patch, 'application/merge-patch+json')),
    strategicPatch: (path, patch, manager) =>
      parsed(call('PATCH', `${path}?fieldManager=${manager}`, patch, 'application/strategic-merge-patch+json')),
    apply: (path, object, manager, force = true) =>
      parsed(call('PATCH', `${path}?force=${force}&fieldManager=${manager}`, object, 'application/apply-patch+yaml')),
    delete: async (path) => {
      await call('DELETE', path);
    },
    text: (path) => call('GET', path),
    close: async () => {
      await Promise.all([dispatcher.destroy(), anonymous.destroy()]);
    },
  };
}

/** Polls until `ready` gives a value other than undefined; fails with what it last was about after `timeoutMs`. */
export async function eventually<T>(what: string, ready: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ready();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface GrantedRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs?: readonly string[];
}

/** Lets a user do in a namespace what RBAC rules allow, and waits until the API server knows it: it learns of Roles by a watch of its own. */
export async function grant(
  api: Api,
  namespace: string,
  user: string,
  rules: readonly (object & GrantedRule)[],
): Promise<void> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  await api.create(`${rbac}/roles`, { metadata: { name: user }, rules } as never);
  await api.create(`${rbac}/rolebindings`, {
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  } as never);
  const [rule] = rules;
  if (rule !== undefined) await granted(api, namespace, user, rule);
}

/** Waits until an API server knows that a user may do what a rule allows; `namespace` is empty for what is in none. */
export async function granted(api: Api, namespace: string, user: string, rule: GrantedRule): Promise<void> {
  await eventually(`${user} may what was granted`, () => mayNow(api, namespace, user, rule));
}

/** Whether a user may do the first thing that a rule allows, as the API server sees it; `undefined` if not yet. */
async function mayNow(api: Api, namespace: string, user: string, rule: GrantedRule): Promise<true | undefined> {
  const [resource = '', subresource] = rule.resources?.[0]?.split('/') ?? [];
  const verb = rule.verbs?.[0];
  const attributes = {
    ...{ namespace, group: rule.apiGroups?.[0] ?? '', resource, subresource, name: rule.resourceNames?.[0] },
    verb: verb === '*' ? 'get' : verb,
  };
  const review = (await api.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, resourceAttributes: attributes },
  } as never)) as { readonly status?: { readonly allowed?: boolean } };
  return review.status?.allowed === true ? true : undefined;
}
