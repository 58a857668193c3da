/** An Internet in this process: any names, any addresses behind them, and a server behind every address. */
import { once } from 'node:events';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { Network } from '../../../src/http/pools.ts';
import { makeCertificates } from '../../embedded/certs.ts';

/** A request as a server of it got it. */
export interface Visit {
  readonly method: string;
  /** As the client names the server: `https://registry.example/v2/?x=y`. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The result of one run of clients in it. */
export interface World {
  readonly network: Network;
  /** What was asked, in order. */
  readonly visits: readonly Visit[];
  /** What was connected to: `registry.example 140.82.112.33`. */
  readonly connections: readonly string[];
}

export interface Internet {
  /** Begins anew, with these names and with servers that answer so. */
  world(names: Names, reply: (visit: Visit) => Reply): World;
  stop(): Promise<void>;
}

/** What a name resolves to each time that it is asked for. */
export type Names = Readonly<Record<string, (before: number) => readonly string[]>>;

/** Starts one. Its certificates are nobody's in particular. */
export async function startInternet(): Promise<Internet> {
  const { caPem, certPem, keyPem } = makeCertificates();
  let answer: (visit: Visit) => Reply = () => ({ status: 404 });
  const handle = (scheme: string) => async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', headers, url = '' } = request;
    const visit = { method, url: `${scheme}://${headers.host}${url}`, authorization: headers.authorization, body };
    const reply = answer(visit);
    response.writeHead(reply.status, reply.headers);
    response.end(method === 'HEAD' ? undefined : reply.body);
  };
  const secure = createServer({ cert: certPem, key: keyPem }, handle('https'));
  const plain = createPlainServer(handle('http'));
  for (const server of [secure, plain]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const dial = buildConnector({ ca: caPem, checkServerIdentity: () => undefined });
  const connect: buildConnector.connector = (target, callback) => {
    const { port } = (target.protocol === 'https:' ? secure : plain).address() as AddressInfo;
    dial({ ...target, hostname: '127.0.0.1', port: String(port) }, callback);
  };
  return {
    world: (names, reply) => {
      const visits: Visit[] = [];
      const connections: string[] = [];
      answer = (visit) => {
        visits.push(visit);
        return reply(visit);
      };
      return { network: networkOf(names, connections, connect), visits, connections };
    },
    stop: async () => {
      for (const server of [secure, plain]) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}

/**
 * A connection does what `net.connect` does: it takes a host that is an address as it is, else asks `lookup`, and connects to what
 * that gives.
 */
function networkOf(names: Names, connections: string[], connect: buildConnector.connector): Network {
  const asked = new Map<string, number>();
  const lookup: Network['lookup'] = (hostname, _, callback) => {
    const before = asked.get(hostname) ?? 0;
    asked.set(hostname, before + 1);
    const addresses = names[hostname]?.(before);
    const failure = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
    if (addresses === undefined) callback(failure, []);
    else
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      );
  };

  const connector: Network['connector'] = (options) => {
    const { lookup: resolve } = options as { lookup: LookupFunction };
    return (target, callback) => {
      void addressOf(target.hostname, resolve).then(
        (address) => {
          connections.push(`${target.hostname} ${address}`);
          connect(target, callback);
        },
        (error) => callback(error, null),
      );
    };
  };
  return { lookup, connector };
}

function addressOf(hostname: string, resolve: LookupFunction): Promise<string> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0) return Promise.resolve(literal);
  return new Promise((done, failed) =>
    resolve(hostname, { all: true }, (error, found) => {
      if (error !== null) failed(error);
      else done(typeof found === 'string' ? found : (found[0]?.address ?? ''));
    }),
  );
}
