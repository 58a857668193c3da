import { WebSocket } from 'ws';
import type { Api } from './api.ts';

/** What a client of `exec` got. */
export interface ExecAnswer {
  /** 101 when there was a WebSocket. */
  readonly httpStatus: number;
  /** The body of an answer without one. */
  readonly body: string;
  readonly protocol: string;
  /** What came on each channel, joined. */
  readonly channels: Readonly<Record<number, string>>;
  readonly closeCode: number | undefined;
}

const V5 = 'v5.channel.k8s.io';

/** Runs a command in a container over a WebSocket. @throws when the connection breaks */
export function execInPod(
  { server, headers }: Api,
  pod: { readonly namespace: string; readonly name: string },
  command: readonly string[],
  { container = 'istio-proxy', protocols = [V5] }: { container?: string; protocols?: readonly string[] } = {},
): Promise<ExecAnswer> {
  const query = new URLSearchParams([
    ['container', container],
    ['stdout', 'true'],
    ['stderr', 'true'],
    ...command.map((word): [string, string] => ['command', word]),
  ]);
  const url = `${server.replace('https', 'wss')}/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/exec?${query}`;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [...protocols], { headers: { ...headers }, rejectUnauthorized: false });
    const channels: Record<number, string> = {};
    socket.on('error', reject);
    socket.on('message', (message: Buffer) => {
      const channel = message[0] ?? 0;
      channels[channel] = (channels[channel] ?? '') + message.subarray(1).toString();
    });
    socket.on('close', (closeCode) =>
      resolve({ httpStatus: 101, body: '', protocol: socket.protocol, channels, closeCode }),
    );
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => {
        const httpStatus = response.statusCode ?? 0;
        resolve({ httpStatus, body, protocol: '', channels, closeCode: undefined });
      });
    });
  });
}
