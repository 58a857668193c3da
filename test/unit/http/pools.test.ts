import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, getDefaultAutoSelectFamily, isIP, setDefaultAutoSelectFamily } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { buildConnector } from 'undici';
import { Http } from '../../../src/http/http.ts';

// Real connections of net.connect: what was judged is what is connected to.
let server: Server;
let port: number;
let asked: string[] = [];
beforeAll(async () => {
  server = createServer(({ headers: { host = '' } }, response) => {
    asked.push(host.split(':')[0] ?? '');
    const next = host.startsWith('home.') ? { location: `http://other.example:${port}/` } : {};
    response.writeHead(host.startsWith('home.') ? 302 : 200, { ...next, connection: 'close' }).end('here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

const follow = async (names: Readonly<Record<string, (before: number) => readonly string[]>>): Promise<string> => {
  asked = [];
  const looks = new Map<string, number>();
  const hosts = ['home.example', 'other.example'].map((host) => `${host}:${port}`);
  const home = new URL(`http://${hosts[0]}`);
  const http = new Http(home, {
    userAgent: 'test',
    environment: {},
    insecureHosts: hosts,
    signal: new AbortController().signal,
    debug: () => undefined,
    random: () => 0,
    network: {
      connector: buildConnector,
      lookup: (hostname, _, callback) => {
        const before = looks.get(hostname) ?? 0;
        looks.set(hostname, before + 1);
        callback(
          null,
          (names[hostname]?.(before) ?? []).map((address) => ({ address, family: isIP(address) })),
        );
      },
    },
  });
  try {
    const { body } = await http.send({ method: 'GET', url: home, maxBytes: 100 });
    return Buffer.from(body).toString();
  } catch (error) {
    return (error as Error).message;
  } finally {
    await http.close();
  }
};

const usual = getDefaultAutoSelectFamily();
afterEach(() => setDefaultAutoSelectFamily(usual));

// Node asks for all addresses of a name, or for one where it may not choose the family.
describe.each([true, false])('where Node chooses the family: %s', (choosing) => {
  test('what the name resolves to is connected to', async () => {
    setDefaultAutoSelectFamily(choosing);
    expect(await follow({ 'home.example': () => ['127.0.0.1'], 'other.example': () => ['127.0.0.1'] })).toBe('here');
    expect(asked).toEqual(['home.example', 'other.example']);
  });

  test('of its addresses none that was refused is connected to', async () => {
    setDefaultAutoSelectFamily(choosing);
    const said = await follow({
      'home.example': () => ['169.254.0.1', '127.0.0.1'],
      'other.example': () => ['fe80::1'],
    });
    expect(said).toBe(
      'home.example leads to other.example (fe80::1), which is a link-local address or that of a metadata service',
    );
    expect(asked).toEqual(['home.example']);
  });

  test('a refusal is not tried again, another answer would change nothing', async () => {
    setDefaultAutoSelectFamily(choosing);
    const answers: string[] = [];
    const names = {
      'home.example': () => ['127.0.0.1'],
      'other.example': (before: number) => {
        answers.push(String(before));
        return before === 0 ? ['169.254.169.254'] : ['127.0.0.1'];
      },
    };
    expect(await follow(names)).toMatch(/169\.254\.169\.254/);
    expect(answers).toEqual(['0']);
  });
});
