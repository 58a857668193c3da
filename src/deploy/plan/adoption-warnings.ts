import { listWords } from '../../base/text.ts';
import type { Direction } from '../../filter/settings.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { settingsDifference } from '../../mesh/objects/settings-difference.ts';
import { describeUnmanaged, nameFor } from '../../mesh/unmanaged/adoption-choice.ts';
import type { OurFilter, UnmanagedFilter } from '../../mesh/unmanaged/unmanaged.ts';
import {
  describePlugin,
  isNamedLike,
  pluginLikeness,
  type UnmanagedPlugin,
} from '../../mesh/unmanaged/unmanaged-plugins.ts';
import type { WorkloadWarning } from './workload-warnings.ts';

/** What is wider than ours is told before it goes. */
export function widerTraffic(one: UnmanagedFilter, { filter, settings }: Revision): WorkloadWarning[] {
  const { direction, port } = settings;
  const sides = new Set(one.places.flatMap(({ context }) => SIDES[context] ?? []));
  const own = SIDES_OF[direction];
  const lost = [...sides].filter((side) => !own.includes(side));
  const everyPort = port !== undefined && one.places.some(({ portNumber }) => portNumber !== port);
  const wanted = [...new Set([...own, ...sides])];
  const inputs = [
    ...(lost.length === 0 ? [] : [`"direction: ${wanted.length > 1 ? 'any' : wanted[0]}"`]),
    ...(everyPort ? ['no "port"'] : []),
  ];
  if (inputs.length === 0) return [];
  const what = [...lost.map((side) => `${side} requests`), ...(everyPort ? [`ports other than ${port}`] : [])];
  return [
    {
      kind: 'note',
      topic: 'Adoption narrows the traffic',
      text: `${describeUnmanaged(one)} serves more than ${filter} will: ${listWords(what, 'and')} lose it. To keep that, set ${listWords(inputs, 'and')}.`,
    },
  ];
}

/** Taking a filter over also sets it up anew, from the inputs of the run. */
export function otherSettings(one: UnmanagedFilter, { filter, settings }: Revision): WorkloadWarning[] {
  const { rootId } = one;
  const differences = one.configurations.flatMap((configuration) =>
    settingsDifference({ rootId, configuration }, settings),
  );
  if (differences.length === 0) return [];
  return [
    {
      kind: 'note',
      topic: 'Adoption changes settings',
      text: `${filter} takes the place of ${describeUnmanaged(one)} with settings that differ from its own: ${listWords([...new Set(differences)], 'and')}.`,
    },
  ];
}

type Side = 'inbound' | 'outbound' | 'gateway';
const SIDES: Readonly<Record<string, readonly Side[]>> = {
  ANY: ['inbound', 'outbound'],
  SIDECAR_INBOUND: ['inbound'],
  SIDECAR_OUTBOUND: ['outbound'],
};
const SIDES_OF: Readonly<Record<Direction, readonly Side[]>> = {
  inbound: ['inbound'],
  outbound: ['outbound'],
  any: ['inbound', 'outbound'],
  gateway: ['inbound', 'outbound', 'gateway'],
};

const MAY_RUN_TWICE = 'May run twice';

/** A filter that may be the same one. */
export function perhapsTheSame(
  ours: string,
  one: UnmanagedFilter,
  why: string,
  found: readonly UnmanagedFilter[],
  namespace: string,
): WorkloadWarning {
  const remedy = `set "adopt: ${nameFor(one, found, namespace)}" to take it over`;
  return {
    kind: 'also-runs',
    topic: MAY_RUN_TWICE,
    text: `${describeUnmanaged(one)}, which ${why}. If it is ${ours}, it runs twice: ${remedy}.`,
  };
}

/** Returns a warning that a plugin of others may be the filter; empty if nothing suggests it. */
export function pluginPerhaps(ours: OurFilter, plugin: UnmanagedPlugin): WorkloadWarning[] {
  const why = isNamedLike(plugin, ours.name) ? undefined : pluginLikeness(plugin, ours);
  if (why === undefined) return [];
  return [
    {
      kind: 'also-runs',
      topic: MAY_RUN_TWICE,
      text: `${describePlugin(plugin)}, which ${why}. If it is ${ours.name}, it runs twice: delete the ${plugin.kind}, which cannot be taken over.`,
    },
  ];
}
