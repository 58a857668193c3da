import { BEFORE_ROUTER } from '../../filter/insertion.ts';
import type { WasmSettings } from '../../filter/settings.ts';
import { differsFrom } from '../objects/wasm-settings.ts';
import { type FilterChain, type Listener, parseListeners } from './config-dump.ts';
import { pluginName } from './ecds.ts';
import { isInConfiguredPosition } from './filter-order.ts';
import {
  type Absent,
  absentOn,
  chainsOf,
  hasPlace,
  type Place,
  placesOf,
  SIDES,
  type Side,
  type WantedPlace,
} from './places.ts';

/** What a proxy should have: a module, at its path, with its settings. */
interface WantedFile extends WantedPlace {
  /** The name of the filter, which Envoy uses when it refuses it. */
  readonly filter: string;
  /** The module's path in the proxy. */
  readonly file: string;
  readonly settings: WasmSettings;
  /** The minor version of the proxy's Envoy 1, where it is known. */
  readonly envoy?: number;
}

/** What a proxy should have: a place for a filter whose configuration comes apart from the listener; see `inspectExtension`. */
interface WantedPlugin extends WantedPlace {
  /** `NAMESPACE.NAME` of the WasmPlugin. */
  readonly plugin: string;
}

export type WantedFilter = WantedFile | WantedPlugin;

/** The filter is where it should be, on every side that has a place for it. */
export interface Present {
  readonly state: 'present';
  readonly places: readonly Place[];
  /** Of direction `any`, the side that has no HTTP for it. */
  readonly missing: readonly Absent[];
}

/**
 * What a proxy has: the filter as wanted, a refusal of it, the filter with other settings, or nothing of it. `outdated` and
 * `absent` may pass: a proxy hears of an EnvoyFilter some time after it was written.
 */
export type ListenerVerdict =
  | Present
  | { readonly state: 'rejected'; readonly details: string }
  /** `differs` are the inputs whose settings it has otherwise. */
  | { readonly state: 'outdated'; readonly differs: readonly string[] }
  | Absent;

/**
 * Looks for a filter in the answer of Envoy's `/config_dump?resource=dynamic_listeners`
 * (https://www.envoyproxy.io/docs/envoy/latest/operations/admin). Chains for ports that no Service names count only where there
 * are no others. With direction `any`, each side is judged for itself, and one without HTTP for the filter is missing, unless both are.
 */
export function inspectListeners(dump: string, wanted: WantedFilter): ListenerVerdict {
  const listeners = parseListeners(dump);
  const sides = SIDES[wanted.direction];
  if (!listeners.ok) {
    const unreadable = listeners.problems[0]?.message ?? '';
    return { state: 'absent', http: [], tcp: [], side: sides[0] ?? 'inbound', unreadable };
  }
  const found = sides.map((side) => inspectSide(listeners.value, wanted, side));
  const worst = found.find(({ state }) => state === 'rejected') ?? found.find(({ state }) => state === 'outdated');
  if (worst !== undefined) return worst;
  const missing = found.filter((verdict) => verdict.state === 'absent');
  const [absent] = missing;
  const amiss =
    missing.find((side) => hasPlace(side, wanted)) ?? (missing.length === found.length ? absent : undefined);
  if (amiss !== undefined) return amiss;
  const differs = elsewhere(listeners.value, wanted);
  if (differs.length > 0) return { state: 'outdated', differs };
  const places = found.flatMap((verdict) => (verdict.state === 'present' ? verdict.places : []));
  return { state: 'present', places, missing };
}

/** A filter that is wanted in fewer places than before is still in the others until the proxy hears of it. */
function elsewhere(listeners: readonly Listener[], wanted: WantedFilter): string[] {
  if ('plugin' in wanted) return [];
  const sides = SIDES[wanted.direction];
  const differs = listeners.flatMap(({ direction, active }) =>
    active
      .filter((chain) => placesIn(chain, wanted).length > 0)
      .flatMap(({ port }) => {
        if (!sides.includes(direction)) return ['direction'];
        return wanted.port === undefined || port === undefined || port === wanted.port ? [] : ['port'];
      }),
  );
  return [...new Set(differs)];
}

function inspectSide(listeners: readonly Listener[], wanted: WantedFilter, side: Side): ListenerVerdict {
  const own = listeners.filter(({ direction }) => direction === side);
  const refused = own.find((listener) => refuses(listener, wanted))?.refused;
  if (refused !== undefined)
    return { state: 'rejected', details: refused.details.trim() || 'the listener was rejected' };
  const holding = chainsOf(listeners, side, wanted.port)
    .map((chain) => ({ chain, found: placesIn(chain, wanted) }))
    .filter(({ found }) => found.length > 0);
  if (holding.length === 0) return absentOn(listeners, side, wanted);
  const differs = [...new Set(holding.flatMap(({ found }) => found.flat()))];
  if (differs.length > 0) return { state: 'outdated', differs };
  const places = placesOf(
    side,
    holding.map(({ chain }) => chain),
  );
  return { state: 'present', places, missing: [] };
}

/**
 * Whether a listener refused just what is wanted. An older refusal, of other settings, stays in it until the next update; a
 * listener that is refused for another filter's sake does not take ours either.
 */
function refuses({ active, refused }: Listener, wanted: WantedFilter): boolean {
  if (refused === undefined || holds(active, wanted)) return false;
  if (refused.chains.length > 0) return holds(refused.chains, wanted);
  // Without the configuration that failed, Envoy's words are all there is: "Unable to create Wasm plugin NAME".
  if ('plugin' in wanted) return refused.details.includes(wanted.plugin);
  return refused.details.includes(wanted.file) || refused.details.split(/[^-\w]+/).includes(wanted.filter);
}

function holds(chains: readonly FilterChain[], wanted: WantedFilter): boolean {
  return chains.some((chain) => placesIn(chain, wanted).some((differs) => differs.length === 0));
}

/** Of each place that the filter has in a chain, the inputs whose settings are other ones there. */
function placesIn({ wasm, plugins, httpFilters }: FilterChain, wanted: WantedFilter): string[][] {
  if ('plugin' in wanted) return plugins.filter((name) => pluginName(name) === wanted.plugin).map(() => []);
  return wasm
    .filter(({ file }) => file === wanted.file)
    .map(({ settings, position }) => [
      ...differsFrom(settings, wanted.settings, wanted.envoy),
      ...(isInConfiguredPosition(httpFilters, position, wanted.insert ?? BEFORE_ROUTER) ? [] : ['insert']),
    ]);
}
