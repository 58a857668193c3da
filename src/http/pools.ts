import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { type ProxyEnvironment, proxyFor } from '../base/proxy.ts';

const POOL = { connections: 4, connect: { timeout: 10_000 } } as const;

/** Connections to any servers, a few to each: to this machine directly, to others through the proxy that the environment names. */
export class Pools {
  readonly #environment: ProxyEnvironment;
  readonly #direct = new Agent(POOL);
  /** By the address of the proxy; made when it is needed. */
  readonly #proxied = new Map<string, Dispatcher>();

  constructor(environment: ProxyEnvironment) {
    this.#environment = environment;
  }

  /** What requests to an address go through. Throws where the environment names a proxy by an address that is none. */
  dispatcher(address: URL): Dispatcher {
    const proxy = proxyFor(address, this.#environment);
    if (proxy === undefined) return this.#direct;
    if ('fault' in proxy) throw new Error(`${proxy.origin} ${proxy.fault}`);
    const { href } = proxy.url;
    const known = this.#proxied.get(href) ?? new ProxyAgent({ ...POOL, uri: href.replace('socks5h:', 'socks5:') });
    this.#proxied.set(href, known);
    return known;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#direct, ...this.#proxied.values()].map((pool) => pool.destroy()));
  }
}
