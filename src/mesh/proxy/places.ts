import { anchorOf, type Insertion } from '../../filter/insertion.ts';
import type { Direction } from '../../filter/settings.ts';
import type { FilterChain, Listener } from './config-dump.ts';

/** Where a proxy should have a filter: in listeners of a direction and port. */
export interface WantedPlace {
  readonly direction: Direction;
  readonly port?: number;
  /** Where it is to stand; before the router when absent. Of a plugin it only explains why it is not there. */
  readonly insert?: Insertion;
}

export type Side = Listener['direction'];

/** The listeners of a gateway are outbound ones for Envoy. */
export const SIDES: Readonly<Record<Direction, readonly Side[]>> = {
  inbound: ['inbound'],
  outbound: ['outbound'],
  any: ['inbound', 'outbound'],
  gateway: ['outbound'],
};

/** The filter is in no listener of a side: its ports, by whether they speak HTTP. */
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

/** A port whose requests a filter sees; `undefined` for those that no Service names. */
export interface Place {
  readonly side: Side;
  readonly port: number | undefined;
  /** Whether a listener takes connections to it itself, so that they need no redirection. */
  readonly bound: boolean;
}

/** A chain, and whether its listener is bound. */
interface SeenChain extends FilterChain {
  readonly bound: boolean;
}

/**
 * The chains of a side that count for a filter: those of its port. Chains for ports that no Service names count only where there
 * are no others.
 */
export function chainsOf(listeners: readonly Listener[], side: Side, port: number | undefined): SeenChain[] {
  const chains = sideOf(listeners, side);
  const named = chains.filter((chain) => chain.port !== undefined);
  const relevant = named.length > 0 || port !== undefined ? named : chains;
  return relevant.filter((chain) => port === undefined || chain.port === port);
}

/** A side without the filter. */
export function absentOn(listeners: readonly Listener[], side: Side, { port, insert }: WantedPlace): Absent {
  const named = sideOf(listeners, side).filter((chain) => chain.port !== undefined);
  return { state: 'absent', ...portsOf(named), side, ...anchorless(chainsOf(listeners, side, port), insert) };
}

/** Whether a side that lacks a filter has HTTP where it should be, so that the mesh may only not have brought it yet. */
export function hasPlace({ http }: Absent, { port }: WantedPlace): boolean {
  return port === undefined ? http.length > 0 : http.includes(port);
}

/** The places of chains, each port once. */
export function placesOf(side: Side, chains: readonly SeenChain[]): Place[] {
  return [...new Map(chains.map(({ port, bound }) => [port, { side, port, bound }])).values()];
}

/**
 * Where a filter would be in a proxy that does not have it yet, and the sides where it would have no place, each with why: no HTTP,
 * or no filter beside which it could stand.
 */
export function expectPlaces(
  listeners: readonly Listener[],
  wanted: WantedPlace,
): { readonly places: readonly Place[]; readonly missing: readonly Absent[] } {
  const sides = SIDES[wanted.direction].map((side) => {
    const chains = chainsOf(listeners, side, wanted.port).filter(({ http }) => http);
    const absent = absentOn(listeners, side, wanted);
    return chains.length === 0 || absent.withoutAnchor !== undefined
      ? { places: [], missing: [absent] }
      : { places: placesOf(side, chains), missing: [] };
  });
  return { places: sides.flatMap(({ places }) => places), missing: sides.flatMap(({ missing }) => missing) };
}

/** Where a filter may be in a proxy that nobody has looked into. */
export function assumePlaces({ direction, port }: WantedPlace): readonly Place[] {
  return SIDES[direction].map((side) => ({ side, port, bound: false }));
}

function sideOf(listeners: readonly Listener[], side: Side): SeenChain[] {
  return listeners
    .filter(({ direction }) => direction === side)
    .flatMap(({ active, bound }) => active.map((chain) => ({ ...chain, bound })));
}

/** Istio leaves a filter out, without a word, where the one beside which it is to stand is missing. */
function anchorless(chains: readonly FilterChain[], insert: Insertion | undefined): Pick<Absent, 'withoutAnchor'> {
  const anchor = insert === undefined ? undefined : anchorOf(insert);
  const names = [...new Set(chains.flatMap(({ httpFilters }) => httpFilters.filter((name) => name !== '')))];
  return anchor === undefined || names.length === 0 || names.includes(anchor) ? {} : { withoutAnchor: names };
}

function portsOf(chains: readonly FilterChain[]): Pick<Absent, 'http' | 'tcp'> {
  const http = new Set(chains.flatMap((chain) => (chain.http ? (chain.port ?? []) : [])));
  const tcp = new Set(chains.flatMap(({ port }) => port ?? [])).difference(http);
  const sorted = (ports: ReadonlySet<number>): number[] => [...ports].sort((a, b) => a - b);
  return { http: sorted(http), tcp: sorted(tcp) };
}
