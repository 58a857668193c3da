import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import { Redactor } from '../../../../src/base/redaction/redactor.ts';
import { CredentialsError } from '../../../../src/cluster/errors.ts';
import type { Identity } from '../../../../src/cluster/identity.ts';
import type { PluginCommand, PluginEnd } from '../../../../src/cluster/kubeconfig/plugin-runner.ts';
import type { KubeconfigRuntime } from '../../../../src/cluster/kubeconfig.ts';
import { makeCertificates } from '../../../embedded/certs.ts';
import { NO_RUNTIME, readKubeconfig } from '../../../harness/access.ts';
import { must, problemsIn } from '../../builders.ts';

const V1 = 'client.authentication.k8s.io/v1';
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

interface Given {
  readonly exec?: object;
  readonly user?: object;
  readonly cluster?: object;
  readonly folder?: string;
  readonly lines?: readonly string[];
}

const textOf = ({ exec, user = {}, cluster = {} }: Given): string =>
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'bot' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://c.example', ...cluster } }],
    users: [{ name: 'bot', user: { exec: { command: 'get-token', apiVersion: V1BETA1, ...exec }, ...user } }],
  });

interface Run {
  readonly commands: PluginCommand[];
  readonly masked: string[];
  readonly log: string[];
  identify(): Promise<Identity>;
}

/** Reads a kubeconfig whose plugin ends as given, time after time. */
async function ready(given: Given, ...ends: readonly PluginEnd[]): Promise<Run> {
  const commands: PluginCommand[] = [];
  const masked: string[] = [];
  const log: string[] = [];
  const redactor = new Redactor();
  const runtime: KubeconfigRuntime = {
    ...NO_RUNTIME,
    runPlugin: async (command, onLine) => {
      commands.push(command);
      for (const line of given.lines ?? []) onLine(line);
      return ends[Math.min(commands.length, ends.length) - 1] ?? { how: 'missing' };
    },
    mask: (secret, how) => {
      redactor.mask(secret, how);
      if (how !== 'whole') masked.push(secret);
    },
    redact: redactor.redact,
    log: { info: (line) => log.push(line) },
  };
  const text = {
    origin: 'input "kubeconfig"',
    text: textOf(given),
    ...(given.folder === undefined ? {} : { folder: given.folder }),
  };
  const access = must(await readKubeconfig([text], '', runtime));
  return { commands, masked, log, identify: () => access.identify() };
}

const wrote = (value: unknown): PluginEnd => ({
  how: 'exited',
  code: 0,
  output: typeof value === 'string' ? value : JSON.stringify(value),
});
const credential = (status: object, apiVersion = V1BETA1): PluginEnd =>
  wrote({ kind: 'ExecCredential', apiVersion, status });
const failure = async (run: Run): Promise<string> => {
  const error = await run.identify().catch((thrown: unknown) => thrown);
  if (!(error instanceof CredentialsError)) throw new Error(`expected a CredentialsError, got ${error}`);
  return describeProblem(error.problem);
};

describe('what a plugin is told', () => {
  const infoOf = async (given: Given): Promise<object> => {
    const run = await ready(given, credential({ token: 'a' }, (given.exec as { apiVersion?: string })?.apiVersion));
    await run.identify();
    return JSON.parse(run.commands[0]?.environment.KUBERNETES_EXEC_INFO ?? '');
  };

  test('its version, and that nobody is there', async () => {
    expect(await infoOf({})).toEqual({ kind: 'ExecCredential', apiVersion: V1BETA1, spec: { interactive: false } });
  });

  test('the cluster, where the kubeconfig says so', async () => {
    const authority = Buffer.from(makeCertificates().caPem).toString('base64');
    const cluster = {
      'certificate-authority-data': authority,
      'tls-server-name': 'kube',
      'proxy-url': 'http://proxy.example:3128',
      'disable-compression': true,
      extensions: [
        { name: 'client.authentication.k8s.io/exec', extension: { audience: 'abc' } },
        { name: 'other', extension: 'x' },
      ],
    };
    const exec = { apiVersion: V1, provideClusterInfo: true, interactiveMode: 'Never' };
    expect(await infoOf({ exec, cluster })).toEqual({
      kind: 'ExecCredential',
      apiVersion: V1,
      spec: {
        interactive: false,
        cluster: {
          server: 'https://c.example',
          'certificate-authority-data': authority,
          'tls-server-name': 'kube',
          'proxy-url': 'http://proxy.example:3128',
          'disable-compression': true,
          config: { audience: 'abc' },
        },
      },
    });
  });

  test('its arguments and variables', async () => {
    const run = await ready(
      { exec: { args: ['a', '--b=c d'], env: [{ name: 'X', value: 'y' }, { name: 'EMPTY' }] } },
      credential({ token: 'a' }),
    );
    await run.identify();
    expect(run.commands[0]).toMatchObject({
      command: 'get-token',
      args: ['a', '--b=c d'],
      environment: { X: 'y', EMPTY: '' },
    });
  });
});

describe('the command', () => {
  test.each<[string, string | undefined, string]>([
    ['get-token', undefined, 'get-token'],
    ['/opt/get-token', undefined, '/opt/get-token'],
    ['bin/get-token', '/home/me/.kube', '/home/me/.kube/bin/get-token'],
    ['./get-token', '/home/me/.kube', '/home/me/.kube/get-token'],
    ['get-token', '/home/me/.kube', 'get-token'],
  ])('%s in %s is %s', async (command, folder, path) => {
    const run = await ready(
      { exec: { command }, ...(folder === undefined ? {} : { folder }) },
      credential({ token: 'a' }),
    );
    await run.identify();
    expect(run.commands[0]?.command).toBe(path);
  });
});

describe('what it gives', () => {
  test('a token, which is masked first', async () => {
    const run = await ready({}, credential({ token: 'the-token' }));
    expect((await run.identify()).headers).toEqual({ Authorization: 'Bearer the-token' });
    expect(run.masked).toEqual(['the-token']);
  });

  test('a client certificate and key', async () => {
    const { certPem, keyPem } = makeCertificates();
    const run = await ready({}, credential({ clientCertificateData: certPem, clientKeyData: keyPem }));
    const { tls, headers } = await run.identify();
    expect(String(tls.cert)).toContain(certPem.trim());
    expect(String(tls.key)).toContain(keyPem.trim());
    expect(headers).toEqual({});
    expect(run.masked).toEqual([keyPem]);
  });

  test('both, in YAML, with a time', async () => {
    const expirationTimestamp = '2030-01-01T00:00:00Z';
    const run = await ready(
      {},
      wrote(
        `kind: ExecCredential\napiVersion: ${V1BETA1}\nstatus:\n  token: a\n  expirationTimestamp: "${expirationTimestamp}"\n`,
      ),
    );
    expect(await run.identify()).toMatchObject({
      headers: { Authorization: 'Bearer a' },
      expiresAt: Date.parse(expirationTimestamp),
    });
  });

  test('is asked for anew each time', async () => {
    const run = await ready({}, credential({ token: 'a' }), credential({ token: 'b' }));
    expect((await run.identify()).headers).toEqual({ Authorization: 'Bearer a' });
    expect((await run.identify()).headers).toEqual({ Authorization: 'Bearer b' });
  });

  test.each<[string, object]>([
    ['a token', { token: 'own' }],
    ['a user name', { username: 'me', password: 'own' }],
  ])('is not asked for where the user has %s', async (_, user) => {
    const run = await ready({ user }, credential({ token: 'a' }));
    await run.identify();
    expect(run.commands).toEqual([]);
  });
});

describe('what goes wrong', () => {
  const { certPem, keyPem } = makeCertificates();
  const other = makeCertificates().keyPem;

  test.each<[string, PluginEnd, string]>([
    ['nothing', wrote(''), 'has not written an ExecCredential.'],
    ['other words', wrote('a-secret-token'), 'has not written an ExecCredential.'],
    ['lists in lists', wrote('['.repeat(1_000_000)), 'has not written an ExecCredential.'],
    [
      'aliases of aliases',
      wrote(`a: &a [x,x]\n${Array.from({ length: 40 }, (_, i) => `b${i}: &a [*a, *a]`).join('\n')}`),
      'has not written an ExecCredential.',
    ],
    ['another kind', wrote({ kind: 'Pod', apiVersion: V1BETA1 }), 'has not written an ExecCredential.'],
    ['another version', credential({ token: 'a' }, V1), `of ${V1BETA1}, which the kubeconfig asks for.`],
    ['no status', wrote({ kind: 'ExecCredential', apiVersion: V1BETA1 }), 'without "status".'],
    ['an empty status', credential({}), 'neither a token nor a client certificate.'],
    ['a number', credential({ token: 5 }), 'has written a "token" that is not text.'],
    [
      'a line break in the token',
      credential({ token: 'secret\nb' }),
      'cannot be sent as a header: it has a line break.',
    ],
    ['no time', credential({ token: 'a', expirationTimestamp: 'soon' }), '"expirationTimestamp" that is not a time.'],
    ['a key alone', credential({ clientKeyData: keyPem }), 'only one of client certificate and key.'],
    [
      'no certificate',
      credential({ clientCertificateData: 'x', clientKeyData: keyPem }),
      'client certificate that holds no certificate',
    ],
    [
      'another key',
      credential({ clientCertificateData: certPem, clientKeyData: other }),
      'client key that does not belong to',
    ],
    ['too much', { how: 'stopped', fault: 'wrote more than 1.00 MiB' }, 'wrote more than 1.00 MiB.'],
    [
      'a failure without words',
      { how: 'exited', code: 2, output: 'secret' },
      'ended with exit code 2 and wrote nothing to its stderr.',
    ],
    [
      'no end',
      { how: 'timed out', fault: 'has not ended within 1 min' },
      'has not ended within 1 min, and was stopped.',
    ],
  ])('%s', async (_, end, message) => {
    const said = await failure(await ready({}, end));
    expect(said).toMatch(/^input "kubeconfig": the exec plugin "get-token" of user "bot" /);
    expect(said).toContain(message);
    expect(said).not.toContain('secret');
  });

  test.each<[string, readonly string[], string]>([
    [
      'the error before its usage',
      ['Error: no token', 'Usage:', '  get-token [flags]'],
      'exit code 1: Error: no token.',
    ],
    ['the last of several', ['an exception', 'Token has EXPIRED', 'exit status 1'], 'exit code 1: Token has EXPIRED.'],
    ['what was denied', ['AccessDenied for the role', 'Bye.'], 'exit code 1: AccessDenied for the role.'],
    ['the last line where none looks like one', ['One.', 'Two'], 'exit code 1: Two.'],
  ])('a failure whose cause is %s', async (_, lines, told) => {
    expect(await failure(await ready({ lines }, { how: 'exited', code: 1, output: '' }))).toContain(told);
  });

  test.each<[string, Given]>([
    ['its arguments', { exec: { args: ['get-token', '-l', 'workloadidentity'] } }],
    ['its variables', { exec: { env: [{ name: 'AAD_LOGIN_METHOD', value: 'workloadidentity' }] } }],
    ['what it says', { lines: ['Error: ACTIONS_ID_TOKEN_REQUEST_URL is not set; log in'] }],
  ])("a plugin that wants GitHub's token, by %s", async (_, given) => {
    const said = await failure(await ready(given, { how: 'exited', code: 1, output: '' }));
    expect(said).toContain('The action passes no ACTIONS_* variables to plugins');
    expect(said).toMatch(/Log in with "azure\/login" .* "kubelogin convert-kubeconfig -l azurecli"\.$/);
  });

  test('a cluster that is called so says nothing of the login', async () => {
    const given = { exec: { provideClusterInfo: true }, cluster: { server: 'https://workloadidentity.example' } };
    const said = await failure(await ready(given, { how: 'exited', code: 1, output: '' }));
    expect(said).toContain('See the documentation of the plugin');
  });

  test('the name of kubelogin is no request to sign in', async () => {
    const lines = ['kubelogin: no such flag'];
    const said = await failure(await ready({ lines }, { how: 'exited', code: 1, output: '' }));
    expect(said).toContain('See the documentation of the plugin');
  });

  test('a failure with words, the last of which are told', async () => {
    const lines = ['Looking around.', 'Unable to locate credentials \u001b[31m(profile prod)'];
    const run = await ready({ lines }, { how: 'exited', code: 255, output: '' });
    expect(await failure(run)).toContain('ended with exit code 255: Unable to locate credentials ␛[31m(profile prod).');
    expect(run.log).toEqual([
      'Running the exec plugin "get-token" of user "bot".',
      'get-token: Looking around.',
      'get-token: Unable to locate credentials ␛[31m(profile prod)',
    ]);
  });

  test('somebody has to sign in', async () => {
    const lines = [
      'To sign in, use a web browser to open the page https://device.example/ and enter the code ABCD1234',
    ];
    const said = await failure(await ready({ lines }, { how: 'timed out', fault: 'has not ended within 1 min' }));
    expect(said).toContain('has not ended within 1 min: it waits for a person to sign in, and was stopped.');
    expect(said).toContain('Nobody can sign in with a browser, a device code or a password during a run.');
    expect(said).toContain('kubelogin convert-kubeconfig -l azurecli');
    expect(said).not.toMatch(/workload ?identity/i);
  });

  test('it is not there: the hint tells how to install it', async () => {
    const missing: PluginEnd = { how: 'missing' };
    expect(await failure(await ready({}, missing))).toContain('is not on the runner. Install it in an earlier step.');
    expect(await failure(await ready({ exec: { installHint: 'Run "brew install\u001b[0m x"' } }, missing))).toContain(
      'is not on the runner. Run "brew install␛[0m x".',
    );
  });

  test('the run is cancelled', async () => {
    const run = await ready({}, { how: 'cancelled' });
    await expect(run.identify()).rejects.toMatchObject({ problem: { kind: 'cancelled' } });
  });

  test('it writes secrets to its stderr', async () => {
    const jwt = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(200)}.sig`;
    const run = await ready(
      { exec: { env: [{ name: 'A', value: 'env-secret' }] }, lines: [`using env-secret and Bearer ${jwt}`] },
      { how: 'exited', code: 1, output: '' },
    );
    expect(await failure(run)).toContain('exit code 1: using *** and Bearer ***.');
    expect(run.log.join('\n')).not.toMatch(/env-secret|eyJ/);
  });
});

describe('a token that a plugin tells before anybody knows it', () => {
  const token = 'p7-Zt_8Hn2Lk9XvB-0dYcWmEa_7RfUoPjGsTi5NbVxQ';

  test('is not in the log, in part or as a whole', async () => {
    const lines = [`got ${token.slice(0, 20)}`, token.slice(20), `Error: refused ${token}`];
    const run = await ready({ lines }, credential({ token }));
    await run.identify();
    expect(run.log.slice(1)).toEqual(['get-token: got ***', 'get-token: ***', 'get-token: Error: refused ***']);
  });

  test.each<[string, string]>([
    ['a credential', JSON.stringify({ kind: 'ExecCredential', status: { token: 'plain words as token' } })],
    ['another object', JSON.stringify({ access_token: token })],
    ['the token alone', token],
  ])('is known once the plugin fails, after it wrote %s', async (_, output) => {
    const lines = [`Error: plain words as token and ${token}`];
    const run = await ready({ lines }, { how: 'exited', code: 3, output });
    expect(await failure(run)).not.toContain(token);
    expect(run.masked).toEqual([output.includes('plain') ? 'plain words as token' : token]);
    if (output.includes('plain')) expect(await failure(run)).toContain('exit code 3: Error: *** and ***.');
  });
});

describe('an "exec" that cannot be run is refused before anything else', () => {
  test.each<[string, Given, string]>([
    ['no command', { exec: { command: '' } }, '"command" of "exec" of user "bot" is missing.'],
    ['no version', { exec: { apiVersion: null } }, '"apiVersion" of "exec" of user "bot" is missing.'],
    [
      'an old version',
      { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1' } },
      'is a version that Kubernetes no longer has.',
    ],
    ['v1 without a mode', { exec: { apiVersion: V1 } }, '"interactiveMode" of "exec" of user "bot" is missing.'],
    ['a person', { exec: { interactiveMode: 'Always' } }, 'is "Always", but nobody can enter anything during a run.'],
    ['another mode', { exec: { interactiveMode: 'x' } }, 'is none of Never, IfAvailable and Always.'],
    ['arguments that are none', { exec: { args: 'x' } }, '"args" of "exec" of user "bot" is text, not a list.'],
    ['an argument that is none', { exec: { args: [1] } }, 'has a number in its list, not text.'],
    ['a variable without a name', { exec: { env: [{ value: 'x' }] } }, 'has an entry without a valid name.'],
    [
      'a relative command in a text',
      { exec: { command: './x' } },
      '"command" of "exec" of user "bot" is a relative path',
    ],
    ['a relative command in a folder', { exec: { command: 'bin/x' } }, 'is a relative path'],
    [
      'an auth-provider beside it',
      { user: { 'auth-provider': { name: 'oidc', config: { 'id-token': 'a.e30.b' } } } },
      '"auth-provider"',
    ],
  ])('%s', async (_, given, message) => {
    const problems = problemsIn(
      await readKubeconfig([{ origin: 'input "kubeconfig"', text: textOf(given) }], '', NO_RUNTIME),
    );
    expect(problems.map(describeProblem).join('\n')).toContain(message);
  });
});
