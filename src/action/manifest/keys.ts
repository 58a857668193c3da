import type { KeyElsewhere } from '../../base/keys.ts';
import { TARGET_KEYS } from '../../targets/entry.ts';
import { FILTER_INPUTS, type FilterInputName, INPUT_NAMES } from '../inputs/table.ts';

/** The one form of manifests that there is. */
export const MANIFEST_VERSION = 1;

/** The keys of a manifest, of one of its clusters, and of a filter; a filter's are the inputs that are one filter's. */
export const MANIFEST_KEYS = ['version', 'defaults', 'clusters', 'filters'] as const;
export const CLUSTER_KEYS = ['context', 'wave'] as const;
export const FILTER_KEYS = FILTER_INPUTS;

/** What each filter has of its own: a default of it would give several the same. */
export const OWN_KEYS: readonly FilterInputName[] = ['name', 'filter', 'sha256', 'push-to'];
export const DEFAULTS_KEYS = FILTER_KEYS.filter((key) => !OWN_KEYS.includes(key));

/** The most that is added to the waves of a cluster's targets. */
export const MAX_CLUSTER_WAVE = 100;

/** The keys that an entry of a target list has in a manifest alone. */
export const MANIFEST_TARGET_KEYS = ['clusters'] as const;

/** What a mapping is whose keys are read. */
export type Owner = 'manifest' | 'defaults' | 'cluster' | 'filter' | 'target';

const PLACES: Readonly<Record<Owner | 'input', readonly string[]>> = {
  filter: FILTER_KEYS,
  defaults: DEFAULTS_KEYS,
  target: [...TARGET_KEYS, ...MANIFEST_TARGET_KEYS],
  cluster: CLUSTER_KEYS,
  manifest: MANIFEST_KEYS,
  input: INPUT_NAMES,
};

const WORDS: Readonly<Record<Owner | 'input', string>> = {
  filter: 'a filter',
  defaults: 'the "defaults"',
  target: 'a target, an entry of "targets"',
  cluster: 'a cluster, under "clusters"',
  manifest: 'the top of a manifest',
  input: 'the inputs of the workflow step, under "with"',
};

/** Returns what tells where a key belongs that `here` does not have. Of several places it tells the first, of which the others follow. */
export function elsewhereThan(here: Owner): KeyElsewhere {
  const order: readonly (Owner | 'input')[] = here === 'manifest' ? ['defaults', ...BY_NEED] : BY_NEED;
  return (key) => {
    const place = order.find((one) => one !== here && PLACES[one].includes(key));
    return place && `It belongs to ${WORDS[place]}.`;
  };
}

/** A key of a filter is an input, too. */
const BY_NEED = ['filter', 'target', 'cluster', 'manifest', 'input'] as const;
