import { count, listWords } from '../../base/text.ts';
import { describeInsertion } from '../../filter/insertion.ts';
import type { FilterResourceKind } from '../objects/filter-resource.ts';
import type { Absent, WantedPlace } from './places.ts';

/** Why a filter has no effect in a proxy, as a clause without a full stop; `filterResource` is what should have put it there. */
export function explainAbsence(
  { http, tcp, side, unreadable, withoutAnchor }: Absent,
  { port, insert, direction }: WantedPlace,
  filterResource: FilterResourceKind = 'EnvoyFilter',
): string {
  if (unreadable !== undefined) return unreadable.replace(/\.$/, '');
  const gateway = direction === 'gateway';
  if (withoutAnchor !== undefined && insert !== undefined) {
    return `it must be placed ${describeInsertion(insert)}, but ${gateway ? '' : `${side} `}there is no such HTTP filter, only ${listWords(withoutAnchor.slice(0, MAX_FILTERS), 'and')}`;
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
      return `the ${filterResource} has not reached the proxy, or does not select the pod${others}`;
    }
    const only = tcp.length === 0 ? '' : `, only TCP on ${portWords(tcp)}`;
    if (gateway) return `no Gateway gives the proxy a port for HTTP${only}`;
    return `the proxy ${inbound ? 'serves no HTTP' : 'knows no HTTP destination'}${only}`;
  }
  if (http.includes(port)) return `the ${filterResource} has not reached port ${port} of the proxy${others}`;
  if (tcp.includes(port)) return `port ${port} is TCP for the mesh, and only HTTP has filters${others}`;
  if (gateway)
    return `no Gateway opens port ${port} of the proxy (the container's port counts, not the Service's)${others}`;
  if (!inbound) return `the proxy knows no destination with port ${port}${others}`;
  if (known.length === 0) return `no Service names a port of its pods, so the proxy has no listener for port ${port}`;
  return `no Service leads to port ${port} of its pods (the container's port counts, not the Service's)${others}`;
}

/** How many ports and HTTP filters a reader is told of. */
const MAX_PORTS = 8;
const MAX_FILTERS = 20;

function portWords(ports: readonly number[]): string {
  const more = ports.length - MAX_PORTS;
  const shown = ports.slice(0, MAX_PORTS).map(String);
  return listWords(more > 0 ? [...shown, count(more, 'more', 'more')] : shown, 'and');
}
