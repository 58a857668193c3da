import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, Socks5ProxyAgent } from 'undici';
import { environmentProxies, isLoopback, type ProxyEnvironment } from '../base/proxy.ts';

/** What one identity needs to call its cluster. */
export interface Identity {
  /** TLS settings: authority, client certificate and key, server name. */
  readonly tls: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** How connections are opened. Sizes are connections, times milliseconds. */
export interface DispatcherLimits {
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/** Asks client-node for the TLS settings and headers of a configuration; runs an exec plugin when it has one. */
export async function resolveIdentity(config: KubeConfig): Promise<Identity> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, passphrase, rejectUnauthorized, servername, auth } = options;
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, passphrase, rejectUnauthorized, servername }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
  if (auth) headers.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  return { tls, headers };
}

/**
 * Makes the connection pool for a cluster: through the kubeconfig's `proxy-url` (HTTP or SOCKS5), else through the
 * environment's HTTPS_PROXY unless NO_PROXY or a loopback address forbids it, else directly.
 * client-node would open a connection per request, hence one pool of our own.
 */
export function makeDispatcher(
  server: string,
  proxyUrl: string | undefined,
  identity: Identity,
  limits: DispatcherLimits,
  environment: ProxyEnvironment,
): Dispatcher {
  const connect = { ...identity.tls, timeout: limits.connectTimeoutMs, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const shared = { connections: limits.connections, keepAliveTimeout: 30_000, pipelining: 1 };
  if (proxyUrl?.startsWith('socks')) {
    return new Socks5ProxyAgent(proxyUrl.replace(/^socks5?h?:/, 'socks5:'), { ...shared, requestTls: connect });
  }
  if (proxyUrl) return new ProxyAgent({ ...shared, uri: proxyUrl, requestTls: connect });
  const { httpsProxy, noProxy } = environmentProxies(environment);
  if (httpsProxy !== undefined && !isLoopback(new URL(server).hostname)) {
    return new EnvHttpProxyAgent({ ...shared, connect, requestTls: connect, httpsProxy, noProxy });
  }
  return new Agent({ ...shared, connect });
}
