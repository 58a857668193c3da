import { count, listWords, MAX_LISTED, someOf } from '../../base/text.ts';
import { nameSettings, type WrittenFilter } from '../../filter/written.ts';
import type { FilterResourceKind } from '../objects/filter-resource.ts';
import { type Capture, captureInbound, captureOutbound, describeSetting } from '../template/capture.ts';
import type { Redirection, Setting } from '../template/redirection.ts';
import { explainAbsence } from './absence.ts';
import { type Absent, hasPlace, type Place, SIDES, type Side, type WantedPlace } from './places.ts';

/** Something to know of a filter that has an effect: which requests pass by it. A clause. */
export interface Note {
  /** A warning tells what somebody may not have meant; a note, how it is. */
  readonly severity: 'warning' | 'note';
  readonly text: string;
}

/** Whether requests reach a filter where it is. `why` is a clause; no remedy is told where nothing but the filter's own settings helps. */
export type Reach =
  | { readonly state: 'reached'; readonly notes: readonly Note[] }
  | { readonly state: 'unreached'; readonly why: string; readonly remedy?: string };

/** Where a filter is, or would be, and the sides that have no place for it. */
export interface Placed {
  readonly places: readonly Place[];
  readonly missing: readonly Absent[];
}

/** What of a side reaches the filter. */
interface SideReach {
  readonly side: Side;
  readonly reached: boolean;
  /** Ports whose requests pass by it, by the setting that makes them. */
  readonly past: readonly (readonly [Setting, readonly Place[]])[];
  readonly partly: readonly Setting[];
  readonly missing: Absent | undefined;
}

/**
 * Whether the requests that a filter is for come to the sidecar at all. `redirection` is `undefined` if nothing is redirected, as
 * in a gateway, or nothing tells: then all of them do.
 */
export function judgeReach(
  { places, missing }: Placed,
  wanted: WantedPlace,
  redirection: Redirection | undefined,
  filterResource?: FilterResourceKind,
): Reach {
  const sides = SIDES[wanted.direction].map((side) => reachOf(side, places, missing, redirection));
  const explain = (one: SideReach): string =>
    one.missing === undefined
      ? listWords(one.past.map(describePast), 'and')
      : explainMissing(one.missing, wanted, redirection, filterResource);
  const live = sides.filter(({ reached }) => reached);
  if (live.length === 0) {
    const [setting, at] = sides.flatMap(({ past }) => past)[0] ?? [];
    const why = someOf(sides.map(explain), MAX_LISTED, '; ');
    return { state: 'unreached', why, ...(setting !== undefined && { remedy: remedyFor(setting, at ?? []) }) };
  }
  const only = live.map(({ side }) => side).join();
  const notes = sides.flatMap((one): Note[] => {
    if (!one.reached) {
      return [{ severity: 'warning', text: `${only} only: ${explain(one)}` }];
    }
    return [
      ...one.past.map((past): Note => ({ severity: 'warning', text: describePast(past) })),
      ...one.partly.map(
        (setting): Note => ({
          severity: 'note',
          text: `only part of the ${one.side} requests reach the sidecar, because of ${describeSetting(setting)}`,
        }),
      ),
    ];
  });
  return { state: 'reached', notes };
}

/** Returns what to do about a filter that is at no port. */
export function portRemedy(written: WrittenFilter): string {
  return `Check ${nameSettings(['direction', 'port'], written)}. If the Service has the port as TCP, set \`appProtocol: http\` on that port, or begin the name of the port with "http".`;
}

/** Returns what to do about a filter whose neighbour is not there. */
export function insertRemedy(written: WrittenFilter): string {
  return `Name one of these in ${nameSettings(['insert'], written)}, or deploy the filter that it names first.`;
}

/** Why a side has no place for a filter, as a clause. */
export function explainMissing(
  absent: Absent,
  wanted: WantedPlace,
  redirection: Redirection | undefined,
  filterResource?: FilterResourceKind,
): string {
  const { mode } = redirection ?? {};
  if (
    mode?.value === 'NONE' &&
    absent.side === 'inbound' &&
    absent.withoutAnchor === undefined &&
    !hasPlace(absent, wanted)
  ) {
    return `the sidecar gets inbound requests only at the ingress listeners of a Sidecar resource, because of ${describeSetting(mode)}, and none of them has ${wanted.port === undefined ? 'HTTP' : `HTTP on port ${wanted.port}`}`;
  }
  return explainAbsence(absent, wanted, filterResource);
}

function reachOf(
  side: Side,
  places: readonly Place[],
  missing: readonly Absent[],
  redirection: Redirection | undefined,
): SideReach {
  const here = places
    .filter((place) => place.side === side)
    .map((place) => ({ place, capture: captureAt(place, redirection) }));
  const past = Map.groupBy(
    here.flatMap(({ place, capture }) => (capture.state === 'not' ? [{ place, by: capture.by }] : [])),
    ({ by }) => by,
  );
  const partly = new Set(here.flatMap(({ capture }) => (capture.state === 'partly' ? [capture.by] : [])));
  return {
    side,
    reached: here.some(({ capture }) => capture.state !== 'not'),
    past: [...past].map(([by, those]) => [by, those.map(({ place }) => place)] as const),
    partly: [...partly],
    missing: here.length > 0 ? undefined : missing.find((absent) => absent.side === side),
  };
}

function captureAt({ side, port, bound }: Place, redirection: Redirection | undefined): Capture {
  if (bound || redirection === undefined) return { state: 'captured' };
  return side === 'inbound' ? captureInbound(redirection, port) : captureOutbound(redirection, port);
}

function describePast([setting, places]: readonly [Setting, readonly Place[]]): string {
  const [first] = places;
  const ports = portsOf(places);
  const to = ports.length === 0 ? '' : ` to ${portWords(ports)}`;
  return `${first?.side ?? 'inbound'} requests${to} bypass the sidecar, because of ${describeSetting(setting)}`;
}

function remedyFor({ annotation, meshWide, written }: Setting, places: readonly Place[]): string {
  const ports = portsOf(places);
  const those = ports.length === 0 ? 'the ports' : portWords(ports);
  const other = 'or take the workload out of the target list';
  if (meshWide) {
    return `Set the annotation ${annotation} on its pod template so that ${those} ${ports.length === 1 ? 'is' : 'are'} captured: it overrides the mesh-wide value; ${other}.`;
  }
  if (annotation.endsWith('/interceptionMode')) {
    return `Use REDIRECT or TPROXY there, or give the workload a Sidecar resource with an ingress listener; ${other}.`;
  }
  if (annotation.endsWith('/excludeInterfaces')) return `Take ${written} out of that annotation, ${other}.`;
  const ranges = annotation.endsWith('Ranges');
  if (annotation.includes('/exclude')) return `Take ${ranges ? 'the ranges' : those} out of that annotation, ${other}.`;
  return `Add ${ranges ? 'the ranges of what it calls' : those} to that annotation, ${other}.`;
}

function portsOf(places: readonly Place[]): number[] {
  return places.flatMap(({ port }) => port ?? []).sort((a, b) => a - b);
}

/** How many ports a reader is told of. */
const MAX_PORTS = 8;

/** `port 80`, `ports 80 and 81`. */
function portWords(ports: readonly number[]): string {
  const more = ports.length - MAX_PORTS;
  const shown = ports.slice(0, MAX_PORTS).map(String);
  return `${ports.length === 1 ? 'port' : 'ports'} ${listWords(more > 0 ? [...shown, count(more, 'more', 'more')] : shown, 'and')}`;
}
