import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer of the fake GitHub. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | object;
  /** Set where the connection ends in place of an answer. */
  readonly destroy?: true;
}

export interface Request extends Asked {
  readonly method: string;
  /** The empty string for none. */
  readonly body: string;
}

export interface Asked {
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** GitHub's API on loopback: it answers what a test says. */
export interface GitHubLab {
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly close: () => Promise<void>;
}

/** Starts one; `answer` is given the path with its query, how often it was asked for before, and all of the request. */
export async function startGitHub(
  answer: (path: string, before: number, request: Request) => Answer | Promise<Answer>,
): Promise<GitHubLab> {
  const asked: Asked[] = [];
  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const before = asked.filter((one) => one.path === path).length;
    asked.push({ path, headers: request.headers });
    const sent = Buffer.concat(await request.toArray()).toString('utf8');
    const { method = '', headers: given } = request;
    const answered = await answer(path, before, { path, headers: given, method, body: sent });
    const { status = 200, headers = {}, body = '', destroy } = answered;
    if (destroy === true) {
      response.destroy();
      return;
    }
    const isText = typeof body === 'string' || body instanceof Uint8Array;
    const type = isText ? {} : { 'content-type': 'application/json; charset=utf-8' };
    response.writeHead(status, { ...type, ...headers });
    response.end(isText ? body : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
