import { afterEach, describe, expect, test } from '@jest/globals';
import { ApiError, InvalidAnswerError } from '../../../src/cluster/errors.ts';
import { WORKLOADS } from '../../harness/kinds.ts';
import { type ApiServer, type Outcome, startApiServer } from './api-server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const { Deployment } = WORKLOADS;
const item = (name: string): object => ({ metadata: { name } });
const page = (items: readonly object[], next?: string): Outcome => ({
  status: 200,
  body: JSON.stringify({ kind: 'DeploymentList', metadata: { resourceVersion: '7', continue: next }, items }),
});
const GONE: Outcome = { status: 410, body: '{"kind":"Status","reason":"Expired","message":"too old"}' };
/** Lists from a server that answers by the number of the question and the place that is asked for. */
const list = async (answer: (count: number, place: string) => Outcome): Promise<unknown> => {
  server = await startApiServer({
    answer: ({ path }, count) => answer(count, new URL(path, 'https://x').searchParams.get('continue') ?? ''),
  });
  return server
    .client()
    .list(Deployment, 'shop')
    .catch((error: unknown) => error);
};

test('reads every page', async () => {
  const pages: Record<string, Outcome> = { '': page([item('a')], 'p2'), p2: page([], 'p3'), p3: page([item('b')]) };
  expect(await list((_, place) => pages[place] ?? GONE)).toEqual({
    items: [item('a'), item('b')],
    resourceVersion: '7',
  });
});

describe('a place that is gone', () => {
  test('is no matter: the list is read anew', async () => {
    const answer = (count: number, place: string): Outcome => {
      if (count === 2) return GONE;
      return place === '' ? page([item('a')], 'p2') : page([item('b')]);
    };
    expect(await list(answer)).toMatchObject({ items: [item('a'), item('b')] });
    expect(server?.seen).toHaveLength(4);
  });

  test('three times is an error', async () => {
    const error = await list((_, place) => (place === '' ? page([item('a')], 'p2') : GONE));
    expect(error).toBeInstanceOf(ApiError);
    expect(server?.seen).toHaveLength(6);
  });
});

describe('a list that is none', () => {
  test.each<[string, (count: number) => Outcome, RegExp, number]>([
    ['without an end', (count) => page([item(`w${count}`)], `p${count}`), /page 100 of a list that still goes on/, 100],
    ['that leads back', (count) => page([item(`w${count}`)], 'p'), /"continue" leads back to an earlier one/, 2],
    ['with a name twice', (count) => page([item('same')], `p${count}`), /holds same for the second time/, 2],
  ])('%s', async (_, answer, words, requests) => {
    const error = await list(answer);
    expect(error).toBeInstanceOf(InvalidAnswerError);
    expect(error).toMatchObject({ message: expect.stringMatching(words) });
    expect(server?.seen).toHaveLength(requests);
  });
});

describe('an answer that is too long', () => {
  const long = (bytes: number, status = 200): Outcome => ({ status, body: ' '.repeat(bytes) });

  test.each<[string, (api: ApiServer) => Promise<unknown>, RegExp]>([
    ['an object', (api) => api.client().get(Deployment, 'shop', 'web'), /larger than the limit of 8\.00 MiB/],
    ['a version', (api) => api.client().version(), /larger than the limit of 1\.00 MiB/],
    [
      'an answer to a probe',
      (api) => api.client().requestPod('shop', 'web-1', 80, '/'),
      /larger than the limit of 1\.00 MiB/,
    ],
    ['a log', (api) => api.client().podLog('shop', 'web-1', 'app', 16_384), /larger than the limit of 80\.0 KiB/],
  ])('%s', async (_, ask, words) => {
    server = await startApiServer({ answer: () => long(9 * 1024 * 1024) });
    await expect(ask(server)).rejects.toThrow(words);
  });

  test('is cut where it is an error', async () => {
    server = await startApiServer({ answer: () => long(9 * 1024 * 1024, 403) });
    await expect(server.client().version()).rejects.toMatchObject({ status: 403 });
  });
});
