import { defined } from '../../base/defined.ts';
import { type Json, pick } from '../../base/json.ts';
import { greatest } from '../../base/lists.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { anchorOf, BEFORE_ROUTER, type Insertion } from '../../filter/insertion.ts';
import { DIRECTIONS, type Direction, type FilterSettings, type ListenerSettings } from '../../filter/settings.ts';
import { fileName, ownedLabels, PUSHED_ANNOTATION, podLabel } from '../identity/names.ts';
import { type MountedRevision, mountedRevision, type Revision, revisionName } from '../identity/revision.ts';
import { renderWasm } from './wasm-config.ts';
import { field, readWasm } from './wasm-settings.ts';

/** An EnvoyFilter (https://istio.io/latest/docs/reference/config/networking/envoy-filter/). */
export interface EnvoyFilter extends KubernetesObject {
  readonly kind?: 'EnvoyFilter';
  readonly spec: { readonly [key: string]: Json };
}

const CONTEXTS: Readonly<Record<Direction, string>> = {
  inbound: 'SIDECAR_INBOUND',
  outbound: 'SIDECAR_OUTBOUND',
  any: 'ANY',
  gateway: 'GATEWAY',
};

const OPERATIONS: Readonly<Record<Insertion['place'], string>> = {
  first: 'INSERT_FIRST',
  before: 'INSERT_BEFORE',
  after: 'INSERT_AFTER',
};
/** The operations by which a patch adds a filter. */
export const INSERTIONS: ReadonlySet<string> = new Set([...Object.values(OPERATIONS), 'ADD']);

/** 0 would mean "not stated" (Istio's IST0151). */
const FIRST_PRIORITY = 10;
/** After every EnvoyFilter whose place depends on no other one: `MOST_ORDER` is a million. */
const DEPENDENT_PRIORITY = 3_000_000;
/** Filters that Istio itself puts into a chain, before it applies any EnvoyFilter. */
const OF_THE_MESH = /^(envoy|istio|extensions\.istio\.io)\b/;

/**
 * Istio applies EnvoyFilters by priority, then by age, each next to its anchor. Age would move a filter behind the others
 * with every new revision, so the order is always stated. Of several before one anchor the last comes to stand behind the
 * others; of several after one, or first of all, it comes to stand in front of them.
 */
function priorityOf({ insert, order }: FilterSettings): number {
  const anchor = anchorOf(insert);
  const base = anchor === undefined || OF_THE_MESH.test(anchor) ? FIRST_PRIORITY : DEPENDENT_PRIORITY;
  const priority = insert.place === 'before' ? base + order : base - order;
  return priority > 0 ? priority : priority - 1;
}

/** An HTTP filter that somebody else's EnvoyFilter inserts. */
export interface ForeignHttpFilter {
  readonly httpFilter: string;
  readonly context: string;
  readonly portNumber?: number;
  /** The priority of its EnvoyFilter; 0 when absent. */
  readonly priority?: number;
}

export interface EnvoyFilterOptions {
  /** The revision that the pods carry, where it is another one with the same module. */
  readonly podRevision?: MountedRevision;
  /** Filters that ours takes the place of, in the same pods: inserted before ours, they are taken out again. */
  readonly replaced?: readonly ForeignHttpFilter[];
}

/** The path in the proxy of a module that is mounted. */
export function filePath({ filter, id, mountPath }: MountedRevision): string {
  return `${mountPath}/${fileName(filter, id)}`;
}

/** Where a patch applies: in the HTTP connection managers of a context and maybe port, at an HTTP filter or in none. */
function matchFilter(context: string, portNumber: number | undefined, httpFilter: string | undefined): Json {
  return {
    context,
    listener: {
      ...defined({ portNumber }),
      filterChain: {
        filter: {
          name: 'envoy.filters.network.http_connection_manager',
          ...(httpFilter !== undefined && { subFilter: { name: httpFilter } }),
        },
      },
    },
  };
}

function removeFilter({ httpFilter, context, portNumber }: ForeignHttpFilter): Json {
  return {
    applyTo: 'HTTP_FILTER',
    match: matchFilter(context, portNumber, httpFilter),
    patch: { operation: 'REMOVE' },
  };
}

/**
 * The EnvoyFilter that inserts a revision into the chains of HTTP filters. It selects the pods that carry the revision's label, hence
 * only pods that mount the file, and each from its first configuration on.
 */
export function renderEnvoyFilter(
  revision: Revision,
  namespace: string,
  { podRevision = mountedRevision(revision), replaced = [] }: EnvoyFilterOptions = {},
): EnvoyFilter {
  const { filter, settings } = revision;
  return {
    metadata: {
      name: revisionName(podRevision),
      namespace,
      labels: ownedLabels(filter, podRevision.id),
      ...(podRevision.id !== revision.id && { annotations: { [PUSHED_ANNOTATION]: revision.id } }),
    },
    spec: {
      workloadSelector: { labels: { [podLabel(filter)]: podRevision.id } },
      // To take a filter out, ours must come after the EnvoyFilter that inserts it.
      priority: greatest(
        replaced.map(({ priority = 0 }) => priority + 1),
        priorityOf(settings),
      ),
      configPatches: [
        ...replaced.map(removeFilter),
        {
          applyTo: 'HTTP_FILTER',
          match: matchFilter(CONTEXTS[settings.direction], settings.port, anchorOf(settings.insert)),
          patch: {
            operation: OPERATIONS[settings.insert.place],
            value: { name: filter, typed_config: renderWasm(revision, filePath(podRevision)) },
          },
        },
      ],
    },
  };
}

/** The folder that an EnvoyFilter of this action reads its module from; `undefined` if somebody has edited it away. */
export function mountPathOf({ spec }: EnvoyFilter): string | undefined {
  const file = field(typedConfigOf(insertionIn(spec)), 'config', 'vm_config', 'code', 'local', 'filename');
  const end = typeof file === 'string' && file.endsWith('.wasm') ? file.lastIndexOf('/') : -1;
  return end > 0 ? String(file).slice(0, end) : undefined;
}

/** The settings of an EnvoyFilter of this action that show in a proxy's listeners. */
export function settingsOf({ spec }: EnvoyFilter): ListenerSettings {
  const inserted = insertionIn(spec);
  const context = pick(inserted, 'match', 'context');
  const port = pick(inserted, 'match', 'listener', 'portNumber');
  const { configuration = '', ...settings } = readWasm(typedConfigOf(inserted));
  return {
    ...settings,
    configuration,
    direction: DIRECTIONS.find((one) => CONTEXTS[one] === context) ?? 'inbound',
    ...(typeof port === 'number' && { port }),
    insert: placeIn(inserted),
  };
}

/** How an EnvoyFilter of this action configures the filter: envoy.extensions.filters.http.wasm.v3.Wasm, unless it was edited. */
export function typedConfigIn({ spec }: EnvoyFilter): unknown {
  return typedConfigOf(insertionIn(spec));
}

function typedConfigOf(patch: unknown): unknown {
  return field(patch, 'patch', 'value', 'typed_config');
}

/** The patch of an EnvoyFilter of this action that inserts the filter; the others take filters out. */
function insertionIn(spec: EnvoyFilter['spec']): unknown {
  const patches = Array.isArray(spec.configPatches) ? spec.configPatches : [];
  return patches.find(
    (patch) => pick(patch, 'applyTo') === 'HTTP_FILTER' && INSERTIONS.has(String(pick(patch, 'patch', 'operation'))),
  );
}

function placeIn(patch: unknown): Insertion {
  const operation = pick(patch, 'patch', 'operation');
  if (operation === OPERATIONS.first) return { place: 'first' };
  const anchor = pick(patch, 'match', 'listener', 'filterChain', 'filter', 'subFilter', 'name');
  if (typeof anchor !== 'string') return BEFORE_ROUTER;
  return { place: operation === OPERATIONS.after ? 'after' : 'before', filter: anchor };
}
