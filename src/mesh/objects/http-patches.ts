import { isObject, type Json, pick } from '../../base/json.ts';
import type { EnvoyFilter } from './envoy-filter.ts';
import { field } from './wasm-settings.ts';

/** Where a patch of HTTP filters applies: a context, in one port's listeners or in all. */
export interface PatchPlace {
  /** `ANY`, `SIDECAR_INBOUND`, `SIDECAR_OUTBOUND`, `GATEWAY` or `WAYPOINT`. */
  readonly context: string;
  readonly portNumber?: number;
}

/** One entry of an EnvoyFilter's `configPatches`, as far as HTTP filters are concerned. */
export interface HttpPatch extends PatchPlace {
  readonly operation: string;
  /** The HTTP filter beside which, or to which, it applies. */
  readonly anchor?: string;
  /** The name of the HTTP filter in its value. */
  readonly httpFilter?: string;
  /** The entry itself. */
  readonly patch: Json;
}

/** The entries of an EnvoyFilter, whatever they are about. */
export function patchesOf({ spec }: Pick<EnvoyFilter, 'spec'>): readonly Json[] {
  return Array.isArray(spec.configPatches) ? spec.configPatches : [];
}

/** The entries that are about HTTP filters. */
export function httpPatchesOf(envoyFilter: Pick<EnvoyFilter, 'spec'>): HttpPatch[] {
  return patchesOf(envoyFilter)
    .filter((patch) => pick(patch, 'applyTo') === 'HTTP_FILTER')
    .map((patch) => {
      const portNumber = field(patch, 'match', 'listener', 'port_number');
      const anchor = field(patch, 'match', 'listener', 'filter_chain', 'filter', 'sub_filter', 'name');
      const httpFilter = pick(patch, 'patch', 'value', 'name');
      return {
        patch,
        context: String(pick(patch, 'match', 'context') ?? 'ANY'),
        operation: String(pick(patch, 'patch', 'operation')),
        ...(typeof portNumber === 'number' && portNumber !== 0 && { portNumber }),
        ...(typeof anchor === 'string' && { anchor }),
        ...(typeof httpFilter === 'string' && { httpFilter }),
      };
    });
}

/** Whether two patches can apply to one listener. */
export function overlaps(a: PatchPlace, b: PatchPlace): boolean {
  const context = a.context === b.context || a.context === 'ANY' || b.context === 'ANY';
  return context && (a.portNumber === undefined || b.portNumber === undefined || a.portNumber === b.portNumber);
}

/** `requests that come in on port 9080`: what a patch applies to, in words. */
export function describePatchPlace({ context, portNumber }: PatchPlace): string {
  return `${context}${portNumber === undefined ? ', every port' : `, port ${portNumber}`}`;
}

/** What an entry does, in a few words: `CLUSTER ADD`, `HTTP_FILTER INSERT_BEFORE "auth"`. */
export function describePatch(patch: Json): string {
  const words = [pick(patch, 'applyTo'), pick(patch, 'patch', 'operation')].filter((word) => typeof word === 'string');
  const value = pick(patch, 'patch', 'value');
  const name = isObject(value) ? value.name : undefined;
  const anchor = field(patch, 'match', 'listener', 'filter_chain', 'filter', 'sub_filter', 'name');
  const about = typeof name === 'string' ? name : anchor;
  return [...words, ...(typeof about === 'string' ? [JSON.stringify(about)] : [])].join(' ');
}
