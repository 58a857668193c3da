import { on } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Dispatcher, WebSocket } from 'undici';
import { truncate } from '../base/text.ts';
import { TooLongError } from './body.ts';
import type { ApiAnswer } from './http.ts';
import { MAX_BYTES } from './limits.ts';

/** A WebSocket to ask for. */
export interface WebSocketRequest {
  readonly url: string;
  /** Sub-protocols, the wanted one first. */
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** The longest wait for the answer, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** Ends the connection, open or not. */
  readonly signal: AbortSignal;
}

/** What the server answers: status 101 and messages, or a refusal as any other answer. */
export interface WebSocketAnswer extends ApiAnswer {
  /**
   * The messages as they come, until the server ends the connection; a connection that breaks throws the cause. Leaving the
   * loop ends the connection, so who asked has to read them.
   */
  readonly messages?: AsyncIterable<Buffer>;
}

/** The result of a handshake. A WebSocket tells none of it: its events know neither a status nor a cause. */
interface Handshake {
  socket?: Duplex;
  headers?: ApiAnswer['headers'];
  refusal?: ApiAnswer;
  error?: unknown;
}

/** Opens a WebSocket; the type of `openWebSocket`, which the program loads only when it needs it, as it brings the whole of undici's `fetch`. */
export type OpenWebSocket = (dispatcher: Dispatcher, request: WebSocketRequest) => Promise<WebSocketAnswer>;

/** Opens a WebSocket through a dispatcher. Throws undici's error when no answer comes, the signal's reason when it aborts. */
export async function openWebSocket(dispatcher: Dispatcher, request: WebSocketRequest): Promise<WebSocketAnswer> {
  const { url, protocols, signal } = request;
  signal.throwIfAborted();
  const handshake: Handshake = {};
  const websocket = new WebSocket(url, {
    protocols: [...protocols],
    dispatcher: dispatcher.compose(readAll(handshake, request)),
  });
  websocket.binaryType = 'arraybuffer';
  const events = on(websocket, 'message', { close: ['close'] });
  const end = (): void => {
    websocket.close();
    // The closing handshake of a peer that no longer answers would never end, and no dispatcher knows this socket.
    handshake.socket?.destroy();
  };
  const answered = Promise.withResolvers<WebSocketAnswer>();
  let broken: unknown;
  signal.addEventListener('abort', end, { once: true });
  websocket.addEventListener('open', () => {
    const messages = readMessages(events, end, () => broken);
    answered.resolve({ status: 101, headers: handshake.headers ?? {}, text: '', messages });
  });
  websocket.addEventListener('close', ({ wasClean, code, reason }) => {
    signal.removeEventListener('abort', end);
    handshake.socket?.destroy();
    if (signal.aborted) broken = signal.reason;
    else if (!wasClean) broken = handshake.error ?? new Error(`the connection broke (${`${code} ${reason}`.trim()})`);
    if (handshake.refusal === undefined) answered.reject(broken);
    else answered.resolve(handshake.refusal);
  });
  return answered.promise;
}

async function* readMessages(
  events: AsyncIterable<readonly unknown[]>,
  end: () => void,
  broken: () => unknown,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const [event] of events) yield Buffer.from((event as { readonly data: ArrayBuffer }).data);
    if (broken() !== undefined) throw broken();
  } finally {
    end();
  }
}

/** Notes what happens to a handshake, and reads the body of a refusal, which undici's WebSocket throws away. */
function readAll(
  handshake: Handshake,
  { url, headers: wanted, answerTimeoutMs: headersTimeout }: WebSocketRequest,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    let head: Pick<ApiAnswer, 'status' | 'headers'> = { status: 0, headers: {} };
    const body: Buffer[] = [];
    let length = 0;
    // A WebSocket would join several headers of one name. A refusal is read as it comes, without a decoder.
    const headers = { ...(options.headers as object), ...wanted, 'accept-encoding': 'identity' };
    const request = { ...options, headers, headersTimeout, bodyTimeout: headersTimeout };
    return dispatch(request, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade: (controller, status, headers, socket) => {
        handshake.socket = socket;
        handshake.headers = headers;
        socket.on('error', (error) => {
          handshake.error = error;
        });
        handler.onRequestUpgrade?.(controller, status, headers, socket);
      },
      onResponseStart: (_, status, headers) => {
        head = { status, headers };
      },
      onResponseData: (controller, chunk) => {
        body.push(chunk);
        length += chunk.length;
        if (length > MAX_BYTES.words)
          controller.abort(new TooLongError(`the request for ${truncate(url, 200)}`, MAX_BYTES.words));
      },
      onResponseEnd: (controller) => {
        handshake.refusal = { ...head, text: Buffer.concat(body).toString() };
        handler.onResponseError?.(controller, new Error(`the handshake was answered with ${head.status}`));
      },
      onResponseError: (controller, error) => {
        handshake.error = error;
        handler.onResponseError?.(controller, error);
      },
    });
  };
}
