import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IDENTITY_TOKEN, ISSUER, PUBLIC, SERVICE, USER } from './index.ts';

/** What a token allows (https://distribution.github.io/distribution/spec/auth/jwt/). */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly access: readonly { readonly type: string; readonly name: string; readonly actions: readonly string[] }[];
}

/** The server that hands out a registry's tokens. */
export interface TokenServer {
  readonly realm: string;
  stop(): Promise<void>;
}

const LIFETIME_SECONDS = 300;

/** Starts one; `sign` makes the token of its claims. Wrong passwords get a 401, and strangers what is public. */
export async function startTokenServer(sign: (claims: Claims) => string): Promise<TokenServer> {
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      () => response.destroy(),
    );
  });

  const answer = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    const asked =
      request.method === 'POST'
        ? new URLSearchParams(await textOf(request))
        : new URL(request.url ?? '', 'http://x').searchParams;
    const user = userOf(request, asked);
    if (user === undefined || asked.get('service') !== SERVICE) {
      return { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] } };
    }
    const [type = '', name = '', actions = ''] = (asked.get('scope') ?? '').split(':');
    const allowed = actions
      .split(',')
      .filter((action) => user !== '' || (action === 'pull' && name.startsWith(PUBLIC)));
    const now = Math.floor(Date.now() / 1000);
    const times = { exp: now + LIFETIME_SECONDS, nbf: now - 10, iat: now };
    const access = allowed.length === 0 ? [] : [{ type, name, actions: allowed }];
    const token = sign({ iss: ISSUER, sub: user, aud: SERVICE, ...times, jti: crypto.randomUUID(), access });
    return { status: 200, body: request.method === 'POST' ? { access_token: token } : { token } };
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The name of who asks, empty for a stranger; undefined for one who says something wrong. */
function userOf({ headers, method }: IncomingMessage, asked: URLSearchParams): string | undefined {
  if (method === 'POST') return asked.get('refresh_token') === IDENTITY_TOKEN ? USER.username : undefined;
  if (headers.authorization === undefined) return '';
  const right = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;
  return headers.authorization === right ? USER.username : undefined;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
