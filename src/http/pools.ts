import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { environmentProxies, isLoopback, type ProxyEnvironment } from '../base/proxy.ts';

const POOL = { connections: 4, connect: { timeout: 10_000 } } as const;

/** Connections to any servers, a few to each: to this machine directly, to others through the proxy that the environment names. */
export class Pools {
  readonly #environment: ProxyEnvironment;
  readonly #direct = new Agent(POOL);
  /** Made when it is needed: a proxy's address may be wrong. */
  #outside: Dispatcher | undefined;

  constructor(environment: ProxyEnvironment) {
    this.#environment = environment;
  }

  /** What requests to an address go through. */
  dispatcher({ hostname }: URL): Dispatcher {
    // What is not given here, undici would read from the environment of the process.
    const { httpProxy = '', httpsProxy = '', noProxy } = environmentProxies(this.#environment);
    if (isLoopback(hostname) || (httpProxy === '' && httpsProxy === '')) return this.#direct;
    this.#outside ??= new EnvHttpProxyAgent({ ...POOL, httpProxy, httpsProxy, noProxy });
    return this.#outside;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#outside?.destroy()]);
  }
}
