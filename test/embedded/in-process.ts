/** Requests to the API server from within its process, without the sockets on which most of the time of a small request goes. */
import { Dispatcher, errors } from 'undici';
import type { Incoming, Outgoing } from './exchange.ts';

/** Serves one request; what it answers, and that it fails, is told to the response. */
export type Serve = (request: Incoming, response: Outgoing) => void;

/** Gives what is sent by it to a server in this process, whatever the origin. */
export class InProcessDispatcher extends Dispatcher {
  readonly #serve: Serve;
  readonly #open = new Set<Exchange>();

  constructor(serve: Serve) {
    super();
    this.#serve = serve;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = new Exchange(handler);
    this.#open.add(exchange);
    exchange.on('close', () => this.#open.delete(exchange));
    handler.onRequestStart?.(exchange, null);
    // Later, as whatever comes over a network.
    setImmediate(() => {
      if (!exchange.over) this.#serve(incoming(options), exchange);
    });
    return true;
  }

  /** Breaks what is still open. */
  override async destroy(): Promise<void> {
    for (const exchange of [...this.#open]) exchange.abort(new errors.ClientDestroyedError());
  }

  override close(): Promise<void> {
    return this.destroy();
  }
}

function incoming({ method, path, headers, body }: Dispatcher.DispatchOptions): Incoming {
  const given = Object.entries((headers ?? {}) as Record<string, string>);
  return {
    method,
    url: path,
    headers: Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
    async *[Symbol.asyncIterator]() {
      if (body) yield Buffer.from(body as string | Uint8Array);
    },
  };
}

/** A response to the server, and to undici what stands for the connection. */
class Exchange implements Outgoing, Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #headers: Record<string, string> = {};
  readonly #onClose: (() => void)[] = [];
  #status = 200;
  #started = false;
  headersSent = false;
  /** Whether nothing more is to come. */
  over = false;
  aborted = false;
  reason: Error | null = null;
  /** Never: what the server has to say is in memory anyway. */
  readonly paused = false;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  setHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    this.#status = status;
    for (const [name, value] of Object.entries(headers)) this.#headers[name] = String(value);
    this.headersSent = true;
  }

  flushHeaders(): void {
    if (this.#started || this.over) return;
    this.#started = true;
    this.#handler.onResponseStart?.(this, this.#status, this.#headers);
  }

  write(text: string): void {
    this.flushHeaders();
    if (!this.over) this.#handler.onResponseData?.(this, Buffer.from(text));
  }

  end(text = ''): void {
    this.write(text);
    if (this.over) return;
    this.#handler.onResponseEnd?.(this, {});
    this.#close();
  }

  destroy(): void {
    this.abort(new errors.SocketError('other side closed'));
  }

  on(_event: 'close', listener: () => void): void {
    this.#onClose.push(listener);
  }

  abort(reason: Error): void {
    if (this.over) return;
    this.aborted = true;
    this.reason = reason;
    this.#handler.onResponseError?.(this, reason);
    this.#close();
  }

  pause(): void {}

  resume(): void {}

  #close(): void {
    this.over = true;
    for (const listener of this.#onClose) listener();
  }
}
