import { truncate } from '../../base/text.ts';
import { cutAt, cutOnce } from './log-lines.ts';
import type { OwnFilter } from './refused-filter.ts';

/** What a log is quoted with at most. */
export const MAX_SAID = 2_000;
/** What a filter logs as it starts stands right before Envoy's words for its failure, but for what other threads log meanwhile. */
const NEAR_LINES = 20;

/**
 * What one of some filters has logged first as an error: `critical envoy wasm … wasm log ROOT_ID VM_ID: message` as it starts, or
 * `NAME ROOT_ID VM_ID` as it serves a request, tabs between the parts, without those that are empty (proxy-wasm-cpp-host
 * src/context.cc). What begins otherwise is another one's. Where no filter is named, any counts. The message is the filter's own, so
 * the line is cut at fixed marks, each looked for once.
 */
export function findFilterWords(log: string, filters: readonly OwnFilter[]): string | undefined {
  for (const [before, behind] of cutAt(log, 'wasm log')) {
    if (!/\b(?:error|critical)\t/.test(before)) continue;
    const [prefix, message] = cutOnce(behind, ': ') ?? [];
    if (prefix === undefined || (filters.length > 0 && !isSaidByOneOf(filters, prefix))) continue;
    const said = saidIn(message);
    if (said) return said;
  }
  return undefined;
}

/** Whether a line of the log begins as those of some filters do. Each part of the prefix stands behind a space. */
function isSaidByOneOf(filters: readonly OwnFilter[], prefix: string): boolean {
  const parts = partsOf(prefix);
  // A filter without ids begins its lines with nothing, as any other one without does.
  if (parts.length === 0) return filters.every((filter) => idsOf(filter) === '');
  return filters.some(
    (filter) =>
      // Istio adds to the names of plugins: `shop.waf~istio-translated-wasmplugin`.
      parts.some((part) => part.split('~', 1)[0] === filter.name) || parts.join(' ') === idsOf(filter),
  );
}

/**
 * What one of some filters has logged last as it started, at whatever level, where `before` is the log until its failure: some say at
 * level info why they refuse their configuration. What it logs as it serves requests has nothing to do with that.
 */
export function findLastStartWords(before: string, filters: readonly OwnFilter[]): string | undefined {
  let last: string | undefined;
  for (const [, behind] of cutAt(before.split('\n').slice(-NEAR_LINES).join('\n'), 'wasm log')) {
    const [prefix, message] = cutOnce(behind, ': ') ?? [];
    if (prefix !== undefined && isStartOfOneOf(filters, prefix)) last = saidIn(message) || last;
  }
  return last;
}

/** Whether a line begins as that of a filter that starts: with its ids alone. Nobody else's default VM id is its name. */
function isStartOfOneOf(filters: readonly OwnFilter[], prefix: string): boolean {
  const parts = partsOf(prefix);
  if (parts.length === 0) return filters.length > 0 && filters.every((filter) => idsOf(filter) === '');
  return filters.some((filter) => {
    const ids = idsOf(filter);
    return ids === undefined ? parts.length <= 2 && parts.at(-1) === filter.name : parts.join(' ') === ids;
  });
}

function partsOf(prefix: string): string[] {
  return prefix.split(' ').filter((part) => part !== '');
}

function idsOf({ ids }: OwnFilter): string | undefined {
  return ids && [ids.rootId, ids.vmId].filter((id) => id !== '').join(' ');
}

/** A message without the thread behind its tab. */
function saidIn(message = ''): string {
  return truncate(message.split('\t', 1)[0] ?? '', MAX_SAID).trim();
}
