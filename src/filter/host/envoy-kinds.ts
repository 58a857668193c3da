import { isKnownProxy } from '../compatibility/known-proxies.ts';
import type { ProxyVersion } from '../compatibility/proxy-version.ts';

/**
 * Since when Envoy runs a module otherwise than before, by its minor version. Each was tried on Envoy 1.36.2, 1.37.0, 1.38.2, 1.39.0
 * and 1.40.0.
 */
export const CHANGES = {
  growthAtStart: { since: 37, what: 'A module that starts may call emscripten_notify_memory_growth.' },
  polling: {
    since: 39,
    what: 'poll_oneoff may be called at the start and says that nothing has happened; before, it was a stand-in that fails.',
  },
  mainVoid: { since: 39, what: '__main_void is called after _initialize.' },
} as const;

/** The minor versions of Envoy 1 of these changes. */
export const SINCE = {
  growthAtStart: CHANGES.growthAtStart.since,
  polling: CHANGES.polling.since,
  mainVoid: CHANGES.mainVoid.since,
} as const;

/** Whether an Envoy is as new as that; `undefined` if its version is not known. */
export function isSince(envoy: number | undefined, minor: number): boolean | undefined {
  return envoy === undefined ? undefined : envoy >= minor;
}

/** Proxies that would run a filter in the same way. */
export interface TrialGroup {
  /** The minor version of Envoy 1 that it is tried for, the oldest of them; `undefined` if too little is known of them. */
  readonly envoy: number | undefined;
  readonly proxies: readonly ProxyVersion[];
}

/**
 * The Envoys for which a filter has to be tried: one of each kind that would run it otherwise, oldest first. Of proxies that are
 * outside of the tables too little is known, and so where there are none.
 */
export function trialGroups(proxies: readonly ProxyVersion[]): readonly TrialGroup[] {
  const known = proxies.filter(isKnownProxy).toSorted((one, other) => one.envoy.minor - other.envoy.minor);
  const unknown = proxies.filter((proxy) => !isKnownProxy(proxy));
  const kinds = Map.groupBy(known, ({ envoy: { minor } }) => kindOf(minor));
  return [
    ...[...kinds.values()].map((alike) => ({ envoy: alike[0]?.envoy.minor, proxies: alike })),
    ...(unknown.length > 0 || proxies.length === 0 ? [{ envoy: undefined, proxies: unknown }] : []),
  ];
}

/** How many of the changes it has. */
function kindOf(envoy: number): number {
  return Object.values(SINCE).filter((minor) => envoy >= minor).length;
}
