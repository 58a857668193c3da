import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import { count, listWords, nearestNames } from '../../base/text.ts';
import { settingAt } from '../../filter/written.ts';
import {
  type AdoptedName,
  type AdoptionChoice,
  describeSource,
  describeUnmanaged,
  fits,
  nameFor,
  nearNames,
} from '../../mesh/unmanaged/adoption-choice.ts';
import { allNames, type UnmanagedFilter } from '../../mesh/unmanaged/unmanaged.ts';
import { describePlugin, isNamedLike, type UnmanagedPlugin } from '../../mesh/unmanaged/unmanaged-plugins.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { FilterRequest } from '../request.ts';

type Found = readonly UnmanagedFilter[];

/** The filter bears our name. */
export function runsTwice(
  subject: string,
  filter: string,
  one: UnmanagedFilter,
  found: Found,
  namespace: string,
): Problem {
  const remedy =
    one.unadoptable === undefined
      ? `Set "adopt: true" (or "adopt: ${nameFor(one, found, namespace)}") to take it over without an interruption. If it is another filter, give this one another name.`
      : `It cannot be taken over: ${one.unadoptable}. Remove it manually first. If it is another filter, give this one another name.`;
  return {
    kind: 'conflict',
    subject,
    message: `runs ${filter} already, not managed by this action: ${describeUnmanaged(one)}. The filter would run twice.`,
    remedy,
  };
}

/** Returns the problem that a named filter cannot be taken over. */
export function cannotBeAdopted(subject: string, one: UnmanagedFilter): Problem {
  return {
    kind: 'conflict',
    subject,
    message: `cannot take over ${describeUnmanaged(one)}: ${one.unadoptable}.`,
    remedy: 'Remove it manually first.',
  };
}

/** Only an EnvoyFilter can take out what another one puts in, so that no request meets the filter twice. */
export function notByImage(subject: string, filter: string, one: UnmanagedFilter): Problem {
  return {
    kind: 'conflict',
    subject,
    message: `runs ${filter} already, not managed by this action: ${describeUnmanaged(one)}, and an image cannot take its place.`,
    remedy: 'Adopt it with "delivery: configmap" first, then deploy the image.',
  };
}

/** Returns the problem that a name given to `adopt` fits several filters. */
export function ambiguousName(
  subject: string,
  { name, filters }: AdoptionChoice['ambiguous'][number],
  found: Found,
  namespace: string,
): Problem {
  return {
    kind: 'conflict',
    subject,
    form: 'clause',
    message: `"adopt: ${name.text}" names an EnvoyFilter that holds ${count(filters.length, 'Wasm filter')}, none with the name of this one: ${listWords(filters.map(describeUnmanaged), 'and')}.`,
    remedy: `Name the one that is meant: ${listWords(filters.map((one) => `"adopt: ${nameFor(one, found, namespace)}"`))}.`,
  };
}

/** `adopt: true` where nothing is unambiguous. */
export function nothingToAdopt(subject: string, filter: string, found: Found, namespace: string): Problem {
  const near = nearestNames(filter, found.flatMap(allNames));
  const meant = found.find((one) => near.some((name) => allNames(one).includes(name)));
  const hint =
    meant === undefined || found.length === 1 ? '' : ` Did you mean "adopt: ${nameFor(meant, found, namespace)}"?`;
  return {
    kind: 'conflict',
    subject,
    form: 'clause',
    message: `"adopt: true" takes over nothing here: of the Wasm filters there that are not managed by this action, none is recognized as ${filter} by its names: ${listWords(found.map(describeUnmanaged), 'and')}.`,
    remedy: `Name the one that ${filter} takes the place of: ${listWords(found.map((one) => `"adopt: ${nameFor(one, found, namespace)}"`))}; leave "adopt" out if it is none of them.${hint}`,
  };
}

/** A proxy has it, and nothing that may be read says from where. */
export function seenOnly(subject: string, filter: string): Problem {
  return {
    kind: 'conflict',
    subject,
    message: `runs ${filter} already: a running proxy has an HTTP filter of that name, and no EnvoyFilter, WasmPlugin or TrafficExtension that this run can read puts it there. The filter would run twice.`,
    remedy:
      'Allow the kubeconfig user to list them in the root namespace of the mesh (istio-system), to see which one it is, and remove it there. If it is another filter, give this one another name.',
  };
}

/** What has the same name goes with it. */
export function sharedName(subject: string, one: UnmanagedFilter, sharers: readonly string[]): Problem {
  return {
    kind: 'conflict',
    subject,
    message: `cannot take over ${describeUnmanaged(one)}: a filter is removed from a proxy by its name, and "${one.httpFilter}" is also the name of ${listWords(sharers, 'and')}, which would be removed, too.`,
    remedy: `Give each HTTP filter a name of its own in its EnvoyFilter (patch.value.name; no pod restarts), and re-run the job. Or remove it manually.`,
  };
}

/** Returns the problem that others are placed beside a filter that is to be taken over. */
export function hasDependents(subject: string, one: UnmanagedFilter, dependents: readonly string[]): Problem {
  return {
    kind: 'conflict',
    subject,
    message: `cannot take over ${describeUnmanaged(one)}: ${listWords(dependents, 'and')} ${dependents.length === 1 ? 'depends' : 'depend'} on it and would have no effect without it.`,
    remedy: 'Place them beside another HTTP filter first, or remove them.',
  };
}

/** A plugin cannot be taken out of single proxies, so its place cannot be taken while requests pass. */
export function pluginTwice(subject: string, filter: string, plugin: UnmanagedPlugin): Problem[] {
  if (!isNamedLike(plugin, filter)) return [];
  return [
    {
      kind: 'conflict',
      subject,
      message: `runs ${filter} already, not managed by this action: ${describePlugin(plugin)}. The filter would run twice.`,
      remedy: `Delete the ${plugin.kind}, which cannot be taken over (\`kubectl delete ${plugin.kind.toLowerCase()} ${plugin.name} -n ${plugin.namespace}\`), and re-run the job. In between, requests pass without the filter. If it is another filter, give this one another name.`,
    },
  ];
}

/** Names of the input that fit nothing on any target; no problem where ours runs everywhere, since a run may be repeated. */
export function unusedNames(
  { name: filter, adopt, places }: Pick<FilterRequest, 'name' | 'adopt' | 'places'>,
  targets: readonly {
    readonly ref: WorkloadRef;
    readonly found: Found;
    readonly choice: AdoptionChoice;
    readonly plugins: readonly UnmanagedPlugin[];
    readonly isNew: boolean;
  }[],
  snapshot: ClusterSnapshot,
): Problem[] {
  if (adopt === true || adopt === false || !targets.some(({ isNew }) => isNew)) return [];
  const unused = adopt.filter((name) => !targets.some(({ choice }) => choice.used.includes(name)));
  return unused.map((name) => {
    const names = targets.flatMap(({ ref, found }) => found.map((one) => nameFor(one, found, ref.namespace)));
    const all = [...new Set(targets.flatMap(({ found }) => found.map(describeUnmanaged)))];
    const near = nearNames(name, names).map((one) => `"${one}"`);
    const why = whyUnused(name, targets, snapshot);
    return {
      kind: 'input',
      ...settingAt('adopt', { ...defined({ places }) }),
      message: `names ${JSON.stringify(name.text)}, ${why ?? `but no target of ${filter} runs such a Wasm filter`}${all.length === 0 ? '; none runs there that is not managed by this action' : `; not managed by this action are ${listWords(all.slice(0, 10), 'and')}`}.`,
      remedy: `${near.length === 0 ? '' : `Did you mean ${listWords(near)}? `}Write ENVOYFILTER, NAMESPACE/ENVOYFILTER or ENVOYFILTER#FILTER, or leave "adopt" out.`,
    };
  });
}

/** Why a name that means something all the same fits no filter of a target. */
function whyUnused(
  name: AdoptedName,
  targets: readonly {
    readonly ref: WorkloadRef;
    readonly found: Found;
    readonly plugins: readonly UnmanagedPlugin[];
  }[],
  snapshot: ClusterSnapshot,
): string | undefined {
  const plugin = targets.flatMap(({ plugins }) => plugins).find((one) => one.name === name.envoyFilter);
  if (plugin !== undefined) return `which is a ${plugin.kind}, and only what an EnvoyFilter inserts can be taken over`;
  const { filter, ...whole } = name;
  if (filter !== undefined && targets.some(({ found }) => found.some((one) => fits(one, whole)))) {
    return `but ${describeSource({ namespace: name.namespace ?? targets[0]?.ref.namespace ?? '', name: name.envoyFilter })} inserts no "${filter}" there`;
  }
  const namespaces = [...new Set(targets.map(({ ref }) => ref.namespace))];
  const there = namespaces
    .flatMap((namespace) => snapshot.foreignEnvoyFilters(namespace))
    .some(({ metadata }) => metadata.name === name.envoyFilter);
  return there ? 'but that EnvoyFilter inserts no Wasm filter into the targets' : undefined;
}
