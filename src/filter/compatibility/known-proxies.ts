import { NEWEST_KNOWN_ENVOY, OLDEST_KNOWN_ENVOY } from './host-functions.ts';
import { firstIstioWith, type ProxyVersion } from './proxy-version.ts';

/** Whether the tables of host functions are right for a proxy: of others little is known, and nothing is refused for them. */
export function isKnownProxy({ envoy: { major, minor } }: ProxyVersion): boolean {
  return major === 1 && minor >= OLDEST_KNOWN_ENVOY && minor <= NEWEST_KNOWN_ENVOY;
}

/** All proxies that the tables are right for, oldest first, one for each minor version. */
export const KNOWN_PROXIES: readonly ProxyVersion[] = Array.from(
  { length: NEWEST_KNOWN_ENVOY - OLDEST_KNOWN_ENVOY + 1 },
  (_, index) => firstIstioWith(OLDEST_KNOWN_ENVOY + index),
);
