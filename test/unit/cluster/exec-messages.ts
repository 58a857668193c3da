/** What an API server says while a command runs in a container. */
import { once } from 'node:events';
import type { WebSocket } from 'ws';

/** A message of a channel. */
export const frame = (channel: number, data: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from([channel]), typeof data === 'string' ? Buffer.from(data) : data]);
/** The message that ends a command. */
export const status = (value: object): Buffer => frame(3, JSON.stringify({ metadata: {}, ...value }));
export const SUCCESS = status({ status: 'Success' });
export const exited = (code: number): Buffer =>
  status({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });
/** The other end that says these messages and closes. */
export const saying =
  (...frames: readonly Buffer[]) =>
  (socket: WebSocket): void => {
    for (const one of frames) socket.send(one);
    socket.close();
  };

/** Waits until the connection is closed. */
export const closed = async (socket: WebSocket): Promise<void> => {
  if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
};
