import { afterEach, describe, expect, test } from '@jest/globals';
import { CredentialsError } from '../../../src/cluster/errors.ts';
import type { Identity } from '../../../src/cluster/identity.ts';
import { CONFIG_MAP } from '../../../src/cluster/resources.ts';
import { type ApiServer, type Outcome, startApiServer } from './api-server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const LIST: Outcome = { status: 200, body: JSON.stringify({ metadata: {}, items: [] }) };

/** A server that takes one token, and what makes the tokens that a client comes with. */
async function start(takes: (token: string) => boolean): Promise<ApiServer> {
  server = await startApiServer({
    answer: ({ headers }) =>
      takes(String(headers.authorization).replace('Bearer ', '')) ? LIST : { status: 401, body: '{}' },
  });
  return server;
}

/** An access whose identity is made by `make`, which is told how often it was made before. */
async function accessOf(
  api: ApiServer,
  make: (before: number) => Partial<Identity> | Error,
): Promise<{
  readonly access: Awaited<ReturnType<ApiServer['access']>>;
  made(): number;
}> {
  const usual = await api.access();
  const { tls } = await usual.identify();
  let count = 0;
  return {
    access: {
      ...usual,
      identify: async () => {
        const made = make(count++);
        if (made instanceof Error) throw made;
        return { tls, headers: {}, ...made };
      },
    },
    made: () => count,
  };
}
const bearer = (token: string): Partial<Identity> => ({ headers: { Authorization: `Bearer ${token}` } });

describe('credentials', () => {
  test('are made anew once, however many requests are refused at the same time', async () => {
    const api = await start((token) => token === 'token-1');
    const { access, made } = await accessOf(api, (before) => bearer(`token-${before}`));
    const client = api.client({}, access);
    await Promise.all(Array.from({ length: 20 }, () => client.list(CONFIG_MAP, 'shop')));
    expect(made()).toBe(2);
  });

  test('are made anew when they have expired, and only then', async () => {
    const api = await start((token) => token.startsWith('token-'));
    const { access, made } = await accessOf(api, (before) => ({
      ...bearer(`token-${before}`),
      expiresAt: before === 0 ? Date.now() - 1 : Date.now() + 60_000,
    }));
    const client = api.client({}, access);
    for (let request = 0; request < 3; request++) await client.list(CONFIG_MAP, 'shop');
    expect(made()).toBe(2);
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer token-1'));
  });

  test('that have expired when they come are used, and asked for again', async () => {
    const api = await start(() => true);
    const { access, made } = await accessOf(api, (before) => ({ ...bearer(`token-${before}`), expiresAt: 1 }));
    await api.client({}, access).list(CONFIG_MAP, 'shop');
    expect(api.seen).toHaveLength(1);
    expect(made()).toBeLessThan(5);
  });

  test('that cannot be made are an error that is not tried again', async () => {
    const api = await start(() => true);
    const problem = { kind: 'kubeconfig', message: 'there is no plugin.' } as const;
    const { access, made } = await accessOf(api, () => new CredentialsError(problem));
    const client = api.client({}, access);
    await expect(client.list(CONFIG_MAP, 'shop')).rejects.toBeInstanceOf(CredentialsError);
    await expect(client.list(CONFIG_MAP, 'shop')).rejects.toMatchObject({ problem });
    expect(made()).toBe(1);
    expect(api.seen).toEqual([]);
  });
});

test('several values of a header are sent as several headers', async () => {
  const api = await start(() => true);
  const { access } = await accessOf(api, () => ({ headers: { 'Impersonate-Group': ['a', 'b, c'] } }));
  await api.client({}, access).list(CONFIG_MAP, 'shop');
  // HTTP/2 would be agreed upon, but there undici would join the two, and end the process where a client is destroyed too early.
  expect(api.seen).toMatchObject([{ version: '1.1', headers: { 'impersonate-group': 'a, b, c' } }]);
});
