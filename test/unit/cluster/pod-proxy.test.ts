import { afterEach, describe, expect, test } from '@jest/globals';
import { ApiError, apiProblem, ConnectionError } from '../../../src/cluster/errors.ts';
import type { PodRequest } from '../../../src/cluster/pod-proxy.ts';
import { type ApiServer, type Outcome, type Reply, refusal, startApiServer } from './api-server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const start = async (answer: (count: number) => Outcome): Promise<ApiServer> => {
  server = await startApiServer({ answer: (_, count) => answer(count) });
  return server;
};
const JSON_TYPE = { 'content-type': 'application/json' };

describe('the request', () => {
  test.each<[string, string]>([
    ['/healthz/ready', '/healthz/ready'],
    ['stats', '/stats'],
    ['', '/'],
    ['/', '/'],
    ['/stats?format=json&filter=a%20b', '/stats?format=json&filter=a%20b'],
    ['//two', '//two'],
  ])('for %j', async (path, rest) => {
    const api = await start(() => ({ status: 200, body: 'LIVE' }));
    const client = api.client();
    expect(await client.requestPod('shop', 'web-1', 15021, path)).toMatchObject({ status: 200, text: 'LIVE' });
    expect(client.requests).toEqual({ reads: 1, writes: 0 });
    expect(api.seen).toMatchObject([
      { method: 'GET', path: `/api/v1/namespaces/shop/pods/web-1:15021/proxy${rest}`, body: '' },
    ]);
  });

  test('carries method, headers and body, and the credentials of the kubeconfig', async () => {
    const api = await start(() => ({ status: 201, headers: { 'x-from': 'pod' }, body: 'made' }));
    const request: PodRequest = {
      method: 'POST',
      headers: { Accept: 'text/plain', 'X-Shop': 'open', Authorization: 'Bearer of-the-shop' },
      body: 'é',
    };
    const response = await api.client().requestPod('shop', 'web-1', 8080, '/orders', request);
    expect(response).toMatchObject({ status: 201, headers: { 'x-from': 'pod' }, text: 'made' });
    expect(api.seen).toMatchObject([
      {
        method: 'POST',
        headers: { accept: 'text/plain', 'x-shop': 'open', authorization: 'Bearer token-1' },
        body: 'é',
      },
    ]);
  });

  test.each(['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'] as const)('may be a %s', async (method) => {
    const api = await start(() => ({ status: 204 }));
    expect(await api.client().requestPod('shop', 'web-1', 80, '/', { method })).toMatchObject({
      status: 204,
      text: '',
    });
    expect(api.seen).toMatchObject([{ method }]);
  });
});

describe("a pod's own answer is given as it is, and asked for once", () => {
  test.each<[Reply]>([
    [{ status: 503, body: 'no healthy upstream' }],
    [{ status: 500 }],
    [{ status: 429, headers: { 'retry-after': '1' } }],
    [{ status: 401, body: 'who are you' }],
    [{ status: 403, headers: JSON_TYPE, body: '{"error":"RBAC: access denied"}' }],
    [{ status: 302, headers: { location: '/login' } }],
    [{ status: 404, headers: JSON_TYPE, body: '{"kind":"Status","apiVersion":"v2","status":"Failure"}' }],
    [{ status: 404, headers: JSON_TYPE, body: '[1]' }],
    [{ status: 404, headers: JSON_TYPE, body: '{' }],
    [{ status: 200, headers: JSON_TYPE, body: '{"kind":"Status","apiVersion":"v1","status":"Success"}' }],
    [{ ...refusal(404, 'NotFound', 'told in plain text'), headers: { 'content-type': 'text/plain' } }],
  ])('%j', async (reply) => {
    const api = await start(() => reply);
    const response = await api.client().requestPod('shop', 'web-1', 80, '/');
    expect(response).toMatchObject({ status: reply.status, text: reply.body ?? '', headers: reply.headers ?? {} });
    expect(api.seen).toHaveLength(1);
  });
});

describe('what is no answer of a pod', () => {
  test.each<[Reply, object]>([
    [
      refusal(404, 'NotFound', 'pods "web-1" not found'),
      { status: 404, message: 'pods "web-1" not found', verb: 'get' },
    ],
    [
      refusal(
        503,
        'ServiceUnavailable',
        'error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused',
      ),
      { status: 503, reason: 'ServiceUnavailable' },
    ],
    [
      { ...refusal(403, 'Forbidden', 'no'), headers: { 'content-type': 'application/json; charset=utf-8' } },
      { status: 403, reason: 'Forbidden' },
    ],
  ])('the API server itself: %j', async (reply, expected) => {
    const api = await start(() => reply);
    const error = await api
      .client()
      .requestPod('shop', 'web-1', 80, '/')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject(expected);
    expect(api.seen).toHaveLength(1);
  });

  test('credentials that the API server rejects are renewed once', async () => {
    const unauthorized = refusal(401, 'Unauthorized', 'Unauthorized');
    const api = await start((count) => (count === 1 ? unauthorized : { status: 200, body: 'in' }));
    expect(await api.client().requestPod('shop', 'web-1', 80, '/')).toMatchObject({ text: 'in' });
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  test.each<[string, Outcome, PodRequest, RegExp]>([
    ['a connection that breaks', 'reset', {}, /./],
    ['silence', 'silence', { timeoutMs: 2_000 }, /no answer within 2\.0 s/],
    [
      'a body without an end',
      { status: 200, body: 'so far', open: true },
      { timeoutMs: 2_000 },
      /no answer within 2\.0 s/,
    ],
  ])('%s is a ConnectionError, and nothing is asked twice', async (_, outcome, request, message) => {
    const api = await start(() => outcome);
    const error = await api
      .client()
      .requestPod('shop', 'web-1', 80, '/', request)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect(api.seen).toHaveLength(1);
  });

  test('a cancelled run', async () => {
    const cancel = new AbortController();
    const api = await start(() => {
      cancel.abort();
      return 'silence';
    });
    const asked = api.client({ signal: cancel.signal }).requestPod('shop', 'web-1', 80, '/');
    expect(apiProblem(await asked.catch((thrown: unknown) => thrown), 'x')?.kind).toBe('cancelled');
  });
});
