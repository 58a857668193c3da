import { count, listWords, MAX_LISTED, nameSome, someOf, truncate } from '../base/text.ts';

/** An HTTP request to a pod, through its sidecar, and what has to come back. */
export interface Probe {
  readonly port: number;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expect: ProbeExpectation;
}

/** What a probe's answer must be; what is absent may be anything. */
export interface ProbeExpectation {
  /** The status must be one of these. */
  readonly status: readonly number[];
  /** By lower-case name: the value the header must have, or null for a header that must be absent. `*` is any value. */
  readonly headers: Readonly<Record<string, string | null>>;
  /** A text that the body must contain. */
  readonly body?: string;
}

/** A pod's answer. */
export interface ProbeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Values of headers, each in quotation marks. */
function quoteSome(values: readonly string[]): string {
  return nameSome(values.map((value) => `"${truncate(value, 100)}"`));
}

/** What is wrong with an answer, in words for the end of a sentence; `undefined` if it is as expected. */
export function checkAnswer({ expect }: Probe, answer: ProbeAnswer): string | undefined {
  if (!expect.status.includes(answer.status)) {
    return `answered ${answer.status} instead of ${listWords(expect.status.map(String))}`;
  }
  for (const [name, wanted] of Object.entries(expect.headers)) {
    const value = answer.headers[name];
    const values = value === undefined ? [] : [value].flat();
    if (wanted === null) {
      if (values.length > 0)
        return `answered with the header ${name}: ${truncate(nameSome(values), 100)}, which must not be there`;
    } else if (values.length === 0) {
      return `answered without the header ${name}`;
    } else if (wanted !== '*' && !values.includes(wanted)) {
      return `answered with the header ${name}: ${quoteSome(values)} instead of ${quoteSome([wanted])}`;
    }
  }
  if (expect.body !== undefined && !answer.text.includes(expect.body)) {
    return `answered with a body that does not contain ${JSON.stringify(truncate(expect.body, 100))}`;
  }
  return undefined;
}

const VERBS: Readonly<Record<Probe['method'], string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  // The API server has no verb for it, so only a rule for every verb allows it (seen on Kubernetes 1.34).
  OPTIONS: '*',
};

/** The verb on `pods/proxy` that the API server asks a probe for (k8s.io/apiserver, request/requestinfo.go). */
export function probeVerb({ method }: Pick<Probe, 'method'>): string {
  return VERBS[method];
}

/** Headers that say nothing of the app or a filter, or change with each answer. */
const DULL_HEADERS = new Set([
  'date',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'audit-id',
  'cache-control',
]);
const MAX_HEADERS = 8;
/** Names of headers whose values are nobody else's business. */
const CONFIDENTIAL = /cookie|auth|token|secret|key|session|password/;

/** The status and headers that did come, for the end of a message: `It came: 200, server: istio-envoy`. */
export function describeAnswer({ status, headers }: Pick<ProbeAnswer, 'status' | 'headers'>): string {
  const all = Object.entries(headers)
    .filter(([name, value]) => value !== undefined && !DULL_HEADERS.has(name))
    .map(([name, value]) =>
      CONFIDENTIAL.test(name) ? `${name} (not shown)` : truncate(`${name}: ${nameSome([value ?? []].flat())}`, 100),
    );
  const more = all.length - MAX_HEADERS;
  const shown = [...all.slice(0, MAX_HEADERS), ...(more > 0 ? [count(more, 'more header')] : [])];
  return shown.length === 0
    ? `The answer was ${status} without headers`
    : `The answer was ${status} with ${someOf(shown, MAX_LISTED, '; ')}`;
}

/** `GET :9080/health`, for messages. */
export function describeProbe({ method, port, path }: Probe): string {
  return `${method} :${port}${truncate(path, 200)}`;
}
