import { FILTER_INPUTS, type FilterInputName } from '../inputs/table.ts';

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
