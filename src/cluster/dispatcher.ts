import { createSecureContext, rootCertificates } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent, Socks5ProxyAgent } from 'undici';
import { untilAborted } from '../base/concurrency.ts';
import { defined } from '../base/defined.ts';
import type { ProxyServer } from '../base/proxy.ts';
import { ProxyError } from './errors.ts';
import type { Identity } from './identity.ts';
import { MAX_BYTES } from './limits.ts';

/** How connections are opened. Sizes are connections, times milliseconds. */
export interface DispatcherLimits {
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/**
 * Makes the connection pool for a cluster, through a proxy (HTTP or SOCKS5) or directly. What goes wrong on the way to the proxy or
 * in it is a `ProxyError`. client-node would open a connection per request, hence one pool of our own.
 */
export function makeDispatcher(
  proxy: ProxyServer | undefined,
  identity: Identity,
  limits: DispatcherLimits,
): Dispatcher {
  const connect = {
    ...identity.tls,
    timeout: limits.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // Over HTTP/2 undici joins several headers of one name to one, which is another group; and a stream that is not closed yet when
    // its client is destroyed ends the process with an error that nobody can catch (8.12, 8.13). API servers speak no WebSocket over it (RFC 8441). HTTP/1.1 is as fast here.
    allowH2: false,
  };
  const shared = {
    connections: limits.connections,
    keepAliveTimeout: 30_000,
    pipelining: 1,
    webSocket: { maxPayloadSize: MAX_BYTES.output },
  };
  if (proxy === undefined) return new Agent({ ...shared, connect: connectWith(connect, identity) });
  if (proxy.url.protocol.startsWith('socks')) {
    const address = proxy.url.href.replace('socks5h:', 'socks5:');
    const timeouts = { connectTimeout: limits.connectTimeoutMs };
    return new Socks5ProxyAgent(address, {
      ...shared,
      ...timeouts,
      requestTls: connect,
      connect: connectToProxy(proxy, limits),
    });
  }
  return new ProxyAgent({
    ...shared,
    uri: proxy.url.href,
    requestTls: connect,
    proxyTls: proxyTls(identity),
    clientFactory: (origin, options) => new TunnelPool(proxy, origin, options, limits.connectTimeoutMs),
  });
}

/** Opens connections that share what is made of certificates and keys, which takes as long as a handshake. */
function connectWith(options: buildConnector.BuildOptions, { tls }: Identity): buildConnector.connector {
  let connect: buildConnector.connector | undefined;
  return (target, callback) => {
    try {
      connect ??= buildConnector(
        target.protocol === 'https:' ? { ...options, secureContext: createSecureContext(tls) } : options,
      );
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    connect(target, callback);
  };
}

/** Go's clients, hence kubectl's, check a proxy's certificate with what the cluster's is checked with; here the system's counts, too. */
function proxyTls({ tls: { ca, rejectUnauthorized } }: Identity): Record<string, unknown> {
  return {
    ...(ca !== undefined && { ca: [...rootCertificates, String(ca)], allowPartialTrustChain: true }),
    ...defined({ rejectUnauthorized }),
    allowH2: false,
  };
}

/** Connections to an HTTP proxy, from which tunnels are asked for. */
class TunnelPool extends Pool {
  readonly #proxy: ProxyServer;
  readonly #answerMs: number;

  constructor(proxy: ProxyServer, origin: URL, options: object, answerMs: number) {
    super(origin, options);
    this.#proxy = proxy;
    this.#answerMs = answerMs;
  }

  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>;
  override connect(
    options: Dispatcher.ConnectOptions,
    callback: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ): void;
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    return this.#tunnel(options);
  }

  async #tunnel(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    let answer: Dispatcher.ConnectData;
    try {
      // undici would wait 5 minutes for the answer to CONNECT.
      const signal = AbortSignal.timeout(this.#answerMs);
      answer = await untilAborted(super.connect({ ...options, signal }), signal);
    } catch (error) {
      throw new ProxyError(this.#proxy, error);
    }
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => undefined).destroy();
    throw new ProxyError(this.#proxy, answer.statusCode);
  }
}

function connectToProxy(proxy: ProxyServer, limits: DispatcherLimits): buildConnector.connector {
  const connect = buildConnector({ timeout: limits.connectTimeoutMs });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, socket);
      else callback(new ProxyError(proxy, error), null);
    });
}
