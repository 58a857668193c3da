/** Environment variables that name a proxy, as other tools on a runner read them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** The proxies that an environment names. */
export interface EnvironmentProxies {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  /** Hosts that are reached without one, as NO_PROXY lists them. */
  readonly noProxy: string;
}

/** What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say, in upper or lower case. */
export function environmentProxies(environment: ProxyEnvironment): EnvironmentProxies {
  const read = (name: string): string | undefined => environment[name] ?? environment[name.toLowerCase()];
  const httpProxy = read('HTTP_PROXY');
  const httpsProxy = read('HTTPS_PROXY');
  return {
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    noProxy: read('NO_PROXY') ?? '',
  };
}

/** Whether a URL's host name is this machine; Go's clients, hence kubectl, never send such requests to a proxy. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
