import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer of the fake GitHub. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | object;
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

/** Starts one; `answer` is given the path with its query, and how often it was asked for before. */
export async function startGitHub(answer: (path: string, before: number) => Answer): Promise<GitHubLab> {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    const before = asked.filter((one) => one.path === path).length;
    asked.push({ path, headers: request.headers });
    const { status = 200, headers = {}, body = '' } = answer(path, before);
    response.writeHead(status, headers);
    response.end(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body));
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
