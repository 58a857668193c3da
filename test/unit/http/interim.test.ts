import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Http } from '../../../src/http/http.ts';

const EVERY_MS = 20;
let server: Server;
const sockets = new Set<Socket>();
beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), EVERY_MS);
    socket.on('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

test.each([
  ['the usual limits, by the shorter one', { silenceMs: 20_000, attemptMs: 400 }],
  ['a silence that is short', { silenceMs: 200, attemptMs: 1_000_000 }],
])('a server that gives interim answers for ever is given up, with %s', async (_, limits) => {
  const home = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const http = new Http(home, {
    userAgent: 'test',
    environment: {},
    insecureHosts: [],
    signal: new AbortController().signal,
    debug: () => undefined,
    limits,
  });
  try {
    await expect(http.send({ method: 'GET', url: home, maxBytes: 100, once: true })).rejects.toThrow(
      /^127\.0\.0\.1:\d+ does not answer: no answer within 0\.4 s$/,
    );
  } finally {
    await http.close();
  }
});
