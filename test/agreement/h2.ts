import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Header } from '../../src/filter/host/request.ts';
import type { ObservedMessage } from '../../src/filter/tests/observed.ts';

/** A message to be sent by HTTP/2, with `:status` or `:method` among its headers. */
export interface Sent {
  readonly headers: readonly Header[];
  readonly pieces: readonly Uint8Array[];
  readonly trailers: readonly Header[];
}

/** Says what a request is answered with; `undefined`: never. */
export type Answering = (request: ObservedMessage) => Sent | undefined;

/** A server on loopback that speaks HTTP/2 without TLS. */
export interface H2Server {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a server that reads whole requests and answers them. */
export async function startServer(answering: Answering): Promise<H2Server> {
  const sessions = new Set<{ destroy(): void }>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    void collect(stream, pairs(headers)).then((request) => {
      // What a proxy breaks off ends, too.
      const answer = stream.aborted || stream.destroyed ? undefined : answering(request);
      if (answer !== undefined) reply(stream, answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends a request and gives the whole answer; `undefined` when there is none within `patienceMs`, or the stream is reset. */
export async function sendRequest(port: number, sent: Sent, patienceMs: number): Promise<ObservedMessage | undefined> {
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  const { promise, resolve } = Promise.withResolvers<ObservedMessage | undefined>();
  const timer = setTimeout(() => resolve(undefined), patienceMs);
  try {
    const alone = sent.pieces.length === 0 && sent.trailers.length === 0;
    const stream = session.request(fields(sent.headers), {
      endStream: alone,
      waitForTrailers: sent.trailers.length > 0,
    });
    let answer: ObservedMessage | undefined;
    stream.on('error', () => resolve(undefined));
    // Only with the end of the stream it is known whether it was reset.
    stream.on('close', () => resolve(stream.rstCode === 0 ? answer : undefined));
    stream.on('response', (headers) => {
      void collect(stream, pairs(headers)).then((all) => {
        answer = all;
      });
    });
    stream.on('wantTrailers', () => stream.sendTrailers(fields(sent.trailers)));
    if (!alone) await writeAll(stream, sent.pieces);
    return await promise;
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

function reply(stream: ServerHttp2Stream, { headers, pieces, trailers }: Sent): void {
  const alone = pieces.length === 0 && trailers.length === 0;
  stream.on('wantTrailers', () => stream.sendTrailers(fields(trailers)));
  stream.respond(fields(headers), {
    endStream: alone,
    waitForTrailers: trailers.length > 0,
    sendDate: false,
  } as object);
  if (!alone) void writeAll(stream, pieces);
}

/** Each piece is a frame of its own: the next one is written when the one before has left. */
async function writeAll(
  stream: { write(bytes: Uint8Array, done: () => void): unknown; end(bytes?: Uint8Array): unknown },
  pieces: readonly Uint8Array[],
): Promise<void> {
  for (const piece of pieces.slice(0, -1)) {
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.write(piece, resolve);
    await promise;
  }
  const last = pieces.at(-1);
  if (last === undefined || last.length === 0) stream.end();
  else stream.end(last);
}

async function collect(
  stream: NodeJS.ReadableStream & { on(event: 'trailers', heard: (headers: IncomingHttpHeaders) => void): unknown },
  headers: readonly Header[],
): Promise<ObservedMessage> {
  const pieces: Buffer[] = [];
  let trailers: readonly Header[] = [];
  stream.on('trailers', (all: IncomingHttpHeaders) => {
    trailers = pairs(all);
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  await once(stream, 'end').catch(() => new Promise(() => undefined));
  return { headers, body: Buffer.concat(pieces), trailers };
}

/** Node reads and writes header values as Latin-1. */
function pairs(headers: IncomingHttpHeaders): Header[] {
  return Object.entries(headers).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    return [name, Buffer.from(text, 'latin1').toString()];
  });
}

function fields(headers: readonly Header[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));
}
