import { formatBytes, listWords, truncate } from '../../base/text.ts';
import { FilterLog } from '../host/filter-log.ts';
import type { Header, TrialRequest } from '../host/request.ts';
import { NOBODY } from '../host/world.ts';
import { Callbacks, Overrun, ProcessCrash, Trap } from './calls.ts';
import { compile, link } from './instantiate.ts';
import { serveRequest } from './serve-request.ts';
import { startFilter } from './start-filter.ts';
import type { TrialOutcome, TrialStep } from './verdict.ts';

/** What somebody outside sees while a trial runs. */
export interface TrialObserver {
  readonly step: (step: TrialStep) => void;
  /** One line of the filter, `level: text`. */
  readonly log: (line: string) => void;
  /** The filter asked for something that only a real proxy can answer. */
  readonly unsupported: (about: string) => void;
  /** A host function was called: `proxy_log 0`, its name and the status it gave. */
  readonly call: (line: string) => void;
}

/**
 * Runs the filter once, in this thread: load, configure, one request. Does not return while the filter does not, so it
 * belongs into a worker.
 */
export function runTrial(request: TrialRequest, observer: TrialObserver): TrialOutcome {
  const unsupportedCalls = new Set<string>();
  const unsupported = (subject: string): void => {
    const about = truncate(subject, MAX_UNSUPPORTED_LENGTH);
    if (unsupportedCalls.has(about) || unsupportedCalls.size >= MAX_UNSUPPORTED) return;
    unsupportedCalls.add(about);
    observer.unsupported(about);
  };
  const { step, call, log } = observer;
  const host = { log: new FilterLog(log), step, call, unsupported, world: NOBODY };
  step('compile');
  const compiled = compile(request.module);
  const linked = 'state' in compiled ? compiled : link(compiled, request, host);
  const outcome = 'exports' in linked ? run(new Callbacks(linked, step)) : linked;
  return withUnsupported(outcome, [...unsupportedCalls]);
}

function run(callbacks: Callbacks): TrialOutcome {
  try {
    return startFilter(callbacks) ?? served(callbacks);
  } catch (error) {
    if (error instanceof Overrun) return { state: 'inconclusive', why: error.message, brokeOff: true };
    if (!(error instanceof ProcessCrash)) throw error;
    return { state: 'crashed', step: error.step, reason: error.message };
  }
}

const MAX_UNSUPPORTED = 5;
const MAX_UNSUPPORTED_LENGTH = 200;

/** A failure proves nothing when the filter asked for something before that a real proxy might have answered. */
export function withUnsupported(outcome: TrialOutcome, unsupportedCalls: readonly string[]): TrialOutcome {
  if (unsupportedCalls.length === 0 || outcome.state === 'passed' || outcome.state === 'inconclusive') return outcome;
  const what = outcome.state === 'timeout' ? `it did not return from ${outcome.step}` : outcome.reason;
  return {
    state: 'inconclusive',
    why: `${what}; but it had asked for ${listWords(unsupportedCalls, 'and')}, which only a proxy has`,
  };
}

function served(callbacks: Callbacks): TrialOutcome {
  const result = serveRequest(callbacks);
  if (result instanceof Trap) return { state: 'trapped', step: result.step, reason: result.reason };
  for (const side of ['request', 'response'] as const) {
    const size = sizeOf(result[side] ?? []);
    if (size <= MAX_HEADER_BYTES) continue;
    const why = `the headers of its ${side} come to ${formatBytes(size)}; an Envoy takes ${formatBytes(MAX_HEADER_BYTES)} at most`;
    return { state: 'inconclusive', why, brokeOff: true };
  }
  return { state: 'passed', headers: result };
}

/**
 * What the next proxy can be set to take at most (`max_request_headers_kb` of envoy.extensions.filters.network.http_connection_manager.v3);
 * as it comes, that is 60 KiB.
 */
const MAX_HEADER_BYTES = 8_388_608;

const sizeOf = (headers: readonly Header[]): number =>
  headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
