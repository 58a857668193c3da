import { listWords } from '../../base/text.ts';
import type { Pod } from '../../cluster/objects.ts';
import { carriedFilters } from './refused-filter.ts';
import { metricName } from './wasm-counters.ts';

/** Which filters something in a pod can come from. Names of metrics stand for those that are not this action's. */
export interface Suspects {
  /** Those of this action that the pod carries. */
  readonly own: readonly string[];
  readonly foreign: readonly string[];
}

/** Returns the filters of a pod: those that its labels name, and what else its proxy counts VMs of. */
export function suspectsIn(pod: Pod, namespace: string, plugins: readonly string[]): Suspects {
  const carried = carriedFilters(namespace, pod);
  return {
    own: carried.map(({ filter }) => filter),
    foreign: plugins.filter((plugin) => ownerOfPlugin(plugin, carried) === undefined),
  };
}

/** Returns which filter of this action the name in a metric is of, or that name. */
export function filterOfPlugin(plugin: string, pod: Pod, namespace: string): string {
  return ownerOfPlugin(plugin, carriedFilters(namespace, pod)) ?? plugin;
}

function ownerOfPlugin(plugin: string, carried: ReturnType<typeof carriedFilters>): string | undefined {
  return carried.find(({ own }) => own.some(({ name }) => plugin === metricName(name) || isTranslated(plugin, name)))
    ?.filter;
}

/** Istio adds to the names of plugins: `shop.waf~istio-translated-wasmplugin`. */
function isTranslated(plugin: string, name: string): boolean {
  return plugin.startsWith(`${metricName(name)}_istio_`);
}

/** `add-header`, or `add-header, waf or (not of this action) shop_auth: Envoy does not say which`. */
export function describeSuspects({ own, foreign }: Suspects): string {
  const all = [...own, ...foreign.map((name) => `${name} (not of this action)`)];
  if (all.length === 0) return 'a filter';
  return all.length === 1 ? (all[0] ?? '') : `${listWords(all, 'or', 8)} (Envoy does not say which)`;
}
