import { count, listWords } from '../base/text.ts';
import { anchorOf, BEFORE_ROUTER, describeInsertion, type Insertion } from '../filter/insertion.ts';
import type { Direction, WasmSettings } from '../filter/settings.ts';
import { standsThere } from './chain-place.ts';
import { type FilterChain, type Listener, parseListeners } from './config-dump.ts';
import { pluginName } from './ecds.ts';
import type { InserterKind } from './inserter.ts';
import { shownOtherwise } from './wasm-settings.ts';

/** Where a proxy should have a filter: in listeners of a direction and port. */
interface WantedPlace {
  readonly direction: Direction;
  readonly port?: number;
  /** Where it is to stand; before the router when absent. Of a plugin it only explains why it is not there. */
  readonly insert?: Insertion;
}

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

type Side = Listener['direction'];

/** The listeners of a gateway are outbound ones for Envoy. */
const SIDES: Readonly<Record<Direction, readonly Side[]>> = {
  inbound: ['inbound'],
  outbound: ['outbound'],
  any: ['inbound', 'outbound'],
  gateway: ['outbound'],
};

/** The filter is in no listener: the ports of the side that lacks it, by whether they speak HTTP. */
export interface Absent {
  readonly state: 'absent';
  readonly http: readonly number[];
  readonly tcp: readonly number[];
  readonly side: Side;
  /** The HTTP filters that are there, where none of them is the one beside which ours is to stand. */
  readonly withoutAnchor?: readonly string[];
  /** Why Envoy's answer said nothing. */
  readonly unreadable?: string;
}

/**
 * What a proxy has: the filter as wanted, a refusal of it, the filter with other settings, or nothing of it. `outdated` and
 * `absent` may pass: a proxy hears of an EnvoyFilter some time after it was written.
 */
export type ListenerVerdict =
  | { readonly state: 'present' }
  | { readonly state: 'rejected'; readonly details: string }
  /** `differs` are the inputs whose settings it has otherwise. */
  | { readonly state: 'outdated'; readonly differs: readonly string[] }
  | Absent;

/**
 * Looks for a filter in the answer of Envoy's `/config_dump?resource=dynamic_listeners`
 * (https://www.envoyproxy.io/docs/envoy/latest/operations/admin). Chains for ports that no Service names count only where there
 * are no others. With direction `any`, a side without HTTP is passed over, unless both are.
 */
export function inspectListeners(dump: string, wanted: WantedFilter): ListenerVerdict {
  const listeners = parseListeners(dump);
  const sides = SIDES[wanted.direction];
  if (!listeners.ok) {
    const unreadable = listeners.problems[0]?.message ?? '';
    return { state: 'absent', http: [], tcp: [], side: sides[0] ?? 'inbound', unreadable };
  }
  const found = sides.map((side) =>
    inspectSide(
      listeners.value.filter(({ direction }) => direction === side),
      wanted,
      side,
    ),
  );
  const worst = found.find(({ state }) => state === 'rejected') ?? found.find(({ state }) => state === 'outdated');
  if (worst !== undefined) return worst;
  const lacking = found.filter((verdict) => verdict.state === 'absent');
  const amiss = lacking.find(({ http }) => (wanted.port === undefined ? http.length > 0 : http.includes(wanted.port)));
  if (amiss !== undefined) return amiss;
  const [absent] = lacking;
  if (absent !== undefined && lacking.length === found.length) return absent;
  const differs = elsewhere(listeners.value, wanted);
  return differs.length === 0 ? { state: 'present' } : { state: 'outdated', differs };
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
  const refused = listeners.find((listener) => refuses(listener, wanted))?.refused;
  if (refused !== undefined)
    return { state: 'rejected', details: refused.details.trim() || 'the listener was refused' };
  const chains = listeners.flatMap(({ active }) => active);
  const named = chains.filter(({ port }) => port !== undefined);
  const relevant = named.length > 0 || wanted.port !== undefined ? named : chains;
  const places = relevant.filter(({ port }) => wanted.port === undefined || port === wanted.port);
  const found = places.flatMap((chain) => placesIn(chain, wanted));
  if (found.length === 0) return { state: 'absent', ...portsOf(named), side, ...anchorless(places, wanted) };
  const differs = [...new Set(found.flat())];
  return differs.length === 0 ? { state: 'present' } : { state: 'outdated', differs };
}

/** Istio leaves a filter out, without a word, where the one beside which it is to stand is missing. */
function anchorless(chains: readonly FilterChain[], { insert }: WantedFilter): Pick<Absent, 'withoutAnchor'> {
  const anchor = insert === undefined ? undefined : anchorOf(insert);
  const names = [...new Set(chains.flatMap(({ httpFilters }) => httpFilters.filter((name) => name !== '')))];
  return anchor === undefined || names.length === 0 || names.includes(anchor) ? {} : { withoutAnchor: names };
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
    .map(({ settings, place }) => [
      ...shownOtherwise(settings, wanted.settings, wanted.envoy),
      ...(standsThere(httpFilters, place, wanted.insert ?? BEFORE_ROUTER) ? [] : ['insert']),
    ]);
}

function portsOf(chains: readonly FilterChain[]): Pick<Absent, 'http' | 'tcp'> {
  const http = new Set(chains.flatMap((chain) => (chain.http ? (chain.port ?? []) : [])));
  const tcp = new Set(chains.flatMap(({ port }) => port ?? [])).difference(http);
  const sorted = (ports: ReadonlySet<number>): number[] => [...ports].sort((a, b) => a - b);
  return { http: sorted(http), tcp: sorted(tcp) };
}

/** Why a filter has no effect in a proxy, as a clause without a full stop; `inserter` is what should have put it there. */
export function explainAbsence(
  { http, tcp, side, unreadable, withoutAnchor }: Absent,
  { port, insert, direction }: WantedPlace,
  inserter: InserterKind = 'EnvoyFilter',
): string {
  if (unreadable !== undefined) return unreadable.replace(/\.$/, '');
  const gateway = direction === 'gateway';
  if (withoutAnchor !== undefined && insert !== undefined) {
    return `it is to stand ${describeInsertion(insert)}, but ${gateway ? '' : `${side} `}there is no such HTTP filter, only ${listWords(withoutAnchor.slice(0, MOST_FILTERS), 'and')}`;
  }
  const inbound = side === 'inbound';
  const known = [
    ...(http.length === 0 ? [] : [`HTTP on ${portWords(http)}`]),
    ...(tcp.length === 0 ? [] : [`TCP on ${portWords(tcp)}`]),
  ];
  const others =
    known.length === 0 ? '' : `; the proxy ${inbound || gateway ? 'serves' : 'sends'} ${listWords(known, 'and')}`;
  if (port === undefined) {
    if (http.length > 0 || (inbound && tcp.length === 0)) {
      return `the ${inserter} has not reached the proxy, or does not select the pod${others}`;
    }
    const only = tcp.length === 0 ? '' : `, only TCP on ${portWords(tcp)}`;
    if (gateway) return `no Gateway gives the proxy a port for HTTP${only}`;
    return `the proxy ${inbound ? 'serves no HTTP' : 'knows no HTTP destination'}${only}`;
  }
  if (http.includes(port)) return `the ${inserter} has not reached port ${port} of the proxy${others}`;
  if (tcp.includes(port)) return `port ${port} is TCP for the mesh, and only HTTP has filters${others}`;
  if (gateway)
    return `no Gateway opens port ${port} of the proxy (the container's port counts, not the Service's)${others}`;
  if (!inbound) return `the proxy knows no destination with port ${port}${others}`;
  if (known.length === 0) return `no Service names a port of its pods, so the proxy has no listener for port ${port}`;
  return `no Service leads to port ${port} of its pods (the container's port counts, not the Service's)${others}`;
}

/** How many ports and HTTP filters a reader is told of. */
const MOST_PORTS = 8;
const MOST_FILTERS = 20;

function portWords(ports: readonly number[]): string {
  const more = ports.length - MOST_PORTS;
  const shown = ports.slice(0, MOST_PORTS).map(String);
  return listWords(more > 0 ? [...shown, count(more, 'more', 'more')] : shown, 'and');
}
