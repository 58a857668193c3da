import { afterEach, describe, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { errorCode } from '../../../src/base/causes.ts';
import { ApiError, apiProblem, ConnectionError, ExecError } from '../../../src/cluster/errors.ts';
import type { ExecResult } from '../../../src/cluster/exec.ts';
import { makeCertificates } from '../../embedded/certs.ts';
import { type ApiServer, type Outcome, refusal, type Script, startApiServer } from './api-server.ts';
import { closed, frame, SUCCESS, saying } from './exec-messages.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const start = async (script: Script): Promise<ApiServer> => {
  server = await startApiServer(script);
  return server;
};
const run = (api: ApiServer, limits = {}, signal?: AbortSignal): Promise<ExecResult> =>
  api
    .client(signal === undefined ? {} : { signal })
    .exec('shop', 'web-1', 'istio-proxy', ['curl', '-s', 'a b&c'], limits);

/** A command that writes something and then never ends; and when its connection was closed. */
const endless = (): { readonly connect: () => (socket: WebSocket) => void; readonly opened: Promise<WebSocket> } => {
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  return {
    opened: promise,
    connect: () => (socket) => {
      socket.send(frame(1, 'so far'));
      resolve(socket);
    },
  };
};

describe('a refused handshake is an ApiError', () => {
  const forbidden =
    'pods "web-1" is forbidden: User "bot" cannot get resource "pods/exec" in API group "" in the namespace "shop"';

  test.each<[Outcome & object, object]>([
    [refusal(403, 'Forbidden', forbidden), { status: 403, reason: 'Forbidden', message: forbidden }],
    [refusal(404, 'NotFound', 'pods "web-1" not found'), { status: 404, message: 'pods "web-1" not found' }],
    [
      refusal(400, 'BadRequest', 'container x is not valid for pod web-1'),
      { status: 400, message: 'container x is not valid for pod web-1' },
    ],
    [
      { status: 405, headers: { 'content-type': 'text/html' }, body: '<h1>Not</h1> here' },
      { status: 405, message: 'Not here' },
    ],
    [{ status: 302, headers: { location: '/sign-in' } }, { status: 302 }],
    [
      { status: 200, body: 'welcome' },
      { status: 200, message: 'welcome' },
    ],
  ])('%j', async (outcome, expected) => {
    const api = await start({ connect: () => outcome });
    const error = await run(api).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ ...expected, verb: 'exec' });
    expect(api.seen).toHaveLength(1);
  });

  test('and a missing permission is said', async () => {
    const api = await start({ connect: () => refusal(403, 'Forbidden', forbidden) });
    const error = await run(api).catch((thrown: unknown) => thrown);
    expect(apiProblem(error, 'looking into a proxy')).toMatchObject({
      kind: 'permission',
      remedy: expect.stringContaining('get pods/exec in namespace "shop"'),
    });
  });
});

describe('what ends without a result', () => {
  test('a connection that breaks before the status is a ConnectionError', async () => {
    const api = await start({
      connect: () => (socket) => {
        socket.send(frame(1, 'a'), () => socket.terminate());
      },
    });
    const error = await run(api).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ server: api.url });
  });

  test('a server that is not there is a ConnectionError', async () => {
    const api = await start({});
    const access = await api.access();
    await api.close();
    const error = await api
      .client({}, access)
      .exec('shop', 'web-1', 'app', ['id'])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(errorCode(error)).toBe('ECONNREFUSED');
  });

  test('a server of another authority is a ConnectionError', async () => {
    const api = await start({ connect: () => saying(SUCCESS) });
    const other = Buffer.from(makeCertificates().caPem).toString('base64');
    const access = await api.access({ 'certificate-authority-data': other });
    const error = await api
      .client({}, access)
      .exec('shop', 'web-1', 'app', ['id'])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(apiProblem(error, 'x')?.remedy).toMatch(/authority in the kubeconfig/);
    expect(api.seen).toEqual([]);
  });

  test('a server that speaks another sub-protocol is a ConnectionError', async () => {
    const api = await start({ protocol: 'v1.channel.k8s.io', connect: () => saying(SUCCESS) });
    await expect(run(api)).rejects.toBeInstanceOf(ConnectionError);
  });

  test('a connection that is closed before the status is an ExecError', async () => {
    const api = await start({ connect: () => saying(frame(1, 'a'), frame(3, '{"status":')) });
    const error = await run(api).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ExecError);
    expect(apiProblem(error, 'looking into web-1')).toMatchObject({
      kind: 'cluster',
      message: 'Looking into web-1 failed: the API server closed the connection before the command had ended.',
    });
  });

  test('a command that does not end in time is an ExecError, and its connection is closed', async () => {
    const { connect, opened } = endless();
    const api = await start({ connect });
    // Long enough for the handshake on a busy machine.
    const error = await run(api, { timeoutMs: 3_000 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ExecError);
    expect(error).toMatchObject({ message: 'the command did not end within 3.0 s' });
    await closed(await opened);
  });

  test('a handshake that is not answered in time is an ExecError', async () => {
    const api = await start({ connect: () => 'silence' });
    await expect(run(api, { timeoutMs: 300 })).rejects.toBeInstanceOf(ExecError);
  });

  test('too much output is an ExecError, and its connection is closed', async () => {
    const { promise, resolve } = Promise.withResolvers<WebSocket>();
    const api = await start({
      connect: () => (socket) => {
        resolve(socket);
        for (let sent = 0; sent < 4; sent++) socket.send(frame(1 + (sent % 2), Buffer.alloc(500)));
      },
    });
    const error = await run(api, { maxBytes: 1024 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ExecError);
    expect(error).toMatchObject({ message: 'the command wrote more than 1.0 KiB' });
    await closed(await promise);
  });

  test('a cancelled run ends a command, and its connection is closed', async () => {
    const { connect, opened } = endless();
    const api = await start({ connect });
    const cancel = new AbortController();
    const result = run(api, {}, cancel.signal).catch((thrown: unknown) => thrown);
    const socket = await opened;
    cancel.abort();
    expect(apiProblem(await result, 'x')?.kind).toBe('cancelled');
    await closed(socket);
  });

  test('a cancelled run ends a handshake', async () => {
    const cancel = new AbortController();
    const api = await start({
      connect: () => {
        cancel.abort();
        return 'silence';
      },
    });
    expect(apiProblem(await run(api, {}, cancel.signal).catch((thrown: unknown) => thrown), 'x')?.kind).toBe(
      'cancelled',
    );
    expect(api.seen).toHaveLength(1);
  });
});
