import { dataKey } from '../../base/json.ts';
import type { FilterSettings } from '../../filter/settings.ts';

/** A filter of a run on a workload; lists of them have the order of the run's filters. */
export type OrderedFilter = Pick<FilterSettings, 'insert' | 'image' | 'order'>;

/**
 * Returns the orders that filters get on one workload, so that none are equal in the same place of the chain: an order that an earlier
 * filter has already becomes the next free one. Hence filters without an order come in that of the run's list, a lone one keeps its
 * own, and whatever is inserted into the list, a workload that does not get it keeps its revisions.
 */
export function ordersOn(filters: readonly OrderedFilter[]): readonly number[] {
  const orders = filters.map(({ order }) => order);
  const places = Map.groupBy(filters.keys(), (index) => placeOf(filters[index] as OrderedFilter));
  for (const indexes of places.values()) {
    // Sorting is stable: of one order, the first in the list comes first.
    const sorted = [...indexes].sort((a, b) => (orders[a] ?? 0) - (orders[b] ?? 0));
    let last = Number.NEGATIVE_INFINITY;
    for (const index of sorted) {
      last = Math.max(orders[index] ?? 0, last + 1);
      orders[index] = last;
    }
  }
  return orders;
}

/** Where the order decides: beside the same filter of the proxy, or in the same phase of those that are pulled. */
function placeOf({ insert, image }: OrderedFilter): string {
  return image === undefined ? dataKey(insert) : `image ${image.phase}`;
}
