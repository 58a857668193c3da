import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { ApiError } from '../../../src/cluster/errors.ts';
import type { ExecResult } from '../../../src/cluster/exec.ts';
import { type ApiServer, type Outcome, refusal, type Script, startApiServer } from './api-server.ts';
import { closed, exited, frame, SUCCESS, saying, status } from './exec-messages.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const start = async (script: Script): Promise<ApiServer> => {
  server = await startApiServer(script);
  return server;
};
const run = (api: ApiServer): Promise<ExecResult> =>
  api.client().exec('shop', 'web-1', 'istio-proxy', ['curl', '-s', 'a b&c']);

describe('what a command comes to', () => {
  const text = 'Zürich, 東京, 🙂\n';
  const bytes = Buffer.from(text);
  const half = Math.floor(bytes.length / 2) - 1;

  test.each<[string, readonly Buffer[], ExecResult]>([
    ['nothing', [SUCCESS], { stdout: '', stderr: '', exitCode: 0 }],
    ['its output', [frame(1, text), SUCCESS], { stdout: text, stderr: '', exitCode: 0 }],
    ['a failure', [frame(2, 'no'), exited(1)], { stdout: '', stderr: 'no', exitCode: 1 }],
    ['a signal', [frame(1, 'a'), exited(137)], { stdout: 'a', stderr: '', exitCode: 137 }],
    [
      'characters cut in two',
      [frame(1, bytes.subarray(0, half)), frame(2, 'x'), frame(1, bytes.subarray(half)), SUCCESS],
      { stdout: text, stderr: 'x', exitCode: 0 },
    ],
    [
      'one byte at a time, on both channels in turn',
      [...[...bytes].flatMap((byte) => [frame(1, Buffer.from([byte])), frame(2, Buffer.from([byte]))]), SUCCESS],
      { stdout: text, stderr: text, exitCode: 0 },
    ],
    [
      'empty messages, and channels that are none of these',
      [Buffer.alloc(0), frame(0, ''), frame(1, ''), frame(4, 'size'), frame(255, '\u0001'), frame(1, 'a'), SUCCESS],
      { stdout: 'a', stderr: '', exitCode: 0 },
    ],
    [
      'a status in two messages',
      [exited(3).subarray(0, 40), frame(3, exited(3).subarray(40))],
      { stdout: '', stderr: '', exitCode: 3 },
    ],
  ])('%s', async (_, frames, result) => {
    const api = await start({ connect: () => saying(...frames) });
    expect(await run(api)).toEqual(result);
  });

  test('a message in fragments', async () => {
    const api = await start({
      connect: () => (socket) => {
        const whole = frame(1, text);
        socket.send(whole.subarray(0, half), { binary: true, fin: false });
        socket.send(whole.subarray(half), { binary: true, fin: true });
        socket.send(SUCCESS);
      },
    });
    expect(await run(api)).toMatchObject({ stdout: text });
  });

  test('a megabyte, and the end of the connection with the status', async () => {
    const { promise, resolve } = Promise.withResolvers<WebSocket>();
    const much = 'x'.repeat(2 ** 15);
    const api = await start({
      connect: () => (socket) => {
        for (let sent = 0; sent < 32; sent++) socket.send(frame(1, much));
        socket.send(SUCCESS);
        resolve(socket);
      },
    });
    expect((await run(api)).stdout).toBe(much.repeat(32));
    await closed(await promise);
  });

  test('a command that could not be started is an ApiError', async () => {
    const message = 'OCI runtime exec failed: exec: "curl": executable file not found in $PATH';
    const api = await start({
      connect: () => saying(status({ status: 'Failure', reason: 'InternalError', code: 500, message })),
    });
    const error = await run(api).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 500, reason: 'InternalError', message, verb: 'exec' });
  });
});

describe('the request', () => {
  test.each(['v5.channel.k8s.io', 'v4.channel.k8s.io'])('with a server that speaks %s', async (protocol) => {
    const api = await start({ protocol, connect: () => saying(frame(1, 'a'), SUCCESS) });
    const client = api.client();
    await client.exec('shop', 'web-1', 'istio-proxy', ['curl', '-s', 'a b&c']);
    expect(client.requests).toEqual({ reads: 1, writes: 0 });
    const [{ method, path, headers } = { method: '', path: '', headers: {} }, ...more] = api.seen;
    expect(more).toEqual([]);
    const url = new URL(path, api.url);
    expect([method, url.pathname]).toEqual(['GET', '/api/v1/namespaces/shop/pods/web-1/exec']);
    expect([...url.searchParams]).toEqual([
      ['container', 'istio-proxy'],
      ['stdout', 'true'],
      ['stderr', 'true'],
      ['command', 'curl'],
      ['command', '-s'],
      ['command', 'a b&c'],
    ]);
    expect(headers).toMatchObject({
      authorization: 'Bearer token-1',
      'user-agent': 'tester',
      'sec-websocket-protocol': 'v5.channel.k8s.io, v4.channel.k8s.io',
    });
    expect(headers).not.toHaveProperty('origin');
  });

  test('goes over HTTP/1.1, as all others do, although the server offers HTTP/2', async () => {
    const api = await start({ answer: () => ({ status: 200, body: '{}' }), connect: () => saying(SUCCESS) });
    const client = api.client();
    await client.version();
    await client.exec('shop', 'web-1', 'app', ['id']);
    expect(api.seen.map(({ version }) => version)).toEqual(['1.1', '1.1']);
  });

  test('goes through the proxy of the kubeconfig', async () => {
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(String(request.url));
      const [host = '', port] = String(request.url).split(':');
      const tunnel = connectTcp(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        tunnel.pipe(socket).pipe(tunnel);
      });
      tunnel.on('error', () => socket.destroy());
      socket.on('error', () => tunnel.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const api = await start({ connect: () => saying(frame(1, 'a'), SUCCESS) });
    const access = await api.access({ 'proxy-url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    expect(await api.client({}, access).exec('shop', 'web-1', 'app', ['id'])).toMatchObject({ stdout: 'a' });
    expect(asked).toEqual([new URL(api.url).host]);
    proxy.close();
    proxy.closeAllConnections();
  });

  test('after a 401 goes again with new credentials, once', async () => {
    const unauthorized = refusal(401, 'Unauthorized', 'Unauthorized');
    const api = await start({
      connect: ({ headers }) =>
        headers.authorization === 'Bearer token-1' ? unauthorized : saying(frame(1, 'a'), SUCCESS),
    });
    expect(await run(api)).toMatchObject({ stdout: 'a' });
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    await api.close();

    const strict = await start({ connect: () => unauthorized });
    await expect(run(strict)).rejects.toMatchObject({ name: 'ApiError', status: 401 });
    expect(strict.seen).toHaveLength(2);
  });

  test('goes again after a passing failure', async () => {
    const outcomes: Outcome[] = [{ status: 503, body: 'busy' }, 'reset'];
    const api = await start({ connect: () => outcomes.shift() ?? saying(frame(1, 'a'), SUCCESS) });
    expect(await run(api)).toMatchObject({ stdout: 'a' });
    expect(api.seen).toHaveLength(3);
  });
});

test('no more than eight commands run at a time, whatever the phase; the others wait for their turn', async () => {
  const open: WebSocket[] = [];
  let most = 0;
  const eight = Promise.withResolvers<void>();
  const api = await start({
    connect: () => (socket) => {
      open.push(socket);
      most = Math.max(most, open.length);
      if (open.length === 8) eight.resolve();
      void eight.promise.then(() => {
        open.splice(open.indexOf(socket), 1);
        socket.send(SUCCESS);
      });
    },
  });
  const client = api.client();
  const later = client.during('rolling back');
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? client : later).exec('shop', 'web-1', 'istio-proxy', ['true']),
    ),
  );
  expect(results.map(({ exitCode }) => exitCode)).toEqual(Array(20).fill(0));
  expect(most).toBe(8);
});
