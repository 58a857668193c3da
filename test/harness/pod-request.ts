/** Requests that go through the API server to a pod: `exec` and `proxy`. */

export interface ExecRequest {
  readonly kind: 'exec';
  readonly namespace: string;
  readonly pod: string;
  /** Empty when none is named. */
  readonly container: string;
  readonly command: readonly string[];
}

export interface ProxyRequest {
  readonly kind: 'proxy';
  readonly namespace: string;
  /** As it stands in the path: `POD`, `POD:PORT` or `SCHEME:POD:PORT`. */
  readonly target: string;
  readonly pod: string;
  /** Undefined when none is named. */
  readonly port: number | undefined;
  /** Path and query at the pod. */
  readonly path: string;
}

export type PodRequest = ExecRequest | ProxyRequest;

const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(exec|proxy)(\/.*)?$/;

/** Reads the path and query of a request; undefined when it is about something else. */
export function parsePodRequest(url: string): PodRequest | undefined {
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark)];
  const [, namespace = '', name = '', kind, rest = '/'] = PATH.exec(path) ?? [];
  if (kind === undefined) return undefined;
  const target = decodeURIComponent(name);
  if (kind === 'proxy') {
    const [, pod = target, port] = /^(?:https?:)?([^:]*)(?::(\d*))?$/.exec(target) ?? [];
    return { kind, namespace, target, pod, port: port ? Number(port) : undefined, path: rest + query };
  }
  const parameters = new URLSearchParams(query);
  const container = parameters.get('container') ?? '';
  return { kind: 'exec', namespace, pod: target, container, command: parameters.getAll('command') };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/**
 * The permissions that a request needs on `pods/exec` or `pods/proxy`. From Kubernetes 1.35 on a WebSocket needs `create` as
 * well.
 */
export function verbsOf(request: PodRequest, method: string): readonly string[] {
  return request.kind === 'exec' ? ['get', 'create'] : [VERBS[method] ?? 'get'];
}
