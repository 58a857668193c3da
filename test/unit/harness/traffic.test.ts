import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../../harness/api.ts';
import { watchTraffic } from '../../harness/traffic.ts';

const server = createServer((request, answer) => answer.end(`you asked for ${request.url}`));
const traffic = watchTraffic(server);
const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents) agent.destroy();
  if (server.listening) server.close();
});

async function ask(path: string, agent: Agent): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const [answer] = await once(get({ port, path, agent }), 'response');
  await once(answer.resume(), 'end');
}

test('counts sockets, bytes and requests with their times, and forgets all but the open sockets', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  await Promise.all([ask('/one', agent), ask('/two', agent)]);
  await ask('/three', agent);
  await eventually(
    'all answers over',
    async () => traffic.spans.every(({ endedMs }) => endedMs !== undefined) || undefined,
  );
  expect(traffic.spans.map(({ path }) => path).sort()).toEqual(['/one', '/three', '/two']);
  for (const { beganMs, endedMs = 0 } of traffic.spans) expect(endedMs).toBeGreaterThanOrEqual(beganMs);
  expect(traffic.openAtOnce).toBe(2);
  expect(traffic.bytesReceived).toBeGreaterThan(3 * 'GET /one HTTP/1.1\r\n\r\n'.length);
  expect(traffic.bytesSent).toBeGreaterThan(3 * 'you asked for /one'.length);

  traffic.reset();
  expect(traffic).toMatchObject({ spans: [], open: 2, openAtOnce: 2, bytesReceived: 0, bytesSent: 0 });
  await ask('/four', agent);
  expect(traffic.spans).toHaveLength(1);
  agent.destroy();
  await eventually('the sockets are closed', async () => traffic.open === 0 || undefined);
  // What came over a socket that is closed now counts, but not what came before it was forgotten.
  expect(traffic.bytesSent).toBeGreaterThan(0);
  expect(traffic.bytesSent).toBeLessThan(1_000);
});
