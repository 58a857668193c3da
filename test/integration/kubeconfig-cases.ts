import type { Materials } from './kubeconfig-lab.ts';

/** What happens to a kubeconfig: the server knows the caller, or a refusal, of ours in which words. */
export interface Case {
  readonly name: string;
  /** The field of v1.Config that it is about. */
  readonly field: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  /** Further keys of the file itself. */
  readonly top?: object;
  /** The whole file where it is none that can be made of the above. */
  readonly text?: string;
  /** Files beside the kubeconfig, by name. One that begins with `#!` can be run. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Names below the kubeconfig's folder; `config` is the kubeconfig. */
  readonly list?: readonly string[];
  readonly kubectl: 'takes' | 'refuses';
  readonly ours: 'takes' | RegExp;
  /** Needs what only a real API server has: client certificates, impersonation of everything. */
  readonly real?: true;
}

const V1 = 'client.authentication.k8s.io/v1';
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

/** Every field of v1.Config (client-go, tools/clientcmd/api/v1/types.go) and what kubectl 1.34 and this action make of it. */
export function casesOf(m: Materials): readonly Case[] {
  const taken = { kubectl: 'takes', ours: 'takes' } as const;
  const refused = (ours: RegExp): Pick<Case, 'kubectl' | 'ours'> => ({ kubectl: 'refuses', ours });
  const real = { real: true } as const;
  const plugin = (script: string): Record<string, string> => ({ plugin: `#!/bin/sh\n${script}\n` });
  const giving = (status: object, apiVersion = V1BETA1): Record<string, string> =>
    plugin(`cat <<'END'\n${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\nEND`);
  const exec = (more: object = {}): object => ({ exec: { apiVersion: V1BETA1, command: './plugin', ...more } });
  const certificate = {
    'client-certificate-data': encode(m.clientCertificate),
    'client-key-data': encode(m.clientKey),
  };
  const named = (name: string): { server: string; 'tls-server-name': string } => ({
    server: `https://${name}:${m.port}`,
    'tls-server-name': 'localhost',
  });
  const far = named('api.test.example');
  const nullLists = 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\ncurrent-context: ""\n';

  return [
    { field: 'kind, apiVersion', name: 'as they should be', ...taken },
    { field: 'kind, apiVersion', name: 'missing', top: { kind: undefined, apiVersion: undefined }, ...taken },
    { field: 'kind, apiVersion', name: 'another kind', top: { kind: 'Pod' }, ...refused(/"kind" is not "Config"/) },
    {
      field: 'kind, apiVersion',
      name: 'another version',
      top: { apiVersion: 'v2' },
      ...refused(/"apiVersion" is not "v1"/),
    },
    {
      field: 'preferences',
      name: 'of any kind',
      top: { preferences: { colors: true, extensions: [{ name: 'x', extension: {} }] } },
      ...taken,
    },
    { field: 'extensions', name: 'of others', top: { extensions: [{ name: 'x', extension: { a: 1 } }] }, ...taken },
    {
      field: 'unknown keys',
      name: 'are passed over',
      top: { more: 1 },
      user: { token: m.token, 'token-file': '/x' },
      ...taken,
    },
    {
      field: 'YAML',
      name: 'with anchors, aliases and merge keys',
      text: [
        `base: &base {server: "${m.server}", certificate-authority-data: ${encode(m.authority)}}`,
        'clusters: [{name: c, cluster: {<<: *base, tls-server-name: localhost}}]',
        `users: [{name: other, user: &user {token: "${m.token}"}}, {name: u, user: *user}]`,
        'contexts: [{name: c, context: {cluster: c, user: u}}]',
        'current-context: c',
      ].join('\n'),
      ...taken,
    },
    {
      field: 'YAML',
      name: 'of two documents',
      text: `current-context: c\n---\nusers: []\n`,
      ...refused(/has no context "c"\. It has no contexts at all/),
    },
    {
      field: 'current-context',
      name: 'missing',
      top: { 'current-context': '' },
      ...refused(/names no current context/),
    },
    {
      field: 'current-context',
      name: 'of no context',
      top: { 'current-context': 'x' },
      ...refused(/has no context "x"/),
    },
    { field: 'clusters', name: 'null', top: { clusters: null }, ...refused(/has no cluster "c"/) },
    {
      field: 'users',
      name: 'twice the same name',
      top: {
        users: [
          { name: 'u', user: { token: m.token } },
          { name: 'u', user: {} },
        ],
      },
      ...refused(/has the name "u" twice in "users"/),
    },
    { field: 'KUBECONFIG', name: 'a missing file before it', list: ['absent', 'config'], ...taken },
    { field: 'KUBECONFIG', name: 'an empty file before it', list: ['other', 'config'], files: { other: '' }, ...taken },
    {
      field: 'KUBECONFIG',
      name: 'a file of comments before it',
      list: ['other', 'config'],
      files: { other: '# nothing\n' },
      ...taken,
    },
    {
      field: 'KUBECONFIG',
      name: 'a file of null lists before it',
      list: ['other', 'config'],
      files: { other: nullLists },
      ...taken,
    },
    { field: 'KUBECONFIG', name: 'the same file twice, and nothing', list: ['config', '', 'config'], ...taken },
    {
      field: 'KUBECONFIG',
      name: 'another user of the name before it',
      list: ['other', 'config'],
      files: { other: 'users: [{name: u, user: {token: wrong}}]' },
      ...refused(/401 Unauthorized/),
    },
    { field: 'KUBECONFIG', name: 'missing files only', list: ['absent', 'none'], ...refused(/there is no such file/) },
    {
      field: 'KUBECONFIG',
      name: 'one file that is none',
      list: ['config', 'other'],
      files: { other: '[' },
      ...refused(/is not a kubeconfig: YAML error/),
    },

    { field: 'cluster.server', name: 'with a slash', cluster: { server: `${m.server}/` }, ...taken },
    {
      field: 'cluster.server',
      name: 'without a scheme',
      cluster: { server: m.server.replace('https://', '') },
      ...refused(/"server" of cluster "c" has no scheme/),
    },
    {
      field: 'cluster.server',
      name: 'missing',
      cluster: { server: undefined },
      ...refused(/"server" of cluster "c" is missing/),
    },
    {
      field: 'cluster.server',
      name: 'over plain HTTP, of another machine',
      cluster: { server: 'http://192.0.2.1:1', 'certificate-authority-data': undefined },
      environment: { HTTP_PROXY: 'http://127.0.0.1:1' },
      ...refused(/"server" of cluster "c" is an address over plain HTTP/),
    },
    {
      field: 'cluster.server',
      name: 'over plain HTTP, of this machine: no credentials are sent',
      cluster: { server: m.plainServer, 'certificate-authority-data': undefined },
      user: { token: 'wrong' },
      ...taken,
    },
    {
      field: 'cluster.server',
      name: 'with a password',
      cluster: { server: m.server.replace('//', '//me:hidden-word@') },
      kubectl: 'refuses',
      ours: /"server" of cluster "c" holds a user name or a password/,
    },
    {
      field: 'cluster.server',
      name: 'where nothing listens',
      cluster: { server: 'https://127.0.0.1:1' },
      ...refused(/The API server https:\/\/127.0.0.1:1 does not answer/),
    },
    {
      field: 'cluster.tls-server-name',
      name: 'that the certificate has',
      cluster: { 'tls-server-name': 'localhost' },
      ...taken,
    },
    {
      field: 'cluster.tls-server-name',
      name: 'that it lacks',
      cluster: { 'tls-server-name': 'other.example' },
      ...refused(/certificate of the API server .* is not accepted.*it is for another one than the address/),
    },
    {
      field: 'cluster.insecure-skip-tls-verify',
      name: 'without an authority',
      cluster: { 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined },
      ...taken,
    },
    {
      field: 'cluster.insecure-skip-tls-verify',
      name: 'with an authority',
      cluster: { 'insecure-skip-tls-verify': true },
      ...refused(/"certificate-authority-data" of cluster "c" is set together with "insecure-skip-tls-verify/),
    },
    {
      field: 'cluster.insecure-skip-tls-verify',
      name: 'in quotes',
      cluster: { 'insecure-skip-tls-verify': 'true' },
      ...refused(/is text, not true or false/),
    },
    {
      field: 'cluster.certificate-authority',
      name: 'beside the kubeconfig',
      cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
      files: { 'ca.crt': m.authority },
      ...taken,
    },
    {
      field: 'cluster.certificate-authority',
      name: 'among other things',
      cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
      files: { 'ca.crt': `text\n${m.otherKey}${m.chain.root}\n${m.authority}` },
      ...taken,
    },
    {
      field: 'cluster.certificate-authority',
      name: 'that is not there',
      cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
      ...refused(/"certificate-authority" of cluster "c" names ".*ca.crt", which cannot be read/),
    },
    {
      field: 'cluster.certificate-authority',
      name: 'without a certificate',
      cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
      files: { 'ca.crt': m.otherKey },
      ...refused(/holds no certificate, but a private key/),
    },
    {
      field: 'cluster.certificate-authority-data',
      name: 'of another cluster',
      cluster: { 'certificate-authority-data': encode(m.otherAuthority) },
      ...refused(/not accepted: .*the authority in the kubeconfig has not signed/),
    },
    {
      field: 'cluster.certificate-authority-data',
      name: 'missing, for a private server',
      cluster: { 'certificate-authority-data': undefined },
      ...refused(/not accepted: .*A kubeconfig without it trusts public authorities only/),
    },
    {
      field: 'cluster.certificate-authority-data',
      name: 'PEM without base64',
      cluster: { 'certificate-authority-data': m.authority },
      ...refused(/holds PEM that is not in base64/),
    },
    {
      field: 'cluster.certificate-authority-data',
      name: 'beside a file',
      cluster: { 'certificate-authority': 'ca.crt' },
      files: { 'ca.crt': m.authority },
      ...refused(/is set together with "certificate-authority-data"/),
    },
    {
      field: 'cluster.certificate-authority-data',
      name: 'an intermediate only',
      cluster: { server: m.chainServer, 'certificate-authority-data': encode(m.chain.intermediate) },
      ...taken,
    },
    {
      field: 'cluster.certificate-authority-data',
      name: "the server's own certificate",
      cluster: { server: m.chainServer, 'certificate-authority-data': encode(m.chain.leaf) },
      ...taken,
    },
    {
      field: 'cluster.certificate-authority-data',
      name: 'the root of a chain',
      cluster: { server: m.chainServer, 'certificate-authority-data': encode(m.chain.root) },
      ...taken,
    },
    { field: 'cluster.proxy-url', name: 'http', cluster: { ...far, 'proxy-url': m.httpProxy }, ...taken },
    {
      field: 'cluster.proxy-url',
      name: 'https',
      cluster: {
        ...far,
        'proxy-url': m.httpsProxy,
        'insecure-skip-tls-verify': true,
        'certificate-authority-data': undefined,
      },
      ...taken,
    },
    { field: 'cluster.proxy-url', name: 'socks5', cluster: { ...far, 'proxy-url': m.socksProxy }, ...taken },
    {
      field: 'cluster.proxy-url',
      name: 'with a password',
      cluster: { ...far, 'proxy-url': m.httpProxy.replace('//', '//me:hidden-word@') },
      ...taken,
    },
    {
      field: 'cluster.proxy-url',
      name: 'in spite of NO_PROXY',
      cluster: { ...far, 'proxy-url': m.httpProxy },
      environment: { NO_PROXY: '*' },
      ...taken,
    },
    {
      field: 'cluster.proxy-url',
      name: 'without a scheme',
      cluster: { ...far, 'proxy-url': m.httpProxy.replace('http://', '') },
      ...refused(/"proxy-url" of cluster "c" has no scheme/),
    },
    {
      field: 'cluster.proxy-url',
      name: 'of another scheme',
      cluster: { ...far, 'proxy-url': 'ftp://me:hidden-word@proxy.example' },
      ...refused(/"proxy-url" of cluster "c" has a scheme that is not/),
    },
    {
      field: 'cluster.proxy-url',
      name: 'of a dead proxy',
      cluster: { ...far, 'proxy-url': 'http://me:hidden-word@127.0.0.1:1' },
      ...refused(/The proxy http:\/\/127.0.0.1:1 \("proxy-url" of cluster "c"\) does not answer/),
    },
    {
      field: 'cluster.proxy-url',
      name: 'of a dead SOCKS proxy',
      cluster: { ...far, 'proxy-url': 'socks5://me:hidden-word@127.0.0.1:1' },
      ...refused(/The proxy socks5:\/\/127.0.0.1:1 \("proxy-url" of cluster "c"\) does not answer/),
    },
    {
      field: 'cluster.proxy-url',
      name: 'of a proxy that refuses',
      cluster: { ...far, 'proxy-url': m.refusingProxy },
      ...refused(/The proxy .* does not connect to the API server .*: it answers 407.*Put them into its address/),
    },
    { field: 'HTTPS_PROXY', name: 'with a scheme', cluster: far, environment: { HTTPS_PROXY: m.httpProxy }, ...taken },
    {
      field: 'HTTPS_PROXY',
      name: 'without one',
      cluster: far,
      environment: { HTTPS_PROXY: m.httpProxy.replace('http://', '') },
      ...taken,
    },
    { field: 'HTTPS_PROXY', name: 'in lower case', cluster: far, environment: { https_proxy: m.httpProxy }, ...taken },
    {
      field: 'HTTPS_PROXY',
      name: 'of a dead proxy',
      cluster: far,
      environment: { HTTPS_PROXY: '127.0.0.1:1' },
      ...refused(/The proxy http:\/\/127.0.0.1:1 \(variable HTTPS_PROXY\) does not answer/),
    },
    {
      field: 'HTTPS_PROXY',
      name: 'of a dead proxy, for this machine',
      environment: { HTTPS_PROXY: '127.0.0.1:1' },
      ...taken,
    },
    {
      field: 'NO_PROXY',
      name: 'a name',
      cluster: far,
      environment: { HTTPS_PROXY: m.httpProxy, NO_PROXY: 'test.example' },
      ...refused(/The API server .* does not answer: .*ENOTFOUND|EAI_AGAIN/),
    },
    {
      field: 'NO_PROXY',
      name: 'a range',
      cluster: named('192.0.2.2'),
      environment: { HTTPS_PROXY: '127.0.0.1:1', NO_PROXY: '10.0.0.0/8' },
      ...refused(/The proxy http:\/\/127.0.0.1:1/),
    },
    { field: 'cluster.disable-compression', name: 'true', cluster: { 'disable-compression': true }, ...taken },
    {
      field: 'cluster.extensions',
      name: 'of others',
      cluster: { extensions: [{ name: 'x', extension: { a: 1 } }] },
      ...taken,
    },

    {
      field: 'context.user',
      name: 'missing',
      context: { user: undefined },
      ...refused(/names no user in context "c"/),
    },
    { field: 'context.user', name: 'of no user', context: { user: 'x' }, ...refused(/has no user "x"/) },
    {
      field: 'context.cluster',
      name: 'missing',
      context: { cluster: undefined },
      ...refused(/names no cluster in context "c"/),
    },
    { field: 'context.cluster', name: 'of no cluster', context: { cluster: 'x' }, ...refused(/has no cluster "x"/) },
    { field: 'context.namespace', name: 'any', context: { namespace: 'shop' }, ...taken },
    {
      field: 'context.extensions',
      name: 'of others',
      context: { extensions: [{ name: 'x', extension: {} }] },
      ...taken,
    },

    { field: 'user.client-certificate-data', name: 'with its key', user: certificate, ...taken, ...real },
    {
      field: 'user.client-certificate',
      name: 'in files',
      user: { 'client-certificate': 'bot.crt', 'client-key': 'bot.key' },
      files: { 'bot.crt': m.clientCertificate, 'bot.key': m.clientKey },
      ...taken,
      ...real,
    },
    {
      field: 'user.client-certificate',
      name: 'in a file, its key in the kubeconfig',
      user: { 'client-certificate': 'bot.crt', 'client-key-data': encode(m.clientKey) },
      files: { 'bot.crt': m.clientCertificate },
      ...taken,
      ...real,
    },
    {
      field: 'user.client-certificate',
      name: 'beside the data',
      user: { ...certificate, 'client-certificate': 'bot.crt' },
      files: { 'bot.crt': m.clientCertificate },
      ...refused(/is set together with "client-certificate-data"/),
      ...real,
    },
    {
      field: 'user.client-certificate',
      name: 'before the key of nothing',
      user: { token: m.token, 'client-key-data': encode(m.otherKey) },
      ...taken,
    },
    {
      field: 'user.client-key-data',
      name: 'missing',
      user: { 'client-certificate-data': encode(m.otherCertificate) },
      ...refused(/"client-key-data" of user "u" is missing/),
    },
    {
      field: 'user.client-key-data',
      name: 'encrypted',
      user: { 'client-certificate-data': encode(m.otherCertificate), 'client-key-data': encode(m.encryptedKey) },
      ...refused(/"client-key-data" of user "u" is encrypted/),
    },
    {
      field: 'user.client-key-data',
      name: 'of another certificate',
      user: { 'client-certificate-data': encode(m.otherCertificate), 'client-key-data': encode(m.chain.key) },
      ...refused(/"client-key-data" of user "u" does not belong/),
    },
    {
      field: 'user.client-key',
      name: 'that is not there',
      user: { 'client-certificate-data': encode(m.otherCertificate), 'client-key': 'bot.key' },
      ...refused(/"client-key" of user "u" names/),
    },
    { field: 'user.token', name: 'wrong', user: { token: 'wrong' }, ...refused(/401 Unauthorized/) },
    {
      field: 'user.token',
      name: 'with a line break',
      user: { token: `${m.token}\n` },
      ...refused(/"token" of user "u" cannot be sent as a header/),
    },
    { field: 'user.token', name: 'a number', user: { token: 1234 }, ...refused(/"token" of user "u" is a number/) },
    {
      field: 'user.tokenFile',
      name: 'beside the kubeconfig',
      user: { tokenFile: 'token' },
      files: { token: `${m.token}\n` },
      ...taken,
    },
    {
      field: 'user.tokenFile',
      name: 'before a token',
      user: { tokenFile: 'token', token: 'wrong' },
      files: { token: m.token },
      ...taken,
    },
    {
      field: 'user.tokenFile',
      name: 'that is not there, before a token',
      user: { tokenFile: 'token', token: m.token },
      ...taken,
    },
    {
      field: 'user.tokenFile',
      name: 'that is not there',
      user: { tokenFile: 'token' },
      ...refused(/"tokenFile" of user "u" names/),
    },
    {
      field: 'user.tokenFile',
      name: 'empty',
      user: { tokenFile: 'token' },
      files: { token: '' },
      ...refused(/"tokenFile" of user "u" names a file that is empty/),
    },
    { field: 'user.as', name: 'another', user: { ...certificate, as: 'jürgen' }, ...taken, ...real },
    {
      field: 'user.as-groups',
      name: 'several',
      user: { ...certificate, as: 'jane', 'as-groups': ['a', 'b, c'] },
      ...taken,
      ...real,
    },
    {
      field: 'user.as-groups',
      name: 'without a user',
      user: { token: m.token, 'as-groups': ['a'] },
      ...refused(/"as-groups" of user "u" is set without "as"/),
    },
    {
      field: 'user.as-uid',
      name: 'of the other',
      user: { ...certificate, as: 'jane', 'as-uid': '7' },
      ...taken,
      ...real,
    },
    {
      field: 'user.as-uid',
      name: 'without a user',
      user: { token: m.token, 'as-uid': '7' },
      ...refused(/"as-uid" of user "u" is set without "as"/),
    },
    {
      field: 'user.as-user-extra',
      name: 'several values',
      user: { ...certificate, as: 'jane', 'as-user-extra': { 'example.com/a%': ['x', 'y'], b: ['ü'] } },
      ...taken,
      ...real,
    },
    {
      field: 'user.as',
      name: 'with a line break',
      user: { token: m.token, as: 'a\nb' },
      ...refused(/"as" of user "u" cannot be sent as a header/),
    },
    {
      field: 'user.username, password',
      name: 'that the server does not know',
      user: { username: 'me', password: 'x' },
      ...refused(/401 Unauthorized|did not accept the credentials of the kubeconfig/),
    },
    {
      field: 'user.username, password',
      name: 'beside a token',
      user: { username: 'me', password: 'x', token: m.token },
      ...refused(/"username" of user "u" is set together with a token/),
    },
    { field: 'user', name: 'empty', user: {}, ...refused(/has no credentials for user "u"/) },
    {
      field: 'user.extensions',
      name: 'of others',
      user: { token: m.token, extensions: [{ name: 'x', extension: {} }] },
      ...taken,
    },
    {
      field: 'user.auth-provider',
      name: 'gcp',
      user: { 'auth-provider': { name: 'gcp' } },
      ...refused(/"auth-provider" of user "u" is "gcp", which Kubernetes removed/),
    },
    {
      field: 'user.auth-provider',
      name: 'azure',
      user: { 'auth-provider': { name: 'azure' } },
      ...refused(/"auth-provider" of user "u" is "azure", which Kubernetes removed/),
    },
    {
      field: 'user.auth-provider',
      name: 'oidc, with a valid token',
      user: {
        'auth-provider': {
          name: 'oidc',
          config: { 'idp-issuer-url': 'https://x', 'client-id': 'x', 'id-token': m.token },
        },
      },
      ...taken,
      ...real,
    },
    {
      field: 'user.auth-provider',
      name: 'oidc, without one',
      user: { 'auth-provider': { name: 'oidc', config: { 'idp-issuer-url': 'https://x', 'client-id': 'x' } } },
      ...refused(/has no "id-token"/),
    },

    { field: 'user.exec', name: 'v1beta1, a token', user: exec(), files: giving({ token: m.token }), ...taken },
    {
      field: 'user.exec',
      name: 'v1, a token',
      user: exec({ apiVersion: V1, interactiveMode: 'Never' }),
      files: giving({ token: m.token }, V1),
      ...taken,
    },
    {
      field: 'user.exec',
      name: 'a client certificate',
      user: exec(),
      files: giving({ clientCertificateData: m.clientCertificate, clientKeyData: m.clientKey }),
      ...taken,
      ...real,
    },
    {
      field: 'user.exec',
      name: 'that has expired already',
      user: exec(),
      files: giving({ token: m.token, expirationTimestamp: '2020-01-01T00:00:00Z' }),
      ...taken,
    },
    {
      field: 'user.exec',
      name: 'beside a token',
      user: { ...exec(), token: m.token },
      files: plugin('exit 1'),
      ...taken,
    },
    {
      field: 'user.exec',
      name: 'in YAML',
      user: exec(),
      files: plugin(`printf 'kind: ExecCredential\\napiVersion: ${V1BETA1}\\nstatus: {token: "%s"}\\n' '${m.token}'`),
      ...taken,
    },
    {
      field: 'user.exec',
      name: 'without a kind',
      user: exec(),
      files: plugin(`echo '{"apiVersion":"${V1BETA1}","status":{"token":"x"}}'`),
      ...refused(/has not written an ExecCredential/),
    },
    {
      field: 'user.exec',
      name: 'of another version',
      user: exec(),
      files: giving({ token: m.token }, V1),
      ...refused(/has not written an ExecCredential of .*v1beta1/),
    },
    {
      field: 'user.exec',
      name: 'without a credential',
      user: exec(),
      files: giving({}),
      ...refused(/has given neither a token nor a client certificate/),
    },
    {
      field: 'user.exec',
      name: 'that fails',
      user: exec(),
      files: plugin('echo no such profile >&2; exit 7'),
      ...refused(/ended with exit code 7: no such profile/),
    },
    {
      field: 'user.exec.command',
      name: 'missing',
      user: exec({ command: undefined }),
      ...refused(/"command" of "exec" of user "u" is missing/),
    },
    {
      field: 'user.exec.command',
      name: 'looked up in PATH',
      user: exec({ command: 'plugin' }),
      environment: { PATH: `@FOLDER@:/usr/bin:/bin` },
      files: giving({ token: m.token }),
      ...taken,
    },
    {
      field: 'user.exec.command',
      name: 'in the folder that it runs in',
      user: exec({ command: 'plugin' }),
      environment: { PATH: '.:/usr/bin:/bin' },
      files: giving({ token: m.token }),
      ...refused(/is not on the runner/),
    },
    {
      field: 'user.exec.installHint',
      name: 'where it is missing',
      user: exec({ command: 'no-such-plugin', installHint: 'Take the package.' }),
      ...refused(/is not on the runner. Take the package/),
    },
    {
      field: 'user.exec.args',
      name: 'are handed over',
      user: exec({ args: ['a b', m.token] }),
      files: plugin(
        `[ "$1" = 'a b' ] && echo '{"kind":"ExecCredential","apiVersion":"${V1BETA1}","status":{"token":"'$2'"}}'`,
      ),
      ...taken,
    },
    {
      field: 'user.exec.env',
      name: 'is handed over',
      user: exec({ env: [{ name: 'GIVEN', value: m.token }] }),
      files: plugin(`echo '{"kind":"ExecCredential","apiVersion":"${V1BETA1}","status":{"token":"'$GIVEN'"}}'`),
      ...taken,
    },
    {
      field: 'user.exec.env',
      name: 'without a name',
      user: exec({ env: [{ value: 'x' }] }),
      files: giving({ token: m.token }),
      ...refused(/"env" of "exec" of user "u" has an entry without a valid name/),
    },
    {
      field: 'user.exec.apiVersion',
      name: 'missing',
      user: exec({ apiVersion: undefined }),
      files: giving({ token: m.token }),
      ...refused(/"apiVersion" of "exec" of user "u" is missing/),
    },
    {
      field: 'user.exec.apiVersion',
      name: 'v1alpha1',
      user: exec({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
      files: giving({ token: m.token }),
      ...refused(/"apiVersion" of "exec" of user "u" is a version that Kubernetes no longer has/),
    },
    {
      field: 'user.exec.interactiveMode',
      name: 'missing in v1',
      user: exec({ apiVersion: V1 }),
      files: giving({ token: m.token }, V1),
      ...refused(/"interactiveMode" of "exec" of user "u" is missing/),
    },
    {
      field: 'user.exec.interactiveMode',
      name: 'Always',
      user: exec({ interactiveMode: 'Always' }),
      files: giving({ token: m.token }),
      ...refused(/is "Always", but nobody can enter anything/),
    },
    {
      field: 'user.exec.interactiveMode',
      name: 'IfAvailable',
      user: exec({ interactiveMode: 'IfAvailable' }),
      files: giving({ token: m.token }),
      ...taken,
    },
    {
      field: 'user.exec.provideClusterInfo',
      name: 'true',
      cluster: {
        'tls-server-name': 'localhost',
        'disable-compression': true,
        extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } }],
      },
      user: exec({ apiVersion: V1, interactiveMode: 'IfAvailable', provideClusterInfo: true }),
      files: plugin(
        `printf '%s' "$KUBERNETES_EXEC_INFO" > "$0.info"; echo '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"${m.token}"}}'`,
      ),
      ...taken,
    },
    {
      field: 'user.exec.provideClusterInfo',
      name: 'false',
      user: exec(),
      files: plugin(
        `printf '%s' "$KUBERNETES_EXEC_INFO" > "$0.info"; echo '{"kind":"ExecCredential","apiVersion":"${V1BETA1}","status":{"token":"${m.token}"}}'`,
      ),
      ...taken,
    },
  ];
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
