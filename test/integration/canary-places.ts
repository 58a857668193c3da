/** Places from which text that may hold a secret comes into a run, a line each: what somebody says there is up to the test. */
import { chmod, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { STATE_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { makeCertificates } from '../embedded/certs.ts';
import type { ActionInputs } from '../harness/action.ts';
import type { TestCluster } from '../harness/cluster.ts';
import type { Fault } from '../harness/recorder.ts';
import { createWorkloads, makeWorkload, pathOf } from '../harness/workloads.ts';

/** What is secret in every run. */
export interface Canaries {
  /** What users sign in with: a token of the kubeconfig, a password, a token that a plugin gives. */
  readonly token: string;
  readonly password: string;
  readonly pluginToken: string;
  readonly proxyPassword: string;
  readonly registryPassword: string;
  readonly githubToken: string;
  readonly probeToken: string;
  readonly variable: string;
}

/** What a run is made with. */
export interface Setup {
  readonly inputs: ActionInputs;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop?: () => Promise<void>;
  /** The secrets that the place itself hands to the run; it knows the others from its environment. */
  readonly hands?: readonly (keyof Canaries)[];
}

export interface Lab {
  readonly canaries: Canaries;
  readonly cluster: TestCluster;
  /** A folder of the run's own. */
  readonly folder: string;
  /** A name of the run's own, for objects in the one namespace of all. */
  readonly name: string;
  readonly namespace: string;
}

export interface Place {
  readonly name: string;
  /** Set where what is said there is not shown at all. */
  readonly hidden?: true;
  prepare(said: string, lab: Lab): Promise<Setup>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A failure in the API server's form. */
const refusal = (status: number, message: string, details = {}): Answer => ({
  status,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason: 'Refused', message, ...details },
});
/** What a header can carry of a text, without growing larger than clients take. */
const inHeader = (text: string): string => text.slice(0, 4_000).replace(/[^\t -~]/g, ' ');
const quoted = (text: string): string => inHeader(text).replace(/["\\]/g, '\\$&');

async function listen(server: Server): Promise<{ port: number; stop: () => Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { port: (server.address() as AddressInfo).port, stop };
}

const answering =
  (answerTo: (request: IncomingMessage) => Answer): RequestListener =>
  (request, response) => {
    const { status, headers = {}, body = {} } = answerTo(request);
    const type = { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' };
    response.writeHead(status, { ...type, ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const certificates = makeCertificates();

function kubeconfig(server: string, user: object, cluster: object = {}): string {
  const authority = { 'certificate-authority-data': Buffer.from(certificates.caPem).toString('base64') };
  return JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server, ...authority, ...cluster } }],
    users: [{ name: 'u', user }],
  });
}

type User = 'token' | 'password' | 'plugin';

async function userOf(kind: User, { canaries, folder }: Lab): Promise<object> {
  if (kind === 'token') return { token: canaries.token };
  if (kind === 'password') return { username: 'somebody', password: canaries.password };
  return { exec: await plugin(folder, credential(canaries.pluginToken)) };
}

const credential = (token: string): string =>
  JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token } });

/** A program that writes texts to its output and stderr, and ends. */
async function plugin(folder: string, output: string, stderr = '', code = 0): Promise<object> {
  const file = (name: string): string => join(folder, name);
  await writeFile(file('output'), output);
  await writeFile(file('stderr'), stderr);
  await writeFile(file('plugin'), `#!/bin/sh\ncat '${file('stderr')}' >&2\ncat '${file('output')}'\nexit ${code}\n`);
  await chmod(file('plugin'), 0o755);
  return { apiVersion: 'client.authentication.k8s.io/v1', command: file('plugin'), interactiveMode: 'Never' };
}

/** An API server that answers `status` as given, and with empty lists where that is undefined. */
function api(name: string, answer: (said: string, path: string) => Answer | undefined, user: User = 'token'): Place {
  return {
    name: `API server, ${user}: ${name}`,
    prepare: async (said, lab) => {
      const answerTo = ({ url = '' }: IncomingMessage): Answer =>
        answer(said, url) ?? { status: 200, body: { gitVersion: 'v1.34.0', metadata: {}, items: [] } };
      const options = { cert: certificates.certPem, key: certificates.keyPem };
      const { port, stop } = await listen(createHttpsServer(options, answering(answerTo)));
      const text = kubeconfig(`https://127.0.0.1:${port}`, await userOf(user, lab));
      const hands = [user === 'plugin' ? 'pluginToken' : user] as const;
      return { inputs: { command: 'status', namespace: 'shop', kubeconfig: text }, stop, hands };
    },
  };
}

const isList = (path: string): boolean => path.includes('/deployments');

/** A kubeconfig whose plugin says something. */
function execPlugin(name: string, make: (said: string, lab: Lab) => Promise<object>): Place {
  return {
    name: `exec plugin: ${name}`,
    prepare: async (said, lab) => ({
      inputs: {
        command: 'status',
        namespace: 'shop',
        kubeconfig: kubeconfig('https://127.0.0.1:1', { exec: await make(said, lab) }),
      },
    }),
  };
}

interface OnCluster {
  readonly inputs?: (lab: Lab) => ActionInputs;
  readonly podAnnotations?: (said: string) => Readonly<Record<string, string>>;
  readonly annotations?: (said: string, filter: string) => Readonly<Record<string, string>>;
  /** Answers in place of the cluster; sees paths that are about the run's own workload or namespace. */
  readonly answer?: (said: string, request: { method: string; path: string; body?: string }) => Fault['answer'];
}

/** A workload in the cluster, and a run of the action on it. */
function onCluster(name: string, { inputs, podAnnotations, annotations, answer }: OnCluster): Place {
  return {
    name: `cluster: ${name}`,
    prepare: async (said, lab) => {
      const { cluster, canaries } = lab;
      const namespace = lab.namespace;
      const workload = makeWorkload(namespace, lab.name, { podAnnotations: podAnnotations?.(said) ?? {} });
      await createWorkloads(cluster.api, workload);
      if (annotations !== undefined) {
        await cluster.api.patch(pathOf(workload), { metadata: { annotations: annotations(said, lab.name) } });
      }
      cluster.recorder.inject((request) => {
        if (!`${request.path} ${request.body}`.includes(lab.name)) return undefined;
        const given = answer?.(said, request);
        return given === undefined ? undefined : { answer: given };
      });
      return {
        inputs: {
          filter: 'filter.wasm',
          name: lab.name,
          namespace,
          targets: `- deployment/${lab.name}`,
          timeout: '2s',
          kubeconfig: cluster.recorder.kubeconfig().replace(/token: .*/, `token: ${canaries.token}`),
          ...inputs?.(lab),
        },
        hands: inputs === probing ? ['token', 'probeToken'] : ['token'],
      };
    },
  };
}

const asJson = ({ status, headers, body }: Answer): Fault['answer'] => ({
  status,
  ...(headers === undefined ? {} : { headers }),
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const isDryRun = ({ path }: { path: string }): boolean => path.includes('dryRun=All');
const isLog = (path: string, container: string): boolean =>
  path.includes('/log?') && path.includes(`container=${container}`);
const probing = ({ canaries }: Lab): ActionInputs => ({
  timeout: '5s',
  probe: JSON.stringify({
    port: 9080,
    path: '/health',
    headers: { authorization: `Bearer ${canaries.probeToken}` },
    expect: { status: 200, headers: { 'x-echo': 'nothing' } },
  }),
});
const turningBad = (behaviour: string) => (said: string) => ({
  'sim/behaviour-with-filter': behaviour,
  'sim/message': said,
});

/** A registry, or a server beside it, that answers as given. `host` is its own. */
function registry(name: string, answer: (said: string, path: string, host: string) => Answer): Place {
  return {
    name: `registry: ${name}`,
    prepare: async (said, { canaries }) => {
      const answerTo = ({ url = '', headers }: IncomingMessage): Answer => answer(said, url, headers.host ?? '');
      const { port, stop } = await listen(createHttpServer(answering(answerTo)));
      const login = { 'registry-username': 'robot', 'registry-password': canaries.registryPassword };
      const inputs = { ...RENDER, filter: `oci://127.0.0.1:${port}/shop/filter:v1`, ...login };
      return { inputs, stop, hands: ['registryPassword'] };
    },
  };
}

const RENDER = { command: 'render', name: 'add-header', targets: '- shop/deployment/reviews', 'render-to': 'rendered' };
const challenge = (host: string, more = ''): Answer => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="http://${host}/token${more}",service="s"` },
});

export const PLACES: readonly Place[] = [
  api('the version is refused', (said) => refusal(400, said)),
  api('the version is refused', (said) => refusal(400, said), 'password'),
  api('the version is refused', (said) => refusal(400, said), 'plugin'),
  api('a gateway answers with a page', (said) => ({ status: 400, body: `<html><p>Refused</p>\n${said}</html>` })),
  api('something else answers', (said) => ({ status: 200, body: `Sign in: ${said}` })),
  api('401', (said) => ({ ...refusal(401, said), headers: { 'www-authenticate': inHeader(said) } })),
  api('a list is forbidden', (said, path) => (isList(path) ? refusal(403, said) : undefined)),
  api('a list is refused, for a cause', (said, path) =>
    isList(path) ? refusal(422, said, { details: { causes: [{ message: said, field: said }] } }) : undefined,
  ),
  execPlugin('it fails with words', (said, { folder }) => plugin(folder, '', said, 1)),
  execPlugin('it talks, and gives a token', (said, { folder, canaries }) =>
    plugin(folder, credential(canaries.pluginToken), `${said}\n${canaries.pluginToken}\n`),
  ),
  {
    name: 'exec plugin: it talks of its token, gives it and fails',
    prepare: async (said, { folder, canaries: { pluginToken } }) => {
      const spoken = `${said}\n${pluginToken.slice(0, 20)}\n${pluginToken.slice(20)}\nError: ${pluginToken}\n`;
      const exec = await plugin(folder, credential(pluginToken), spoken, 3);
      const text = kubeconfig('https://127.0.0.1:1', { exec });
      return { inputs: { command: 'status', namespace: 'shop', kubeconfig: text }, hands: ['pluginToken'] };
    },
  },
  { ...execPlugin('it gives no credential', (said, { folder }) => plugin(folder, said)), hidden: true },
  execPlugin('it is not there, and the hint says how to get it', async (said) => ({
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
    command: '/absent/plugin',
    installHint: said,
  })),
  onCluster('a dry run is refused', {
    inputs: () => ({ command: 'plan' }),
    answer: (said, request) => (isDryRun(request) ? asJson(refusal(422, said)) : undefined),
  }),
  onCluster('a dry run is warned of', {
    inputs: () => ({ command: 'plan' }),
    answer: (said, request) =>
      isDryRun(request)
        ? asJson({
            status: 200,
            headers: { warning: `299 - "${quoted(said)}"` },
            body: { metadata: { name: 'tried' } },
          })
        : undefined,
  }),
  onCluster('a write is refused', {
    answer: (said, { method, path }) =>
      method === 'PATCH' && path.includes('/deployments/') && !isDryRun({ path })
        ? asJson(refusal(400, said))
        : undefined,
  }),
  onCluster('what a container waits for', { podAnnotations: turningBad('waiting CreateContainerError') }),
  onCluster('the log of a container that crashes', {
    podAnnotations: () => ({ 'sim/behaviour-with-filter': 'crash-loop' }),
    answer: (said, { path }) => (isLog(path, 'app') ? { status: 200, body: `error: ${said}` } : undefined),
  }),
  onCluster('the log of Envoy', {
    podAnnotations: () => ({ 'sim/behaviour-with-filter': 'proxy-not-ready' }),
    answer: (said, { path }) => {
      // Envoy puts the filter's name before what it says; it has the workload's here.
      const [, filter] = /\/pods\/(canary-\d+)-/.exec(path) ?? [];
      if (!isLog(path, 'istio-proxy') || filter === undefined) return undefined;
      const line = `2026-01-02T03:04:05.678901Z\tcritical\tenvoy wasm\twasm log add_header ${filter}: ${said}\n`;
      return {
        status: 200,
        body: `${line}2026-01-02T03:04:05.678901Z\twarning\tenvoy config\tlds: Failed to configure base Wasm plugin ${said}\n`,
      };
    },
  }),
  onCluster('a probe is answered', {
    inputs: probing,
    answer: (said, { path }) =>
      path.includes(':9080/proxy') ? { status: 200, headers: { 'x-echo': inHeader(said) }, body: said } : undefined,
  }),
  {
    ...onCluster('a proxy may not be looked into', {
      answer: (said, { path }) => (path.includes('/exec?') ? asJson(refusal(403, said)) : undefined),
    }),
    hidden: true,
  },
  onCluster('the state of a workload', {
    inputs: () => ({ command: 'status', filter: '', timeout: '' }),
    annotations: (said, filter) => ({
      [STATE_ANNOTATION]: JSON.stringify({ [filter]: { revision: '0123456789', run: said } }),
    }),
  }),
  registry('an error of the distribution API', (said) => ({
    status: 400,
    body: { errors: [{ code: 'UNKNOWN', message: said }] },
  })),
  registry('an error in plain text', (said) => ({ status: 400, body: said })),
  registry('the server of its tokens refuses', (said, path, host) =>
    path.startsWith('/token') ? { status: 403, body: { details: said } } : challenge(host),
  ),
  {
    ...registry('the address of that server', (said, path, host) =>
      path.startsWith('/token') ? { status: 403 } : challenge(host, `?q=${encodeURIComponent(said)}`),
    ),
    hidden: true,
  },
  {
    ...registry('a redirect to elsewhere', (said) => ({
      status: 307,
      headers: { location: `http://registry.example/${encodeURIComponent(said)}` },
    })),
    hidden: true,
  },
  {
    name: 'credential helper',
    prepare: async (said, { folder }) => {
      await writeFile(join(folder, 'said'), said);
      await writeFile(join(folder, 'docker-credential-lab'), `#!/bin/sh\ncat '${folder}/said'\nexit 1\n`);
      await chmod(join(folder, 'docker-credential-lab'), 0o755);
      await writeFile(join(folder, 'config.json'), JSON.stringify({ credsStore: 'lab' }));
      const { port, stop } = await listen(createHttpServer(answering(({ headers }) => challenge(headers.host ?? ''))));
      return {
        inputs: { ...RENDER, filter: `oci://127.0.0.1:${port}/shop/filter:v1` },
        environment: { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env.PATH}` },
        stop,
      };
    },
  },
  {
    name: "GitHub's API",
    prepare: async (said) => {
      const { port, stop } = await listen(
        createHttpServer(answering(() => ({ status: 400, body: { message: said } }))),
      );
      return {
        inputs: { ...RENDER, filter: 'filter.wasm', attestation: 'shop/filters' },
        environment: { GITHUB_API_URL: `http://127.0.0.1:${port}` },
        stop,
      };
    },
  },
  {
    name: 'proxy',
    hidden: true,
    prepare: async (said, { canaries }) => {
      const server = createHttpServer();
      server.on('connect', (_, socket) => {
        socket.end(
          `HTTP/1.1 407 ${inHeader(said)}\r\nproxy-authenticate: Basic realm="${quoted(said)}"\r\n\r\n${said}`,
        );
      });
      const { port, stop } = await listen(server);
      const proxy = { 'proxy-url': `http://me:${encodeURIComponent(canaries.proxyPassword)}@127.0.0.1:${port}` };
      const text = kubeconfig('https://192.0.2.1', { token: canaries.token }, proxy);
      return {
        inputs: { command: 'status', namespace: 'shop', kubeconfig: text },
        stop,
        hands: ['token', 'proxyPassword'],
      };
    },
  },
];
