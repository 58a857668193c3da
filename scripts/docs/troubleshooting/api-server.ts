import {
  groupPermissions,
  type PermissionProblem,
  ROLE_ADVICE,
} from '../../../src/action/verdict/missing-permissions.ts';
import { causeWords } from '../../../src/action/verdict/problem-groups.ts';
import type { Problem } from '../../../src/base/problem.ts';
import { CERTIFICATE_REMEDIES, ROUTE_REMEDIES } from '../../../src/cluster/connection-remedies.ts';
import {
  ApiError,
  apiProblem,
  ConnectionError,
  InvalidAnswerError,
  ProxyError,
  type StatusBody,
} from '../../../src/cluster/errors.ts';
import { ENVOY_FILTER } from '../../../src/cluster/resources.ts';
import { listingProblem } from '../../../src/deploy/observe/list-problem.ts';
import type { Report } from '../../../src/deploy/report/report.ts';
import { type Entry, ofProblem, ofWords, type Section, togetherByRemedy } from './entry.ts';

const SERVER = 'https://cluster.example:6443';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/shop/deployments';
const ACTION = 'writing Deployment shop/web';

/** The words of Node and OpenSSL for what a connection fails by, and those of kubectl for the same. */
const CONNECTIONS: readonly (readonly [code: string, words: string, kubectl?: string])[] = [
  ['ECONNREFUSED', 'connect ECONNREFUSED 203.0.113.7:6443', 'connect: connection refused'],
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND cluster.example', 'dial tcp: lookup cluster.example: no such host'],
  ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN cluster.example'],
  ['UND_ERR_CONNECT_TIMEOUT', 'Connect Timeout Error', 'dial tcp 203.0.113.7:6443: i/o timeout'],
  ['ETIMEDOUT', 'connect ETIMEDOUT 203.0.113.7:6443', 'dial tcp 203.0.113.7:6443: i/o timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'Headers Timeout Error'],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    "Hostname/IP does not match certificate's altnames",
    'x509: certificate is valid for kubernetes.default, not cluster.example',
  ],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'x509: certificate signed by unknown authority'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'self-signed certificate in certificate chain',
    'x509: certificate signed by unknown authority',
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'unable to verify the first certificate',
    'x509: certificate signed by unknown authority',
  ],
  ['UNABLE_TO_GET_ISSUER_CERT', 'unable to get issuer certificate'],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'unable to get local issuer certificate',
    'x509: certificate signed by unknown authority',
  ],
  ['CERT_SIGNATURE_FAILURE', 'certificate signature failure'],
  ['INVALID_CA', 'invalid CA certificate'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'x509: certificate has expired or is not yet valid'],
  ['CERT_NOT_YET_VALID', 'certificate is not yet valid', 'x509: certificate has expired or is not yet valid'],
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'it accepts no HTTP/1.1'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'tlsv1 alert unknown ca', 'remote error: tls: unknown certificate authority'],
];

/** The run does not come to the API server. */
export function connections(): Section {
  const told = new Set(CONNECTIONS.map(([code]) => code));
  const untold = Object.keys({ ...CERTIFICATE_REMEDIES, ...ROUTE_REMEDIES }).filter((code) => !told.has(code));
  if (untold.length > 0) throw new Error(`The page has no words for ${untold.join(', ')}`);
  return {
    title: 'The API server cannot be reached',
    intro: [
      'Seen in the job summary, before anything was written or while a run waits. `kubectl --kubeconfig FILE get --raw /readyz`, run in a',
      'step before on the same runner, shows whether it is a matter of this action.',
    ].join('\n'),
    entries: [
      ...togetherByRemedy(
        CONNECTIONS.map(([code, words, kubectl]) => {
          const cause = Object.assign(new Error(words), { code });
          return ofProblem(words, connected(cause), [code, ...(kubectl === undefined ? [] : [kubectl])]);
        }),
      ),
      ofProblem(
        'does not answer',
        connected(new ProxyError(PROXY, new Error('connect ECONNREFUSED 203.0.113.9:3128'))),
      ),
      ofProblem('it answers 407', connected(new ProxyError(PROXY, 407)), ['407 Proxy Authentication Required']),
      ofProblem('it answers 403', connected(new ProxyError(PROXY, 403))),
      ofProblem('The run was cancelled while', apiProblem(new DOMException('aborted', 'AbortError'), ACTION)),
      ofProblem("is not a Kubernetes API server's", apiProblem(HTML_PAGE, 'listing Deployments in namespace "shop"')),
    ],
  };
}

const PROXY = { url: new URL('http://proxy.example:3128'), origin: 'HTTPS_PROXY' } as const;
const HTML_PAGE = new InvalidAnswerError({
  server: SERVER,
  method: 'GET',
  path: DEPLOYMENTS,
  status: 200,
  found: 'an HTML page, "Sign in"',
  wanted: 'DeploymentList',
});

function connected(cause: Error): Problem | undefined {
  return apiProblem(new ConnectionError(SERVER, cause), ACTION);
}

/** The API server answers that it will not. */
export function refusals(): Section {
  return {
    title: 'The API server refuses',
    intro: [
      'Seen in the job summary. Where a permission is missing, the summary has a Role for each namespace that lacks some, with what the run',
      'needs there, ready for `kubectl auth reconcile -f`; [Permissions](permissions/README.md) has all of them beforehand. To an account of',
      'one namespace a mistyped namespace looks the same, and that command creates it: where nothing of a namespace may be listed, the',
      'summary asks first whether it exists.',
    ].join('\n'),
    entries: [
      answered('401 Unauthorized', 401, { message: 'Unauthorized', reason: 'Unauthorized' }, [
        'error: You must be logged in to the server (Unauthorized)',
      ]),
      answered('system:anonymous', 403, {
        message:
          'deployments.apps is forbidden: User "system:anonymous" cannot list resource "deployments" in API group "apps" in the namespace "shop"',
      }),
      answered('cannot patch deployments.apps in namespace "shop"', 403, forbidden('patch', 'deployments', 'apps'), [
        'Error from server (Forbidden): deployments.apps "web" is forbidden: User "system:serviceaccount:ci:deployer" cannot patch resource "deployments"',
      ]),
      lacking(),
      answered('namespace "shop" does not exist', 404, {
        message: 'namespaces "shop" not found',
        details: { kind: 'namespaces', name: 'shop' },
      }),
      answered('is being deleted, so nothing can be created in it', 403, {
        message: 'unable to create new content in namespace shop because it is being terminated',
        details: { causes: [{ reason: 'NamespaceTerminating' }] },
      }),
      ofProblem('The cluster has no EnvoyFilter resource', listingProblem(NO_ISTIO, ENVOY_FILTER, 'shop')),
      answered('admission webhook "policy.example" denied the request', 400, {
        message: 'admission webhook "policy.example" denied the request: the label team is missing',
      }),
      answered('failed calling webhook "rev.validation.istio.io"', 500, {
        message:
          'Internal error occurred: failed calling webhook "rev.validation.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/validate": context deadline exceeded',
      }),
      answered('exceeded quota: objects', 403, {
        message:
          'configmaps "add-header" is forbidden: exceeded quota: objects, requested: count/configmaps=1, used: count/configmaps=20, limited: count/configmaps=20',
      }),
      answered('request is too large', 500, { message: 'etcdserver: request is too large' }, [
        '413 Request Entity Too Large',
      ]),
      answered('429', 429, { message: 'the server has received too many requests', reason: 'TooManyRequests' }, [
        'Too Many Requests',
      ]),
      answered('the answer was a redirect (302)', 302, {}),
      answered('503', 503, {
        message: 'the server is currently unable to handle the request',
        reason: 'ServiceUnavailable',
      }),
    ],
  };
}

/** All that a run lacks, as its headline and its list say it. */
function lacking(): Entry {
  const lacked = [
    { verb: 'list', group: 'apps', resource: 'deployments', namespace: 'shop' },
    { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop' },
    { verb: 'create', group: '', resource: 'configmaps', namespace: 'shop' },
  ];
  const problems = lacked.map((permission): PermissionProblem => ({ kind: 'permission', message: '', permission }));
  const { users } = groupPermissions(problems);
  const report = { command: 'deploy', problems, targets: [] } as unknown as Report;
  const lists = users.map(({ message, items }) => `${message}: ${items.join('; ')}`);
  return ofWords(causeWords(report), ROLE_ADVICE, { also: lists });
}

const NO_ISTIO = new ApiError(
  'list',
  `/apis/${ENVOY_FILTER.group}/v1alpha3/namespaces/shop/${ENVOY_FILTER.plural}`,
  404,
  {
    message: 'the server could not find the requested resource',
  },
);

function answered(says: string, status: number, body: StatusBody, also: readonly string[] = []): Entry {
  return ofProblem(says, apiProblem(new ApiError('patch', `${DEPLOYMENTS}/web`, status, body), ACTION), also);
}

function forbidden(verb: string, resource: string, group: string): StatusBody {
  return {
    message: `${resource}.${group} "web" is forbidden: User "system:serviceaccount:ci:deployer" cannot ${verb} resource "${resource}" in API group "${group}" in the namespace "shop"`,
    reason: 'Forbidden',
  };
}
