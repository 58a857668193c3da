import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** What a command in a container came to. */
export interface ExecOutcome {
  readonly stdout: string;
  readonly stderr: string;
  /** The v1 Status at the end. */
  readonly status: Readonly<Record<string, unknown>>;
}

/** Sub-protocols of `exec` over WebSocket, the newest first (kubernetes: apimachinery/pkg/util/remotecommand/constants.go). */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
/** A container's output comes in pieces of this size, in bytes. */
const PIECE = 32 * 1024;

/** The server's side of `exec`: takes over a connection that asks for a WebSocket and sends what the command came to. */
export class ExecChannel {
  readonly #server = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });

  /** Whether the client speaks one of the protocols. */
  speaks({ headers }: IncomingMessage): boolean {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
    return PROTOCOLS.some((protocol) => offered.includes(protocol));
  }

  answer(request: IncomingMessage, socket: Duplex, head: Buffer, { stdout, stderr, status }: ExecOutcome): void {
    this.#server.handleUpgrade(request, socket, head, (connection) => {
      connection.on('error', () => connection.terminate());
      // An empty message tells the client that the streams are open.
      send(connection, STDOUT, Buffer.alloc(0));
      for (const [channel, text] of [
        [STDOUT, stdout],
        [STDERR, stderr],
      ] as const) {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += PIECE) send(connection, channel, bytes.subarray(at, at + PIECE));
      }
      send(connection, ERROR, Buffer.from(JSON.stringify(status)));
      connection.close(1000);
    });
  }

  /** Ends what is open. */
  stop(): void {
    for (const connection of this.#server.clients) connection.terminate();
    this.#server.close();
  }
}

function send(connection: WebSocket, channel: number, bytes: Buffer): void {
  connection.send(Buffer.concat([Buffer.of(channel), bytes]));
}
