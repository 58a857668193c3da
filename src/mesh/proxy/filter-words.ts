import { truncate } from '../../base/text.ts';
import { cutOnce } from './log-lines.ts';
import { filtersAmong, type OwnFilter } from './refused-filter.ts';
import { readEnvoyLine } from './trap-log.ts';

/** What a log is quoted with at most. */
export const MAX_SAID = 2_000;
/** What a filter logs as it starts stands right before Envoy's words for its failure, but for what other threads log meanwhile. */
const NEAR_LINES = 20;

/** Below these a filter may log all that it is given. */
const BELOW_WORDS: ReadonlySet<string> = new Set(['trace', 'debug']);
const SAID = 'wasm log';

/** What a filter has said, and those of the filters asked for of which each may have said it. */
export interface FilterWords {
  readonly said: string;
  readonly by: readonly OwnFilter[];
}

/**
 * What one of some filters has logged first as an error: `critical envoy wasm … wasm log ROOT_ID VM_ID: message` as it starts, or
 * `NAME ROOT_ID VM_ID` as it serves a request, tabs between the parts, without those that are empty (proxy-wasm-cpp-host
 * src/context.cc). What begins otherwise is another one's. Where no filter is named, any counts. The message is the filter's own, so
 * the line is cut at fixed marks, each looked for once.
 */
export function findFilterWords(log: string, filters: readonly OwnFilter[]): FilterWords | undefined {
  for (const { level, parts, said } of wordsIn(log)) {
    if (level !== 'error' && level !== 'critical') continue;
    const by = speakersOf(filters, parts);
    if (said && (by.length > 0 || filters.length === 0)) return { said, by };
  }
  return undefined;
}

/** Which of some filters log as a line of the log begins. Each part of the prefix stands behind a space. */
function speakersOf(filters: readonly OwnFilter[], parts: readonly string[]): readonly OwnFilter[] {
  // A filter without ids begins its lines with nothing, as any other one without does.
  if (parts.length === 0) return filters.every((filter) => idsOf(filter) === '') ? filters : [];
  return filters.filter(
    (filter) =>
      // Istio adds to the names of plugins: `shop.waf~istio-translated-wasmplugin`.
      parts.some((part) => part.split('~', 1)[0] === filter.name) || parts.join(' ') === idsOf(filter),
  );
}

/**
 * What a filter has logged last as it started, at level info and above, where `before` is the log until its failure: some say at level
 * info why they refuse their configuration. What it logs as it serves requests has nothing to do with that. Of several nobody knows
 * which one has failed, and the others have said that they are well.
 */
export function findLastStartWords(before: string, filters: readonly OwnFilter[]): FilterWords | undefined {
  if (filtersAmong(filters).length !== 1) return undefined;
  const near = before.split('\n').slice(-NEAR_LINES).join('\n');
  const last = [...wordsIn(near)].findLast(
    ({ level, parts, said }) => said !== '' && !BELOW_WORDS.has(level) && isStartOfOneOf(filters, parts),
  );
  return last && { said: last.said, by: filters };
}

/** Whether a line begins as that of a filter that starts: with its ids alone. Nobody else's default VM id is its name. */
function isStartOfOneOf(filters: readonly OwnFilter[], parts: readonly string[]): boolean {
  if (parts.length === 0) return filters.every((filter) => idsOf(filter) === '');
  return filters.some((filter) => {
    const ids = idsOf(filter);
    return ids === undefined ? parts.length <= 2 && parts.at(-1) === filter.name : parts.join(' ') === ids;
  });
}

/** What filters have said, by Envoy's own lines: an access log may hold the same words, which a client has sent. */
function* wordsIn(
  log: string,
): Generator<{ readonly level: string; readonly parts: readonly string[]; readonly said: string }> {
  for (const line of log.split('\n')) {
    const { level, words } = readEnvoyLine(line) ?? {};
    if (level === undefined || !words?.startsWith(SAID)) continue;
    const [prefix, message] = cutOnce(words.slice(SAID.length), ': ') ?? [];
    if (prefix !== undefined) yield { level, parts: partsOf(prefix), said: saidIn(message) };
  }
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
