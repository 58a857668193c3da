import { listWords, nearestNames } from '../../base/text.ts';
import { describePatchPlace } from '../objects/http-patches.ts';
import { describeCode, statedDigest } from '../proxy/wasm-code.ts';
import {
  allNames,
  type EnvoyFilterRef,
  envoyFilterKey,
  hasNameOf,
  isNameless,
  type OurFilter,
  type UnmanagedFilter,
} from './unmanaged.ts';

/** A filter that the input `adopt` names: `ENVOYFILTER`, `NAMESPACE/ENVOYFILTER`, either with `#FILTER`. */
export interface AdoptedName {
  /** As it was written. */
  readonly text: string;
  readonly namespace?: string;
  readonly envoyFilter: string;
  /** The name of the HTTP filter, of the plugin or of the module's file. */
  readonly filter?: string;
}

/** What is to be taken over: nothing, what is unambiguous, or what is named. */
export type Adopt = boolean | readonly AdoptedName[];

/** What happens to the Wasm filters that run on a workload and are not this action's. */
export interface AdoptionChoice {
  readonly adopted: readonly UnmanagedFilter[];
  /** Bear the name of this action, so that it would run twice. */
  readonly twice: readonly UnmanagedFilter[];
  /** May be the same filter, and why that is thought, as a clause. */
  readonly perhaps: readonly { readonly filter: UnmanagedFilter; readonly why: string }[];
  /** Names of the input that fit several filters of one EnvoyFilter. */
  readonly ambiguous: readonly { readonly name: AdoptedName; readonly filters: readonly UnmanagedFilter[] }[];
  /** Names of the input that fit a filter here. */
  readonly used: readonly AdoptedName[];
}

/** What tells more of a filter than its own configuration. */
export interface ChoiceFacts {
  /** Whether an earlier run has begun to take it over. */
  readonly begun: (filter: UnmanagedFilter) => boolean;
  /** The digest of its module, where it was read. */
  readonly digestOf: (filter: UnmanagedFilter) => string | undefined;
}

/**
 * Which of the filters on a workload are taken over. With `true` the one that bears our name, or the only one there is if nothing
 * about it says which filter it is; an equal root id or module alone does not say so. What is named is taken over whatever it is
 * called; of several filters in an EnvoyFilter that is named as a whole, the one that bears our name.
 */
export function chooseAdopted(
  found: readonly UnmanagedFilter[],
  ours: OurFilter,
  adopt: Adopt,
  { begun, digestOf }: ChoiceFacts,
): AdoptionChoice {
  const chosen = new Set(found.filter(begun));
  const used: AdoptedName[] = [];
  const ambiguous: { name: AdoptedName; filters: readonly UnmanagedFilter[] }[] = [];
  if (adopt === true) for (const filter of unambiguous(found, ours)) chosen.add(filter);
  for (const name of adopt === true || adopt === false ? [] : adopt) {
    const fitting = found.filter((filter) => fits(filter, name));
    if (fitting.length === 0) continue;
    used.push(name);
    const same = fitting.filter((filter) => hasNameOf(filter, ours.name));
    const meant = name.filter === undefined && fitting.length > 1 ? same : fitting;
    if (meant.length === 0) ambiguous.push({ name, filters: fitting });
    for (const filter of meant) chosen.add(filter);
  }
  const others = found.filter((filter) => !chosen.has(filter));
  const twice = others.filter((filter) => hasNameOf(filter, ours.name));
  const perhaps = others.flatMap((filter) => {
    const why = twice.includes(filter) ? undefined : likeness(filter, ours, digestOf(filter));
    return why === undefined ? [] : [{ filter, why }];
  });
  return { adopted: [...chosen], twice, perhaps, ambiguous, used };
}

function unambiguous(found: readonly UnmanagedFilter[], ours: OurFilter): readonly UnmanagedFilter[] {
  const same = found.filter((filter) => hasNameOf(filter, ours.name));
  if (same.length > 0) return same;
  const [only, ...others] = found;
  return only !== undefined && others.length === 0 && isNameless(only) ? [only] : [];
}

function likeness(filter: UnmanagedFilter, ours: OurFilter, digest = statedDigest(filter.code)): string | undefined {
  const same = [
    ...(digest !== undefined && ours.digests.includes(digest) ? ['the same module'] : []),
    ...(ours.rootId !== '' && filter.rootId === ours.rootId ? [`the root id "${ours.rootId}"`] : []),
  ];
  if (same.length > 0) return `has ${listWords(same, 'and')}`;
  return isNameless(filter) ? 'has no name that says which filter it is' : undefined;
}

/** Whether a name of the input means a filter. */
export function fits(filter: UnmanagedFilter, { namespace, envoyFilter, filter: name }: AdoptedName): boolean {
  const { envoyFilter: from } = filter;
  if (from.name !== envoyFilter || (namespace !== undefined && from.namespace !== namespace)) return false;
  return name === undefined || allNames(filter).includes(name);
}

/** How the input names a filter: by its EnvoyFilter alone where that has no other one. `namespace` is the workload's. */
export function nameFor(filter: UnmanagedFilter, all: readonly UnmanagedFilter[], namespace: string): string {
  const { envoyFilter } = filter;
  const whole = envoyFilter.namespace === namespace ? envoyFilter.name : envoyFilterKey(envoyFilter);
  const siblings = all.filter((one) => envoyFilterKey(one.envoyFilter) === envoyFilterKey(envoyFilter));
  if (siblings.length < 2) return whole;
  const own = allNames(filter).find((name) => siblings.filter((one) => allNames(one).includes(name)).length === 1);
  return `${whole}#${own ?? filter.httpFilter}`;
}

/** `"headers" of EnvoyFilter shop/wasm (/etc/wasm/headers.wasm; SIDECAR_INBOUND, every port)`. */
export function describeUnmanaged({ httpFilter, envoyFilter, code, places }: UnmanagedFilter): string {
  const where = listWords([...new Set(places.map(describePatchPlace))], 'and');
  return `"${httpFilter}" of ${describeSource(envoyFilter)} (${describeCode(code)}; ${where})`;
}

/** `EnvoyFilter shop/wasm`. */
export function describeSource(envoyFilter: EnvoyFilterRef): string {
  return `EnvoyFilter ${envoyFilterKey(envoyFilter)}`;
}

/** The names that one that fits nothing was probably meant to be. */
export function nearNames({ text }: AdoptedName, known: readonly string[]): string[] {
  const [last = text] = text.split('/').slice(-1);
  return [...new Set([...nearestNames(text, known), ...nearestNames(last, known)])].slice(0, 3);
}
