import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeProblem, type Result } from '../../../src/base/problem.ts';
import { type Mask, Redactor } from '../../../src/base/redaction/redactor.ts';
import type { Identity } from '../../../src/cluster/identity.ts';
import { type ClusterAccess, kubeconfigFile } from '../../../src/cluster/kubeconfig.ts';
import { makeCertificates } from '../../embedded/certs.ts';
import { NO_RUNTIME, readKubeconfig } from '../../harness/access.ts';
import { must, problemsIn } from '../builders.ts';

type Entry = Readonly<Record<string, unknown>>;

interface Parts {
  readonly current?: string;
  readonly contexts?: Readonly<Record<string, Entry>>;
  readonly clusters?: Readonly<Record<string, Entry>>;
  readonly users?: Readonly<Record<string, Entry>>;
}

/** A kubeconfig (JSON is YAML too) with one context, `prod`, unless `parts` say otherwise. */
function config({
  current = 'prod',
  contexts = { prod: { cluster: 'prod', user: 'bot', namespace: 'shop' } },
  clusters = { prod: { server: 'https://prod.example:6443' } },
  users = { bot: { token: 'a-long-token' } },
}: Parts = {}): string {
  const list = (key: string, entries: Readonly<Record<string, Entry>>): Entry[] =>
    Object.entries(entries).map(([name, value]) => ({ name, [key]: value }));
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    contexts: list('context', contexts),
    clusters: list('cluster', clusters),
    users: list('user', users),
  });
}

const read = (text: string, context = ''): Promise<Result<ClusterAccess>> =>
  readKubeconfig([{ origin: 'input "kubeconfig"', text }], context, NO_RUNTIME);
const identityOf = async (text: string, context?: string): Promise<Identity> =>
  must(await read(text, context)).identify();
const messages = async (text: string, context?: string): Promise<string[]> => {
  const problems = problemsIn(await read(text, context));
  for (const problem of problems) expect(problem).toMatchObject({ kind: 'kubeconfig' });
  return problems.map(describeProblem);
};

const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

const YAML = `
apiVersion: v1
current-context: prod
contexts:
- {name: prod, context: {cluster: prod, user: bot, namespace: shop}}
- {name: test, context: {cluster: test, user: bot}}
clusters:
- {name: prod, cluster: {server: "https://prod.example:6443/"}}
- {name: test, cluster: {server: "https://test.example"}}
users:
- {name: bot, user: {token: a-long-token}}
`;

describe('the forms of a kubeconfig', () => {
  const base64 = Buffer.from(YAML).toString('base64');

  test.each([
    ['YAML', YAML],
    ['YAML with Windows line ends', YAML.replaceAll('\n', '\r\n')],
    ['JSON', config()],
    ['base64', base64],
    ['base64 with line breaks', `${base64.replace(/.{76}/g, '$&\n')}\n`],
    ['base64 for URLs without padding', Buffer.from(YAML).toString('base64url')],
  ])('%s', async (_, text) => {
    const access = must(await read(text));
    expect(access).toMatchObject({ context: 'prod', server: 'https://prod.example:6443', namespace: 'shop' });
    expect(access.weaknesses).toEqual([]);
    expect((await access.identify()).headers).toEqual({ Authorization: 'Bearer a-long-token' });
  });

  test.each([
    ['a word', 'staging', 'is not a kubeconfig: it is not a YAML mapping.'],
    ['a list', '- a\n- b', 'is not a kubeconfig: it is not a YAML mapping.'],
    ['nothing', '', 'is not a kubeconfig: it is empty.'],
    ['another mapping', 'apiVersion: v1\nkind: Pod', 'is not a kubeconfig: it has no list "clusters", "users" or'],
    ['a list of another kind', 'kind: PodList\nclusters: []', 'is not a kubeconfig: its "kind" is not "Config".'],
    ['another version', 'apiVersion: v2\nclusters: []', 'is not a kubeconfig: its "apiVersion" is not "v1".'],
    ['binary', '\u0000\u0001\ufffd', 'is not a kubeconfig: YAML error in line 1, null byte is not allowed'],
    ['base64 of something else', Buffer.from('x'.repeat(99)).toString('base64'), 'is base64, but not of a kubeconfig.'],
  ])('%s is refused', async (_, text, message) => {
    const [first, ...more] = await messages(text);
    expect(more).toEqual([]);
    expect(first).toContain(`input "kubeconfig" ${message}`);
    expect(first).toContain('Pass the content of a kubeconfig file');
  });

  test.each([
    ['token: *a-secret-token'],
    ['token: !a-secret-token x'],
    ['token: !a!a-secret-token x'],
    ['token: @a-secret-token'],
    ['token: "a-secret-token'],
    ['token: [a-secret-token'],
    ['token: a-secret-token: b'],
    ['token: a-secret-token\ntoken: a-secret-token'],
    ['a-secret-token'],
    ['{token: a-secret-token}'],
    ['["a-secret-token"]'],
  ])('never quotes what is wrong: %j', async (line) => {
    const problems = problemsIn(await read(`users:\n- name: bot\n  user:\n    ${line.replaceAll('\n', '\n    ')}`));
    expect(JSON.stringify(problems)).not.toContain('a-secret');
  });

  test('says in which line it is no YAML', async () => {
    expect((await messages('clusters: []\nusers: []\ncontexts: ['))[0]).toMatch(/YAML error in line 3, \w/);
  });
});

describe('the context', () => {
  test('is the wanted one, else the current one', async () => {
    expect(must(await read(YAML, 'test'))).toMatchObject({ server: 'https://test.example', namespace: undefined });
    expect(must(await read(YAML, '')).context).toBe('prod');
  });

  test.each<[string, string, string | undefined, string]>([
    ['unknown, with the nearest', YAML, 'prodd', 'has no context "prodd". Did you mean "prod"? It has prod and test.'],
    ['unknown, with all there are', YAML, 'somewhere', 'has no context "somewhere". It has prod and test.'],
    [
      'unknown where there are none',
      config({ contexts: {} }),
      'x',
      'has no context "x". It has no contexts, so it may be cut off. Store the whole file',
    ],
    ['not chosen', config({ current: '' }), undefined, 'names no current context. Set the input "context" to prod.'],
    ['current but missing', config({ current: 'old' }), undefined, 'has no context "old".'],
    ['without its cluster', config({ clusters: {} }), undefined, 'has no cluster "prod", which context "prod" names.'],
    ['without its user', config({ users: {} }), undefined, 'has no user "bot", which context "prod" names.'],
    [
      'that names no user',
      config({ contexts: { prod: { cluster: 'prod' } } }),
      undefined,
      'names no user in context "prod"',
    ],
    [
      'that names no cluster',
      config({ contexts: { prod: { user: 'bot' } } }),
      undefined,
      'names no cluster in context "prod"',
    ],
    [
      'whose server has no scheme',
      config({ clusters: { prod: { server: 'prod.example:6443' } } }),
      undefined,
      '"server" of cluster "prod" has no scheme, "https://". Write it like "https://',
    ],
    [
      'whose server is a path',
      config({ clusters: { prod: { server: '/prod' } } }),
      undefined,
      '"server" of cluster "prod" has no scheme',
    ],
    [
      'whose cluster has no server',
      config({ clusters: { prod: {} } }),
      undefined,
      '"server" of cluster "prod" is missing',
    ],
    [
      'whose server would get the credentials over plain HTTP',
      config({ clusters: { prod: { server: 'http://prod.example' } } }),
      undefined,
      'over plain HTTP, where anybody could read and change what is sent. Use an address that starts with "https://"',
    ],
    [
      'whose user signs in with an auth-provider',
      config({ users: { bot: { 'auth-provider': { name: 'gcp' } } } }),
      undefined,
      'auth-provider',
    ],
  ])('%s', async (_, text, context, message) => {
    expect(await messages(text, context)).toEqual([expect.stringContaining(message)]);
  });
});

describe('what has to be kept secret', () => {
  const { certPem, keyPem: key } = makeCertificates();
  const certData = Buffer.from(certPem).toString('base64');
  const keyData = Buffer.from(key).toString('base64');

  const handed = [
    { name: 'AWS_REGION', value: 'eu-central-1' },
    { name: 'AWS_SECRET_ACCESS_KEY', value: 'a-long-value' },
  ];

  test.each<[string, Entry, string[]]>([
    ['a token', { token: 'a-long-token' }, ['a-long-token']],
    [
      'a password, alone and with its user',
      { username: 'someone', password: 'a-long-password' },
      ['a-long-password', 'someone:a-long-password (whole)', Buffer.from('someone:a-long-password').toString('base64')],
    ],
    ['a key, in base64 and plain', { 'client-key-data': keyData, 'client-certificate-data': certData }, [keyData, key]],
    ['a token beside what is refused', { token: 'a-long-token', tokenFile: 5 }, ['a-long-token']],
    ['an exec plugin has nothing', { exec: { command: 'aws', apiVersion: V1BETA1 } }, []],
    [
      'but for what it is handed in variables',
      { exec: { command: 'aws', apiVersion: V1BETA1, env: handed } },
      ['eu-central-1 (whole)', 'a-long-value (whole)', 'a-long-value'],
    ],
    [
      'and arguments',
      {
        exec: {
          command: 'aws',
          apiVersion: V1BETA1,
          args: ['login', '--client-secret=a-long-one', '--token', 'another-one'],
        },
      },
      ['a-long-one', 'another-one'],
    ],
    [
      'an auth-provider, also one that is refused',
      {
        'auth-provider': {
          name: 'oidc',
          config: { 'idp-issuer-url': 'https://a.example', 'refresh-token': 'a-long-one' },
        },
      },
      ['a-long-one'],
    ],
  ])('%s', async (_, user, secrets) => {
    const masked: string[] = [];
    const mask: Mask = (secret, how) => void masked.push(how === undefined ? secret : `${secret} (${how})`);
    const text = config({ users: { bot: user } });
    await readKubeconfig([{ origin: 'input "kubeconfig"', text }], '', { ...NO_RUNTIME, mask });
    expect([...new Set(masked)].sort()).toEqual([...secrets].sort());
  });

  test.each<[string, object]>([
    ['a current context that is missing', { 'current-context': 'a-long-token' }],
    ['a name that is there twice', { contexts: [{ name: 'a-long-token' }, { name: 'a-long-token' }] }],
    ['users that are no list', { users: { bot: { token: 'a-long-token' } } }],
    ['a token beside its user', { users: [{ name: 'bot', token: 'a-long-token' }] }],
    ['another kind', { kind: 'Pod' }],
  ])('what no context names, with %s', async (_, change) => {
    const redactor = new Redactor();
    const text = JSON.stringify({
      clusters: [],
      users: [{ name: 'other', user: { token: 'a-long-token' } }],
      ...change,
    });
    const runtime = { ...NO_RUNTIME, mask: redactor.mask, redact: redactor.redact };
    const problems = problemsIn(await readKubeconfig([{ origin: 'input "kubeconfig"', text }], '', runtime));
    expect(redactor.redact(problems.map(describeProblem).join('\n'))).not.toContain('a-long-token');
    expect(redactor.redact('a-long-token')).toBe('***');
  });

  test('the variables of other users, which may stand in any text, only by their names', async () => {
    const masked: string[] = [];
    const users = { bot: { token: 'a-long-token' }, other: { exec: { env: handed } } };
    const text = config({ users });
    await readKubeconfig([{ origin: 'input "kubeconfig"', text }], '', {
      ...NO_RUNTIME,
      mask: (secret) => masked.push(secret),
    });
    expect([...new Set(masked)].sort()).toEqual(['a-long-token', 'a-long-value']);
  });
});

test.each<[string, Entry, RegExp[]]>([
  ['a checked certificate', { server: 'https://a' }, []],
  ['no check of the certificate', { server: 'https://a', 'insecure-skip-tls-verify': true }, [/server certificate/]],
  ['both', { server: 'http://a', 'insecure-skip-tls-verify': true }, [/certificate/, /plain HTTP/]],
])('weaknesses: %s', async (_, cluster, weaknesses) => {
  const found = must(await read(config({ clusters: { prod: cluster } }))).weaknesses;
  expect(found).toEqual(weaknesses.map((weakness) => expect.stringMatching(weakness)));
});

describe('several files, as kubectl merges them', () => {
  const merge = (...texts: readonly string[]): Promise<Result<ClusterAccess>> =>
    readKubeconfig(
      texts.map((text, at) => kubeconfigFile(`/home/me/${at}/config`, text)),
      '',
      NO_RUNTIME,
    );
  const who = async (read: Result<ClusterAccess>): Promise<object> => {
    const access = must(read);
    return { context: access.context, user: (await access.identify()).headers.Authorization };
  };
  const other = config({
    current: 'test',
    contexts: { test: { cluster: 'test', user: 'bot' } },
    clusters: { test: { server: 'https://test.example' } },
    users: { bot: { token: 'another-token' } },
  });

  test('the first current context and the first entry of a name win; other entries are added', async () => {
    expect(await who(await merge(config(), other))).toEqual({ context: 'prod', user: 'Bearer a-long-token' });
    expect(await who(await merge(other, config()))).toEqual({ context: 'test', user: 'Bearer another-token' });
    const users = config({ users: { more: { token: 'x' } }, contexts: { test: { cluster: 'test', user: 'bot' } } });
    const access = await merge(users, other, config({ current: 'test' }));
    expect(await who(access)).toEqual({ context: 'prod', user: 'Bearer another-token' });
  });

  test('a file without a current context leaves the choice to the next', async () => {
    expect(must(await merge(config({ current: '' }), other)).context).toBe('test');
  });

  test('a file may hold a part of what is needed', async () => {
    const users = 'users:\n- {name: bot, user: {token: a-long-token}}\n';
    const rest = 'current-context: p\ncontexts:\n- {name: p, context: {cluster: p, user: bot}}\nusers: null\n';
    const clusters = 'clusters:\n- {name: p, cluster: {server: "https://p"}}\n';
    expect(must(await merge(users, rest, clusters))).toMatchObject({ context: 'p', server: 'https://p' });
  });

  test.each([
    ['nothing', ''],
    ['blanks', ' \n\n'],
    ['a comment', '# nothing yet\n---\n'],
    ['null lists', 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\ncurrent-context: ""\n'],
    ['other keys alone', 'preferences: {}\n'],
  ])('a file with %s adds nothing', async (_, text) => {
    expect(await who(await merge(text, config()))).toEqual({ context: 'prod', user: 'Bearer a-long-token' });
    expect(problemsIn(await merge(text))).toEqual([expect.objectContaining({ message: 'names no current context.' })]);
  });

  test('every file that is none is named', async () => {
    expect(problemsIn(await merge('a', config(), 'b')).map(({ subject }) => subject)).toEqual([
      'kubeconfig file "/home/me/0/config"',
      'kubeconfig file "/home/me/2/config"',
    ]);
  });

  test('relative paths start at the folder of their file', async () => {
    const first = config({
      clusters: { prod: { server: 'https://a', 'certificate-authority': 'ca.crt' } },
      users: { bot: { 'client-certificate': '../bot.crt', 'client-key': '/etc/bot.key' } },
    });
    const second = config({
      clusters: { test: { server: 'https://b', 'certificate-authority': 'ca.crt' } },
      contexts: { test: { cluster: 'test', user: 'other' } },
      users: { other: { tokenFile: 'token' } },
    });
    const asked = async (context: string): Promise<string[]> => {
      const paths: string[] = [];
      const texts = [first, second].map((text, at) => kubeconfigFile(`/home/me/${at}/config`, text));
      const readFile = (path: string): Promise<Buffer> => {
        paths.push(path);
        return Promise.resolve(Buffer.from('x'));
      };
      await readKubeconfig(texts, context, { ...NO_RUNTIME, readFile });
      return paths;
    };
    expect(await asked('prod')).toEqual(['/home/me/0/ca.crt', join('/home/me', 'bot.crt'), '/etc/bot.key']);
    expect(await asked('test')).toEqual(['/home/me/1/ca.crt', '/home/me/1/token']);
  });
});

test('anchors, aliases and merge keys are followed', async () => {
  const text = `
base: &base {server: "https://base.example", tls-server-name: kube}
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {<<: *base, server: "https://c.example"}}]
users: [{name: u, user: &user {token: a-long-token}}, {name: v, user: *user}]
`;
  expect(must(await read(text)).server).toBe('https://c.example');
  expect((await identityOf(text)).tls).toMatchObject({ servername: 'kube' });
});

test('a list that expands to millions of values is refused', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) {
    bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(', ')}]`);
  }
  expect(await messages([...bomb, 'users: *g'].join('\n'))).toEqual([
    expect.stringContaining('it has more than 500000 values when its aliases (*) are written out'),
  ]);
  expect(await messages('users: &a\n- *a\n')).toEqual([expect.stringContaining('with an alias (*) of itself')]);
});

test('a user is sent as bytes in UTF-8', async () => {
  const users = { bot: { token: 'a', as: 'jürgen', 'as-user-extra': { 'a/b%': ['ä', 'b'] } } };
  expect((await identityOf(config({ users }))).headers).toMatchObject({
    'Impersonate-User': Buffer.from('jürgen').toString('latin1'),
    'Impersonate-Extra-a%2Fb%25': [Buffer.from('ä').toString('latin1'), 'b'],
  });
});
