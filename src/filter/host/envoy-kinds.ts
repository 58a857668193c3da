import { NEWEST_KNOWN_ENVOY, OLDEST_KNOWN_ENVOY } from '../compatibility/host-functions.ts';
import type { ProxyVersion } from '../compatibility/proxy-version.ts';

/**
 * The minor versions of Envoy 1 since when it runs a module otherwise than before. Each was tried on Envoy 1.36.2, 1.37.0,
 * 1.38.2, 1.39.0 and 1.40.0.
 */
export const SINCE = {
  /** A module that starts may call `emscripten_notify_memory_growth`. */
  growthAtStart: 37,
  /** `poll_oneoff` may be called at the start and says that nothing has happened; before, it was a stand-in that fails. */
  polling: 39,
  /** `__main_void` is called after `_initialize`. */
  mainVoid: 39,
} as const;

/** Whether an Envoy is as new as that; `undefined` if its version is not known. */
export function isSince(envoy: number | undefined, minor: number): boolean | undefined {
  return envoy === undefined ? undefined : envoy >= minor;
}

/**
 * The Envoys for which a filter has to be tried, by their minor version: one of each kind that would run it otherwise, oldest
 * first. `undefined` stands for proxies of which too little is known: that are none, or outside of the tables.
 */
export function trialEnvoys(proxies: readonly ProxyVersion[]): readonly (number | undefined)[] {
  const minors = proxies.map(({ envoy: { major, minor } }) =>
    major === 1 && minor >= OLDEST_KNOWN_ENVOY && minor <= NEWEST_KNOWN_ENVOY ? minor : undefined,
  );
  const kinds = Map.groupBy(
    minors.toSorted((one = Infinity, other = Infinity) => one - other),
    kindOf,
  );
  return kinds.size === 0 ? [undefined] : [...kinds.values()].map(([oldest]) => oldest);
}

/** How many of the changes it has. */
function kindOf(envoy: number | undefined): number | undefined {
  return envoy === undefined ? undefined : Object.values(SINCE).filter((minor) => envoy >= minor).length;
}
