import type { TargetEntry } from '../targets/target.ts';
import type { DeployRequest, RemovalRequest, StatusRequest } from './request.ts';

/** A request of a command that talks to clusters. */
export type ClusterRequest = DeployRequest | RemovalRequest | StatusRequest;

/**
 * Returns what a request asks of one cluster: the entries that are for it, and the filters and scopes that have any left. An entry
 * that names no cluster is for each of them.
 */
export function requestIn<T extends ClusterRequest>(request: T, cluster: string): T {
  const isFor = ({ clusters }: TargetEntry): boolean =>
    clusters === undefined || clusters.some(({ name }) => name === cluster);
  if ('filters' in request) {
    const filters = request.filters.map((filter) => ({ ...filter, targets: filter.targets.filter(isFor) }));
    return {
      ...request,
      filters: filters.filter(({ targets }, index) => keeps(targets, request.filters[index]?.targets)),
    };
  }
  const scopes = request.scopes.map((scope) => ({ ...scope, entries: scope.entries.filter(isFor) }));
  return { ...request, scopes: scopes.filter(({ entries }, index) => keeps(entries, request.scopes[index]?.entries)) };
}

/** Whether a list is for a cluster: some of it is, or there was none to begin with, which means all that is there. */
function keeps(left: readonly TargetEntry[], all: readonly TargetEntry[] = []): boolean {
  return left.length > 0 || all.length === 0;
}
