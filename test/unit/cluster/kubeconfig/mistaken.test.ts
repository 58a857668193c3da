import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import { kubeconfigFile } from '../../../../src/cluster/kubeconfig.ts';
import { NO_RUNTIME, readKubeconfig } from '../../../harness/access.ts';
import { problemsIn } from '../../builders.ts';

const said = async (text: string): Promise<string> =>
  problemsIn(await readKubeconfig([{ origin: 'input "kubeconfig"', text }], '', NO_RUNTIME))
    .map(describeProblem)
    .join('\n');
const secret = (name: string): string => `Write "kubeconfig: \${{ secrets.${name} }}"; the secret holds the content`;

describe('what is no content is told from what was meant', () => {
  const NAME = 'it is the name of a secret or variable, not its content.';
  const EXPRESSION = 'it is an expression that was not evaluated.';
  const VARIABLE = 'it is a variable of a shell, and no shell reads inputs.';
  const COMMAND = 'it is a command, and no shell reads inputs.';
  const PATH = 'it is the path of a file, not its content.';
  const ENVIRONMENT = 'set the environment variable KUBECONFIG of the step to the whole path';

  test.each<[string, string, string]>([
    ['KUBECONFIG', NAME, secret('KUBECONFIG')],
    ['KUBECONFIG_PROD\n', NAME, secret('KUBECONFIG_PROD')],
    ['prod-kubeconfig', NAME, secret('prod-kubeconfig')],
    ['secrets.KUBECONFIG', NAME, secret('KUBECONFIG')],
    ['steps.login.outputs.kubeconfig', NAME, secret('kubeconfig')],
    // It may be the secret itself.
    ['PROD', NAME, secret('KUBECONFIG')],
    ['secrets.PROD', NAME, secret('KUBECONFIG')],
    ['{{ secrets.KUBECONFIG }}', EXPRESSION, secret('KUBECONFIG')],
    [`\${{ secrets.KUBE_TEST }}`, EXPRESSION, secret('KUBE_TEST')],
    ['{{secrets.KUBECONFIG}}', EXPRESSION, secret('KUBECONFIG')],
    [`\${ secrets.KUBECONFIG }`, EXPRESSION, secret('KUBECONFIG')],
    ['$KUBECONFIG', VARIABLE, secret('KUBECONFIG')],
    [`\${KUBECONFIG}`, VARIABLE, secret('KUBECONFIG')],
    ['$env:KUBECONFIG', VARIABLE, secret('KUBECONFIG')],
    ['%KUBECONFIG%', VARIABLE, secret('KUBECONFIG')],
    ['$(cat ~/.kube/config)', COMMAND, secret('KUBECONFIG')],
    ['`cat kubeconfig`', COMMAND, secret('KUBECONFIG')],
    ['cat ~/.kube/config', COMMAND, secret('KUBECONFIG')],
    ['~/.kube/config', PATH, ENVIRONMENT],
    ['/home/runner/.kube/config', PATH, ENVIRONMENT],
    ['./kubeconfig', PATH, ENVIRONMENT],
    ['.kube/config', PATH, ENVIRONMENT],
    ['clusters/prod.yaml', PATH, ENVIRONMENT],
    ['C:\\Users\\me\\.kube\\config', PATH, ENVIRONMENT],
    ['***', 'it is "***", which logs show in place of a secret.', secret('KUBECONFIG')],
    ['Object', 'it is all secrets instead of one.', secret('KUBECONFIG')],
    ['https://prod.example:6443', 'it is the address of a server alone.', secret('KUBECONFIG')],
    ['eyJhbGciOi.eyJpc3MiOi.c2ln', 'it is a token alone.', 'Store the whole file'],
    [
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      'it is a certificate or a key alone.',
      'Store the',
    ],
  ])('%j', async (text, is, remedy) => {
    const message = await said(text);
    expect(message).toContain(`input "kubeconfig" is not a kubeconfig: ${is}`);
    expect(message).toContain(remedy);
  });

  test.each(['PROD', 'secrets.PROD', '$PROD', '/home/prod'])('%s may be secret, and is not quoted', async (text) => {
    expect(await said(text)).not.toMatch(/prod/i);
  });
});

const YAML = [
  'apiVersion: v1',
  'clusters:',
  '- cluster:',
  '    server: https://prod.example:6443',
  '  name: prod',
  'contexts:',
  '- context:',
  '    cluster: prod',
  '    user: bot',
  '  name: prod',
  'current-context: prod',
  'kind: Config',
  'users:',
  '- name: bot',
  '  user:',
  '    token: a-long-token',
  '',
].join('\n');
const base64 = (content: string | Uint8Array): string => Buffer.from(content).toString('base64');
const until = (end: string): string => YAML.slice(0, YAML.indexOf(end));
const zip = Buffer.from(`PK\u0003\u0004${'x'.repeat(90)}`);

describe('a kubeconfig that is packed or damaged', () => {
  test.each<[string, string, string]>([
    ['gzip in base64', base64(gzipSync(YAML)), 'is not a kubeconfig: it is packed by gzip. Unpack it. Store the file'],
    ['gzip as text', gzipSync(YAML).toString('utf8'), 'is not a kubeconfig: it is packed by gzip. Unpack it.'],
    [
      'gzip as text of bytes',
      gzipSync(YAML).toString('latin1'),
      'is not a kubeconfig: it is packed by gzip. Unpack it.',
    ],
    ['zip in base64', base64(zip), 'is not a kubeconfig: it is a zip file. Unpack it.'],
    ['base64 twice', base64(base64(YAML)), 'is not a kubeconfig: it is in base64 twice. Encode it once.'],
    [
      'base64 twice with breaks',
      base64(base64(YAML).replace(/.{76}/g, '$&\n')),
      'it is in base64 twice. Encode it once.',
    ],
    ['UTF-16 in base64', base64(Buffer.from(`\ufeff${YAML}`, 'utf16le')), 'it is text in UTF-16. Write it in UTF-8'],
    ['UTF-16 without a mark', base64(Buffer.from(YAML, 'utf16le')), 'it is text in UTF-16. Write it in UTF-8'],
    ['base64 in quotes', `"${base64(YAML)}"`, 'it is base64 with characters that base64 does not have. Leave out what'],
    ['base64 as Python writes it', `b'${base64(YAML)}'`, 'it is base64 with characters that base64 does not have.'],
    ['base64 with a mark of the shell', `${base64(YAML)}%`, 'it is base64 with characters that base64 does not have.'],
    [
      'base64 cut off in a list',
      base64(until('  name: prod')).slice(0, 130),
      'has no users or contexts, so it may be cut off',
    ],
    [
      'base64 cut off in a word',
      base64('apiVersion: v1\nclusters:\n- cluster: {server: "https://prod.example:6443'),
      'it is the base64 of one that is cut off or damaged: YAML error in line 3, ',
    ],
    [
      'cut off before the contexts',
      until('contexts'),
      'names no current context. It has no users or contexts, so it may be cut off.',
    ],
    [
      'cut off before the users',
      until('users'),
      'has no user "bot", which context "prod" names. It has no users, so it may be cut off. Store the whole file',
    ],
  ])('%s: which it is, and what to do', async (_, text, expected) => {
    const message = await said(text);
    expect(message).toContain(expected);
    expect(message).not.toContain('a-long-token');
  });

  test('a file is looked at in the same way, but for its being a name', async () => {
    const ofFile = async (text: string): Promise<(string | undefined)[]> =>
      problemsIn(await readKubeconfig([kubeconfigFile('/c', text)], '', NO_RUNTIME)).map(({ message }) => message);
    expect(await ofFile(gzipSync(YAML).toString('utf8'))).toEqual(['is not a kubeconfig: it is packed by gzip.']);
    expect(await ofFile('KUBECONFIG')).toEqual(['is not a kubeconfig: it is not a YAML mapping.']);
  });
});
