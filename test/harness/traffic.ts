import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** When a request came and when its answer was over, by the clock of `performance.now()`. */
export interface RequestSpan {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly beganMs: number;
  /** Not before the answer was over. */
  readonly endedMs?: number;
}

/** What has come to a server, as its sockets saw it. */
export interface Traffic {
  readonly spans: readonly RequestSpan[];
  /** How many sockets are open, and how many were at the same time at most. */
  readonly open: number;
  readonly openAtOnce: number;
  /** On the wire, with TLS and headers. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Forgets everything but the sockets that are open. */
  reset(): void;
}

/** Counts what comes to a server, without being between it and anybody. */
export function watchTraffic(server: Server): Traffic {
  let spans: (RequestSpan & { endedMs?: number })[] = [];
  let [openAtOnce, received, sent] = [0, 0, 0];
  /** The open sockets, with what they had carried at the last reset. */
  const open = new Map<Socket, { readonly read: number; readonly written: number }>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, { read: 0, written: 0 });
    openAtOnce = Math.max(openAtOnce, open.size);
    socket.once('close', () => {
      const before = open.get(socket);
      received += socket.bytesRead - (before?.read ?? 0);
      sent += socket.bytesWritten - (before?.written ?? 0);
      open.delete(socket);
    });
  });
  server.on('request', ({ method = 'GET', url: path = '/' }: IncomingMessage, answer: ServerResponse) => {
    const span: RequestSpan & { endedMs?: number } = { method, path, beganMs: performance.now() };
    spans.push(span);
    answer.once('close', () => {
      span.endedMs = performance.now();
    });
  });
  const ofOpen = (count: (socket: Socket, before: { read: number; written: number }) => number): number =>
    [...open].reduce((sum, [socket, before]) => sum + count(socket, before), 0);
  return {
    get spans() {
      return spans;
    },
    get open() {
      return open.size;
    },
    get openAtOnce() {
      return openAtOnce;
    },
    get bytesReceived() {
      return received + ofOpen(({ bytesRead }, { read }) => bytesRead - read);
    },
    get bytesSent() {
      return sent + ofOpen(({ bytesWritten }, { written }) => bytesWritten - written);
    },
    reset: () => {
      spans = [];
      [openAtOnce, received, sent] = [open.size, 0, 0];
      for (const socket of open.keys()) open.set(socket, { read: socket.bytesRead, written: socket.bytesWritten });
    },
  };
}
