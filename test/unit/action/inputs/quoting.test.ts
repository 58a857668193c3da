import { describe, expect, test } from '@jest/globals';
import { describeProblem, type Problem, type Result } from '../../../../src/base/problem.ts';
import { kindNames } from '../../../../src/deploy/kinds/kinds.ts';
import { checkCompatibility } from '../../../../src/filter/compatibility/compatibility.ts';
import { parseTargets, readTargetList } from '../../../../src/targets/parse.ts';
import { NO_RUNTIME, readKubeconfig } from '../../../harness/access.ts';
import { problemsIn } from '../../builders.ts';
import { factsOf, importing, LEAST } from '../../filter/wat.ts';
import { messagesOn } from './reading.ts';

/** Something long, as the content of a file that stands where a word should. */
const LONG = 'x'.repeat(1000);
const QUOTED = /x{40}/;
const TOO_MUCH = /x{61}/;

describe('at most 60 characters of a file or an input are quoted', () => {
  const targets = (text: string): string[] =>
    problemsIn(
      parseTargets(readTargetList('targets', text), {
        defaultNamespace: 'shop',
        kinds: kindNames(),
      }) as Result<unknown>,
    ).map(describeProblem);
  const filter = (fields: string): string[] => checkCompatibility(factsOf(fields), []).problems.map(describeProblem);

  test.each<[string, () => string[]]>([
    ['an entry that is a word', () => targets(`- ${LONG}`)],
    ['an entry that is a list', () => targets(`- [${LONG}]`)],
    ['a kind', () => targets(`- ${LONG}/reviews`)],
    ['a name', () => targets(`- deployment/${LONG}`)],
    ['a namespace', () => targets(`- ${LONG}/deployment/reviews`)],
    ['a key', () => targets(`- {kind: deployment, name: a, ${LONG}: 1}`)],
    ['a port', () => targets(`- {kind: deployment, name: a, port: ${LONG}}`)],
    ['a port that is a list', () => targets(`- {kind: deployment, name: a, port: [[${LONG}]]}`)],
    ['a direction', () => targets(`- {kind: deployment, name: a, direction: ${LONG}}`)],
    ['a wave', () => targets(`- {kind: deployment, name: a, wave: ${LONG}}`)],
    ['a place', () => targets(`- {kind: deployment, name: a, insert: ${LONG}}`)],
    ['a selector', () => targets(`- {selector: "${LONG}!!"}`)],
    ['a label', () => targets(`- {selector: {${LONG}: [a]}}`)],
    ['a label value', () => targets(`- {selector: {a: "${LONG}!"}}`)],
    ['an alias', () => targets(`- *${LONG}`)],
    ['a tag', () => targets(`- !${LONG} a`)],
    ['a probe', () => messagesOn({ probe: LONG })],
    ['a path of a probe', () => messagesOn({ probe: `{port: 80, path: "${LONG}"}` })],
    ['a method of a probe', () => messagesOn({ probe: `{port: 80, method: ${LONG}}` })],
    ['a port of a probe', () => messagesOn({ probe: `{port: ${LONG}}` })],
    ['a header of a probe', () => messagesOn({ probe: `{port: 80, headers: {"${LONG} ": a}}` })],
    ['a header of a probe without a value', () => messagesOn({ probe: `{port: 80, headers: {${LONG}: null}}` })],
    ['a status of a probe', () => messagesOn({ probe: `{port: 80, expect: {status: ${LONG}}}` })],
    ['a key of a probe', () => messagesOn({ probe: `{port: 80, ${LONG}: 1}` })],
    ['a variable', () => messagesOn({ environment: `{"${LONG}=": a}` })],
    ['a capability', () => messagesOn({ capabilities: `["${LONG}."]` })],
    ['a repository', () => messagesOn({ attestation: `{repository: ${LONG}}` })],
    ['a number', () => messagesOn({ port: LONG })],
    ['a word', () => messagesOn({ direction: LONG })],
    ['an unknown import', () => filter(importing('env', LONG, ''))],
    ['an unknown module', () => filter(importing(LONG, 'a', ''))],
    [
      'an import of another type',
      () => filter(`(import "env" "proxy_log" (func ${'(param i64)'.repeat(900)}))${LEAST}`),
    ],
    ['an export that ends Envoy', () => filter(`${LEAST}(func (export "${LONG}") (param v128))`)],
  ])('%s', (name, messages) => {
    const said = messages().join('\n');
    if (name !== 'an import of another type') expect(said).toMatch(QUOTED);
    expect(said).not.toMatch(TOO_MUCH);
    expect(said.length).toBeGreaterThan(0);
    expect(Math.max(...said.split('\n').map(({ length }) => length))).toBeLessThan(700);
  });
});

describe('of a kubeconfig, names alone are quoted, and at most 60 characters of them', () => {
  const SECRET = 'SECRET'.repeat(20);
  const read = async (parts: Record<string, unknown>, context = ''): Promise<readonly Problem[]> => {
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: 'https://c.example' } }],
      users: [{ name: 'u', user: { token: 'a' } }],
      ...parts,
    };
    const text = { origin: 'kubeconfig file "k"', text: JSON.stringify(config), folder: '/home/me' };
    return problemsIn(await readKubeconfig([text], context, NO_RUNTIME));
  };
  const context = (fields: object, name = 'c'): Record<string, unknown> => ({ contexts: [{ name, context: fields }] });
  const user = (fields: object, name = 'u'): Record<string, unknown> => ({ users: [{ name, user: fields }] });

  test.each<[string, () => Promise<readonly Problem[]>]>([
    ['a context', () => read(context({ cluster: 'c', user: 'u' }, LONG), 'other')],
    ['a current context', () => read({ 'current-context': LONG })],
    ['a cluster', () => read(context({ cluster: LONG, user: 'u' }))],
    ['a user', () => read(context({ cluster: 'c', user: LONG }))],
    ['a user with a fault', () => read({ ...context({ cluster: 'c', user: LONG }), ...user({ token: 5 }, LONG) })],
    ['a user twice', () => read({ users: [{ name: LONG }, { name: LONG }] })],
  ])('%s', async (_, problems) => {
    const said = (await problems()).map(describeProblem).join('\n');
    expect(said).toMatch(QUOTED);
    expect(said).not.toMatch(TOO_MUCH);
  });

  test.each<[string, object]>([
    ['a token in the place of its file', { tokenFile: SECRET }],
    ['a short one', { tokenFile: 'SECRET-TOKEN' }],
    ['a web token', { tokenFile: `${SECRET}.${SECRET}.${SECRET}` }],
    ['PEM', { 'client-certificate': `-----BEGIN CERTIFICATE-----\n${SECRET}\n`, 'client-key': 'k.pem' }],
    ['PEM in base64', { 'client-certificate': `LS0tLS1CRUdJTi/${SECRET}`, 'client-key': 'k.pem' }],
    ['base64 that looks like an absolute path', { 'client-certificate': `/${SECRET}`, 'client-key': 'k.pem' }],
    ['text with a zero byte', { 'client-certificate': 'SECRET\0.pem', 'client-key': 'k.pem' }],
  ])('%s is not printed', async (_, fields) => {
    const [problem] = await read(user(fields));
    expect(problem?.message).toMatch(/ names a file that cannot be read: /);
    expect(JSON.stringify(problem)).not.toContain('SECRET');
  });

  test.each([
    ['/var/run/secrets/kubernetes.io/serviceaccount/token', '/var/run/secrets/kubernetes.io/serviceaccount/token'],
    ['certs/ca.crt', '/home/me/certs/ca.crt'],
    ['./token', '/home/me/token'],
  ])('the path %s is', async (tokenFile, shown) => {
    const [problem] = await read(user({ tokenFile }));
    expect(problem?.message).toBe(
      `"tokenFile" of user "u" names "${shown}", which cannot be read: there is no such file.`,
    );
  });
});
