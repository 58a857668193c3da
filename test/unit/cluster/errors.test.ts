import { describe, expect, test } from '@jest/globals';
import { describePermission } from '../../../src/base/permission.ts';
import type { Problem } from '../../../src/base/problem.ts';
import type { AnswerHints } from '../../../src/cluster/answer-remedy.ts';
import { checked, parseWarnings } from '../../../src/cluster/answers.ts';
import {
  ApiError,
  apiProblem,
  ConnectionError,
  CredentialsError,
  InvalidAnswerError,
  isApiError,
  ProxyError,
  type StatusBody,
} from '../../../src/cluster/errors.ts';
import { missingPermission } from '../../../src/cluster/missing-permission.ts';

const coded = (code: string, message = 'a system error'): Error => Object.assign(new Error(message), { code });
const apiError = (status: number, message?: string, reason?: string, hints?: AnswerHints, verb = 'list'): ApiError =>
  new ApiError(
    verb,
    '/api/v1/pods',
    status,
    {
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
    },
    hints,
  );
/** What the client throws for an answer of a server that it calls over plain HTTP. */
function plain(status: number, message: string): unknown {
  const response = { status, text: JSON.stringify({ kind: 'Status', message }), headers: {} };
  const request = { method: 'GET', path: '/api/v1/pods' } as const;
  try {
    return checked({ server: 'http://127.0.0.1:8080', verb: 'list', request, response });
  } catch (error) {
    return error;
  }
}
const WITHOUT_TLS: Partial<Problem> = {
  kind: 'credentials',
  message: expect.stringMatching(
    /starts with "http:\/\/", and without TLS no credentials are sent/,
  ) as unknown as string,
  remedy: expect.stringContaining('starts with "https://"') as unknown as string,
};
const IMPERSONATING =
  'users "jane" is forbidden: User "bot" cannot impersonate resource "users" in API group "" at the cluster scope';
const FORBIDDEN =
  'deployments.apps is forbidden: User "bot" cannot list resource "deployments" in API group "apps" in the namespace "shop"';
const TERMINATING: StatusBody = {
  reason: 'Forbidden',
  message: 'configmaps "a" is forbidden: unable to create new content in namespace shop because it is being terminated',
  details: { name: 'a', causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
};

test('an answer is told from others by its status', () => {
  expect(isApiError(apiError(404), 403, 404)).toBe(true);
  expect(isApiError(apiError(409), 403, 404)).toBe(false);
  expect(isApiError(new ConnectionError('https://a', coded('X')), 404)).toBe(false);
});

describe('apiProblem', () => {
  test.each<[string, unknown, Partial<Problem>]>([
    [
      'no connection',
      new ConnectionError('https://a:6443', coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:6443')),
      {
        kind: 'connection',
        message: 'The API server https://a:6443 does not answer: connect ECONNREFUSED 127.0.0.1:6443.',
        remedy: expect.stringContaining('nothing listens there') as unknown as string,
      },
    ],
    [
      'a failure that is not known',
      new ConnectionError('https://a', coded('EWHATEVER')),
      { kind: 'connection', remedy: expect.stringContaining('Check the server address') as unknown as string },
    ],
    [
      'credentials that cannot be made',
      new CredentialsError({ kind: 'kubeconfig', subject: 'input "kubeconfig"', message: 'a token file is gone.' }),
      { kind: 'kubeconfig', subject: 'input "kubeconfig"', message: 'a token file is gone.' },
    ],
    [
      'an abandoned request',
      new DOMException('This operation was aborted', 'AbortError'),
      { kind: 'cancelled', message: 'The run was cancelled while listing pods.' },
    ],
    ['unknown credentials', apiError(401, 'Unauthorized', 'Unauthorized'), { kind: 'credentials' }],
    [
      'credentials that the API server does not look at',
      apiError(403, FORBIDDEN.replace(/User "[^"]*"/, 'User "system:anonymous"'), 'Forbidden'),
      {
        kind: 'credentials',
        message:
          'The API server did not accept the credentials of the kubeconfig: it treats this run as anonymous (system:anonymous), without permissions.',
        remedy: expect.stringContaining('ignores a username with a password') as unknown as string,
      },
    ],
    [
      'credentials that are not sent, as there is no TLS',
      plain(403, FORBIDDEN.replace(/User "[^"]*"/, 'User "system:anonymous"')),
      WITHOUT_TLS,
    ],
    ['unknown credentials where there is no TLS', plain(401, 'Unauthorized'), WITHOUT_TLS],
    ['a missing permission of whom a proxy without TLS stands for', plain(403, FORBIDDEN), { kind: 'permission' }],
    [
      'a missing permission',
      apiError(403, FORBIDDEN, 'Forbidden'),
      {
        kind: 'permission',
        message: `The kubeconfig user cannot list deployments.apps in namespace "shop".`,
        remedy:
          'Grant the kubeconfig user the permission to list deployments.apps in namespace "shop" (a Role and RoleBinding).',
      },
    ],
    [
      'a write that a quota has no room for',
      new ApiError('create', '/api/v1/namespaces/shop/configmaps', 403, {
        message:
          'configmaps "x" is forbidden: exceeded quota: objects, requested: count/configmaps=1, used: count/configmaps=5, limited: count/configmaps=5',
        reason: 'Forbidden',
      }),
      {
        kind: 'cluster',
        causeIn: 'cluster',
        message:
          'Listing pods was rejected: configmaps "x" is forbidden: exceeded quota: objects, requested: count/configmaps=1, used: count/configmaps=5, limited: count/configmaps=5.',
        remedy:
          'The ResourceQuota "objects" has no room for what this run writes, which needs count/configmaps 1 (5 of 5 is used). Raise the ResourceQuota (`kubectl edit resourcequota objects -n shop`) or delete something that counts against it. Then re-run the job.',
      },
    ],
    [
      'a write that a webhook denies',
      apiError(403, 'admission webhook "policy.example" denied the request: no', 'Forbidden', undefined, 'patch'),
      {
        kind: 'cluster',
        remedy:
          'Change what the webhook "policy.example" objects to, or ask its owner for an exception. Then re-run the job.',
      },
    ],
    [
      'a write that a policy denies',
      apiError(
        422,
        "pods \"a\" is forbidden: ValidatingAdmissionPolicy 'strict' with binding 'all' denied request: no",
        'Invalid',
        undefined,
        'patch',
      ),
      {
        kind: 'cluster',
        remedy:
          'Change what the ValidatingAdmissionPolicy "strict" objects to, or the policy (`kubectl get validatingadmissionpolicy strict -o yaml`). Then re-run the job.',
      },
    ],
    [
      'a write for which a webhook does not answer',
      apiError(
        500,
        'Internal error occurred: failed calling webhook "v.example": failed to call webhook: Post "https://hook.policy.svc:443/v": service "hook" not found',
        'InternalError',
        undefined,
        'patch',
      ),
      {
        kind: 'cluster',
        remedy:
          'Nothing of this kind can be written until the webhook "v.example" answers. Check the pods of its Service policy/hook (`kubectl get endpointslices -n policy -l kubernetes.io/service-name=hook`). Then re-run the job.',
      },
    ],
    [
      'a refusal in other words',
      apiError(403, 'admission webhook denied the request', 'Forbidden', undefined, 'patch'),
      { kind: 'permission', remedy: expect.stringContaining('an admission webhook') as unknown as string },
    ],
    [
      'a refusal in other words of what is only read, which admission does not see',
      apiError(403, 'no', 'Forbidden'),
      {
        kind: 'permission',
        remedy: expect.stringMatching(
          /the authorization of the API server, or something in front/,
        ) as unknown as string,
      },
    ],
    ...(['GET', 'POST'] as const).map((method): [string, unknown, Partial<Problem>] => [
      `an answer to a ${method} that is no API server's`,
      new InvalidAnswerError({ server: 'https://a', method, path: '/api', status: 200, found: 'empty', wanted: 'Pod' }),
      {
        kind: 'connection',
        remedy: expect.stringMatching(
          method === 'GET' ? /`kubectl get --raw '\/api'` shows the same answer\.$/ : /a sign-in\.$/,
        ) as unknown as string,
      },
    ]),
    [
      'a namespace that is being deleted',
      new ApiError('create', '/api/v1/namespaces/shop/configmaps', 403, TERMINATING),
      {
        kind: 'cluster',
        message: 'Listing pods failed: namespace "shop" is being deleted, so nothing can be created in it.',
        remedy:
          'Wait until it is gone and create it and its workloads again, or take them out of the target list; then re-run the job.',
      },
    ],
    [
      'a namespace that is not there',
      new ApiError('create', '/api/v1/namespaces/shop/configmaps', 404, {
        message: 'namespaces "shop" not found',
        details: { name: 'shop', kind: 'namespaces' },
      }),
      { kind: 'cluster', message: 'Listing pods failed: namespace "shop" does not exist.' },
    ],
    [
      'any other answer',
      apiError(422, 'ConfigMap "a" is invalid', 'Invalid'),
      { kind: 'cluster', message: 'Listing pods failed: ConfigMap "a" is invalid (422 Invalid).' },
    ],
    ['an answer of a gateway', apiError(502, 'Bad gateway'), { message: 'Listing pods failed: Bad gateway (502).' }],
    ['an empty answer', apiError(503, ''), { message: 'Listing pods failed: the API server answered 503.' }],
    [
      'an answer without a message',
      apiError(500),
      {
        message: 'Listing pods failed: the API server answered 500.',
        remedy: expect.stringContaining('kubectl get --raw /readyz') as unknown as string,
      },
    ],
    [
      'a redirect of a proxy',
      apiError(302, 'Found', '', { leadsTo: 'sso.example' }),
      {
        message: 'Listing pods failed: the answer was a redirect (302) to sso.example, which no API server gives.',
        remedy: expect.stringContaining('A proxy that requires a sign-in is in front') as unknown as string,
      },
    ],
    [
      'a wait that is too long',
      apiError(429, 'Too many', '', { retryAfterSeconds: 3600 }),
      {
        message: 'Listing pods failed: the API server asked to wait 3,600 s, longer than this run waits.',
        remedy: 'Re-run the job after that time.',
      },
    ],
    [
      'an object that is too large for etcd',
      apiError(500, 'etcdserver: request is too large', ''),
      {
        message: 'Listing pods failed: etcdserver: request is too large (500).',
        remedy: expect.stringMatching(/^Make the object smaller: .* 1\.5 MiB/) as unknown as string,
      },
    ],
    [
      'too many requests',
      apiError(429, 'Too many', 'TooManyRequests', { retryAfterSeconds: 60 }),
      {
        message: 'Listing pods failed: Too many (429 TooManyRequests).',
        remedy: expect.stringContaining('Re-run the job later') as unknown as string,
      },
    ],
    [
      'somebody who may not be impersonated',
      apiError(403, IMPERSONATING, 'Forbidden'),
      {
        message: `The kubeconfig user cannot impersonate another user: ${IMPERSONATING}.`,
        remedy:
          'Grant the kubeconfig user the permission to impersonate users in the whole cluster (a ClusterRole and ClusterRoleBinding).',
      },
    ],
  ])('%s', (_, error, problem) => {
    expect(apiProblem(error, 'listing pods')).toMatchObject({ ...problem, cause: error });
  });

  test.each([new Error('other'), new TypeError('x'), 'text', undefined])('%p is none of the API client', (error) => {
    expect(apiProblem(error, 'listing pods')).toBeUndefined();
  });

  test.each([
    ['ENOTFOUND', /does not resolve/],
    ['UND_ERR_CONNECT_TIMEOUT', /firewall/],
    ['UND_ERR_HEADERS_TIMEOUT', /did not answer in time/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /tls-server-name/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /^Take .*the authority in the kubeconfig has not signed/],
    ['CERT_HAS_EXPIRED', /^Renew/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /client certificate/],
    ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', /in front of the API server .* accept HTTP\/1\.1/],
    ['UND_ERR_SOCKS5_AUTH_FAILED', /user name and password/],
  ])('a connection that fails with %s has its own remedy', (code, remedy) => {
    expect(apiProblem(new ConnectionError('https://a', coded(code)), 'x')?.remedy).toMatch(remedy);
  });
});

describe('what is on the way to the server is named, without its credentials', () => {
  const url = new URL('http://me:hidden-word@proxy.example:3128');
  const proxy = { url, origin: 'variable HTTPS_PROXY' };
  const status = (cause: unknown): string => {
    const problem = apiProblem(new ConnectionError('https://a', new ProxyError(proxy, cause)), 'x');
    return `${problem?.message} ${problem?.remedy}`;
  };

  test.each<[unknown, string, string]>([
    [
      coded('ECONNREFUSED', 'connect ECONNREFUSED'),
      'does not answer: connect ECONNREFUSED.',
      'Check variable HTTPS_PROXY',
    ],
    [407, 'does not connect to the API server https://a: it answers 407.', 'http://USER:PASSWORD@HOST:PORT'],
    [403, 'does not connect to the API server https://a: it answers 403.', 'Let the proxy allow connections'],
  ])('%s', (cause, message, remedy) => {
    expect(status(cause)).toContain(`The proxy http://proxy.example:3128 (variable HTTPS_PROXY) ${message}`);
    expect(status(cause)).toContain(remedy);
    expect(status(cause)).not.toContain('hidden-word');
  });

  test('a certificate that is not accepted is no server that does not answer', () => {
    const problem = apiProblem(new ConnectionError('https://a', coded('SELF_SIGNED_CERT_IN_CHAIN', 'x')), 'y');
    expect(problem?.message).toBe('The certificate of the API server https://a is not accepted: x.');
  });
});

describe('ConnectionError', () => {
  test('says what the innermost error says where outer ones are empty', () => {
    const several = new AggregateError([coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:6443')], '');
    expect(new ConnectionError('https://a', several).message).toBe('https://a: connect ECONNREFUSED ::1:6443');
  });
});

test.each([
  [FORBIDDEN, 'list deployments.apps in namespace "shop"', 'bot'],
  [
    'pods is forbidden: User "a b" cannot get resource "pods/log" in API group "" in the namespace "shop"',
    'get pods/log in namespace "shop"',
    'a b',
  ],
  [
    'namespaces "x" is forbidden: User "a" cannot get resource "namespaces" in API group "" at the cluster scope',
    'get namespaces in the whole cluster',
    'a',
  ],
  [
    'pods is forbidden: cannot list resource "pods" in API group "" in the namespace "a"',
    'list pods in namespace "a"',
    undefined,
  ],
])('the missing permission in: %s', (message, permission, user) => {
  const refusal = missingPermission(message);
  expect(refusal && describePermission(refusal.permission)).toBe(permission);
  expect(refusal?.user).toBe(user);
});

test.each(['admission webhook "x" denied the request', ''])('no missing permission in: %s', (message) => {
  expect(missingPermission(message)).toBeUndefined();
});

test('a missing permission is told as data, but for that to impersonate everybody', () => {
  expect(apiProblem(apiError(403, FORBIDDEN, 'Forbidden'), 'listing')).toMatchObject({
    permission: { verb: 'list', group: 'apps', resource: 'deployments', namespace: 'shop' },
    user: 'bot',
  });
  const impersonate =
    'users "x" is forbidden: User "a" cannot impersonate resource "users" in API group "" at the cluster scope';
  expect(apiProblem(apiError(403, impersonate, 'Forbidden'), 'listing')).not.toHaveProperty('permission');
});

describe('parseWarnings', () => {
  test.each<[string | string[] | undefined, string[]]>([
    [undefined, []],
    ['', []],
    ['299 - "EnvoyFilter exposes internals"', ['EnvoyFilter exposes internals']],
    ['299 - "one", 299 - "two, with a comma"', ['one', 'two, with a comma']],
    [
      ['299 - "one"', '299 istiod "two"'],
      ['one', 'two'],
    ],
    ['299 - "a \\"quoted\\" word and a \\\\"', ['a "quoted" word and a \\']],
    ['299 - ""', ['']],
    ['199 - "other"', []],
    ['299 - no quotes', []],
  ])('%j', (header, warnings) => {
    expect(parseWarnings(header)).toEqual(warnings);
  });
});
