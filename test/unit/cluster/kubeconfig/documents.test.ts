import { describe, expect, test } from '@jest/globals';
import { dump } from 'js-yaml';
import { describeProblem } from '../../../../src/base/problem.ts';
import { type ALL_CONTEXTS, type ClusterAccess, readContexts } from '../../../../src/cluster/kubeconfig.ts';
import { NO_RUNTIME } from '../../../harness/access.ts';
import { must, problemsIn } from '../../builders.ts';

/** A kubeconfig of one context whose cluster, user and context have its name, unless it is told another. */
function config(context: string, { cluster = context, user = context, token = `token-of-${context}` } = {}): string {
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [{ name: cluster, cluster: { server: `https://${context}.example` } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: context, context: { cluster, user } }],
  });
}

const packed = (text: string, width?: number): string => {
  const base64 = Buffer.from(text).toString('base64');
  return width === undefined ? base64 : base64.replace(new RegExp(`(.{${width}})`, 'g'), '$1\n');
};

const masked: string[] = [];
const read = (text: string, contexts: readonly string[] | typeof ALL_CONTEXTS = '*') =>
  readContexts([{ origin: 'input "kubeconfig"', text }], contexts, {
    ...NO_RUNTIME,
    mask: (secret) => masked.push(secret),
  });
const names = async (text: string, contexts?: readonly string[]): Promise<string[]> =>
  must(await read(text, contexts)).map(({ context, server }: ClusterAccess) => `${context} ${server}`);
const messages = async (text: string, contexts?: readonly string[]): Promise<string[]> =>
  problemsIn(await read(text, contexts)).map(describeProblem);

const BOTH = ['staging https://staging.example', 'prod https://prod.example'];

describe('several kubeconfigs in one text', () => {
  test.each<[string, string]>([
    ['documents', `${config('staging')}---\n${config('prod')}`],
    [
      'documents with comments and empty ones',
      `---\n# staging\n${config('staging')}\n--- # next\n\n---\n${config('prod')}---\n`,
    ],
    ['documents of which one is base64', `${packed(config('staging'))}\n---\n${config('prod')}`],
    ['documents that are wrapped base64', `${packed(config('staging'), 76)}\n---\n${packed(config('prod'), 76)}`],
    ['a line of base64 each', `${packed(config('staging'))}\n${packed(config('prod'))}\n`],
    ['base64 of documents', packed(`${config('staging')}---\n${config('prod')}`, 76)],
  ])('%s', async (_, text) => {
    expect(await names(text)).toEqual(BOTH);
    expect(masked).toEqual(expect.arrayContaining(['token-of-staging', 'token-of-prod']));
  });

  test('one in wrapped base64 is one', async () => {
    expect(await names(packed(config('prod'), 64))).toEqual(['prod https://prod.example']);
  });

  test('the first one has the current context', async () => {
    expect(await names(`${config('staging')}---\n${config('prod')}`, [''])).toEqual(BOTH.slice(0, 1));
  });

  test('contexts come in the order in which they are wanted', async () => {
    expect(await names(`${config('staging')}---\n${config('prod')}`, ['prod', 'staging'])).toEqual(BOTH.toReversed());
  });

  test('everything that is wrong with any is told, and in which', async () => {
    const text = `${config('staging')}---\n${config('prod').replace('https:', 'ftp:')}`;
    expect(await messages(text, ['nowhere', 'prod'])).toEqual([
      expect.stringMatching(/has no context "nowhere"/),
      expect.stringMatching(/^input "kubeconfig", document 2: /),
    ]);
    expect(await messages(`${config('staging')}---\n- a list`)).toEqual([
      expect.stringMatching(/^input "kubeconfig", document 2 is not a kubeconfig/),
    ]);
  });

  test('one name for two things is refused: the context would lead to the cluster of another document', async () => {
    const text = `${config('staging', { cluster: 'kubernetes', user: 'admin' })}---\n${config('prod', { cluster: 'kubernetes', user: 'admin' })}`;
    expect(await messages(text)).toEqual([
      expect.stringMatching(
        /^input "kubeconfig", document 2 has another cluster "kubernetes" than a document before it\./,
      ),
      expect.stringMatching(/^input "kubeconfig", document 2 has another user "admin" than a document before it\./),
    ]);
  });

  test('one name for the same thing is not', async () => {
    const shared = { user: 'admin', token: 'one-token' };
    expect(await names(`${config('staging', shared)}---\n${config('prod', shared)}`)).toEqual(BOTH);
  });

  test('without a context there is none to take all of', async () => {
    expect(await messages('clusters: []')).toEqual([expect.stringMatching(/has no contexts at all/)]);
  });
});
