import { type LookupAddress, type LookupOptions, lookup as lookUp } from 'node:dns';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import { type ProxyEnvironment, proxyFor } from '../base/proxy.ts';
import type { Admitted, Perimeter } from './perimeter.ts';

const CONNECTIONS = 4;
/** Over HTTP/2 a stream that is not closed yet when its client is destroyed ends the process with an error that nobody can catch (8.12). */
const HTTP1 = { allowH2: false } as const;
const CONNECT = { timeout: 10_000, ...HTTP1 } as const;
const POOL = { connections: CONNECTIONS, ...HTTP1 } as const;

/** How names become connections; tests have an Internet of their own. */
export interface Network {
  /** All addresses of a name. */
  readonly lookup: (
    hostname: string,
    options: LookupOptions & { readonly all: true },
    callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ) => void;
  readonly connector: typeof buildConnector;
}

const INTERNET: Network = { lookup: lookUp, connector: buildConnector };

/**
 * Connections to the servers inside a perimeter, a few to each: to this machine directly, to others through the proxy that the
 * environment names.
 */
export class Pools {
  readonly #environment: ProxyEnvironment;
  readonly #perimeter: Perimeter;
  readonly #direct: Dispatcher;
  /** By the address of the proxy; made when it is needed. */
  readonly #proxied = new Map<string, Dispatcher>();

  constructor(environment: ProxyEnvironment, perimeter: Perimeter, network = INTERNET) {
    this.#environment = environment;
    this.#perimeter = perimeter;
    const connect = network.connector({
      ...CONNECT,
      lookup: (hostname, options, callback) =>
        void lookUpWithin(perimeter, network, hostname, options).then(
          (admitted) => {
            if (options.all === true) callback(null, [...admitted]);
            else callback(null, admitted[0].address, admitted[0].family);
          },
          (error) => callback(error, []),
        ),
    });
    this.#direct = new Agent({ connections: CONNECTIONS, connect });
  }

  /**
   * What requests to an address go through. Throws where the environment names a proxy by an address that is none.
   * @throws RefusedDestinationError
   */
  dispatcher(address: URL): Dispatcher {
    const proxy = proxyFor(address, this.#environment);
    this.#perimeter.enter(address.hostname, !proxy.ok || proxy.value !== undefined);
    if (!proxy.ok) throw new Error(`${proxy.origin} ${proxy.fault}`);
    if (proxy.value === undefined) return this.#direct;
    const { href, protocol } = proxy.value.url;
    // undici takes a SOCKS proxy that has any for one that is spoken to over TLS.
    const proxyTls = protocol === 'https:' ? { proxyTls: CONNECT } : {};
    const uri = href.replace('socks5h:', 'socks5:');
    const known = this.#proxied.get(href) ?? new ProxyAgent({ ...POOL, ...proxyTls, uri });
    this.#proxied.set(href, known);
    return known;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#direct, ...this.#proxied.values()].map((pool) => pool.destroy()));
  }
}

/** What a connection is made to: the very addresses that were judged; the name is not resolved again in between. */
function lookUpWithin(
  perimeter: Perimeter,
  { lookup }: Network,
  hostname: string,
  options: LookupOptions,
): Promise<Admitted> {
  return new Promise<LookupAddress[]>((resolve, reject) =>
    lookup(hostname, { ...options, all: true }, (failure, addresses) =>
      failure === null ? resolve(addresses) : reject(failure),
    ),
  ).then((addresses) => perimeter.admit(hostname, addresses));
}
