import { bypassesProxy } from './no-proxy.ts';
import { type Fault, faulty, ok, type Result } from './problem.ts';

/** Environment variables that name a proxy, as other tools on a runner read them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** A proxy and who names it. */
export interface ProxyServer {
  readonly url: URL;
  /** For messages: `variable HTTPS_PROXY`. */
  readonly origin: string;
}

/** What is wrong with the address of a proxy. */
export interface ProxyFault extends Fault {
  /** As in `ProxyServer`. */
  readonly origin: string;
}

/** The schemes of proxies that can be spoken to. */
const PROXY_SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];

/**
 * Returns the proxy that the environment names for a URL; `undefined` if there is none, NO_PROXY forbids it or the host is this
 * machine. HTTPS_PROXY is for `https:`, HTTP_PROXY for `http:`, each in upper or lower case, and an address without a scheme
 * means `http://` (golang.org/x/net/http/httpproxy, which is what kubectl uses).
 */
export function proxyFor(url: URL, environment: ProxyEnvironment): Result<ProxyServer | undefined, ProxyFault> {
  const [origin, address] = readVariable(environment, url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (address === '' || bypassesProxy(url, readVariable(environment, 'NO_PROXY')[1])) return ok(undefined);
  return readProxy(address.includes('://') ? address : `http://${address}`, `variable ${origin}`);
}

/** Reads a proxy's address. */
export function readProxy(address: string, origin: string): Result<ProxyServer, ProxyFault> {
  const url = URL.parse(address);
  if (url === null || url.hostname === '') return { ...faulty('is not a valid proxy address'), origin };
  if (decode(url.username) === undefined || decode(url.password) === undefined) {
    return { ...faulty('has a user name or a password with a "%" that is not written as "%25"'), origin };
  }
  if (PROXY_SCHEMES.includes(url.protocol)) return ok({ url, origin });
  return { ...faulty('has a scheme that is not http, https or socks5'), origin };
}

/** An address for messages: scheme, host and port, without a user name, a password or a path. */
export function shownAddress(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

/** The passwords of a proxy's address, as they are written and as they are meant. */
export function proxySecrets({ url: { password } }: ProxyServer): string[] {
  return password === '' ? [] : [...new Set([password, decode(password) ?? password])];
}

/** `undefined` if a percent sign begins no escaped character. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Whether a URL's host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return bypassesProxy(new URL(`http://${hostname}`), '');
}

/** A variable's value in upper, else in lower case, the first that is not empty, and the name that it was found under. */
function readVariable(environment: ProxyEnvironment, name: string): [name: string, value: string] {
  const lower = name.toLowerCase();
  const upperValue = environment[name]?.trim() ?? '';
  return upperValue === '' ? [lower, environment[lower]?.trim() ?? ''] : [name, upperValue];
}
