import { listWords } from '../../base/text.ts';
import { Callbacks, Trap } from './calls.ts';
import { instantiate } from './instantiate.ts';
import { loadFilter } from './load-filter.ts';
import { LogBook } from './log-book.ts';
import { serveRequest } from './serve-request.ts';
import type { TrialOutcome, TrialRequest, TrialStep } from './verdict.ts';

/** What somebody outside sees while a trial runs. */
export interface TrialObserver {
  readonly step: (step: TrialStep) => void;
  /** One line of the filter, `level: text`. */
  readonly log: (line: string) => void;
  /** The filter asked for something that only a real proxy can answer. */
  readonly doubt: (about: string) => void;
  /** A host function was called: `proxy_log 0`, its name and the status it gave. */
  readonly call: (line: string) => void;
}

/**
 * Runs the filter once, in this thread: load, configure, one request. Does not return while the filter does not, so it
 * belongs into a worker. `mostMemory` is how many bytes the filter's memory may grow to.
 */
export function runTrial(request: TrialRequest, observer: TrialObserver, mostMemory: number): TrialOutcome {
  const doubts = new Set<string>();
  const doubt = (about: string): void => {
    if (doubts.has(about) || doubts.size >= MOST_DOUBTS) return;
    doubts.add(about);
    observer.doubt(about);
  };
  const host = { log: new LogBook(observer.log), step: observer.step, call: observer.call, doubt, mostMemory };
  const instantiated = instantiate(request, host);
  if ('exports' in instantiated) {
    const callbacks = new Callbacks(instantiated, observer.step);
    const outcome = loadFilter(callbacks) ?? served(callbacks);
    // A memory that doubles does so no more beyond half of its cap; Envoy's cap is 1 GiB.
    const { memory } = instantiated.state;
    if (memory.size > mostMemory / 2) doubt(`more than ${mostMemory} bytes of memory`);
    return doubted(outcome, [...doubts]);
  }
  return doubted(instantiated, [...doubts]);
}

const MOST_DOUBTS = 5;

/** A failure proves nothing when the filter asked for something before that a real proxy might have answered. */
export function doubted(outcome: TrialOutcome, doubts: readonly string[]): TrialOutcome {
  if (doubts.length === 0 || outcome.state === 'passed' || outcome.state === 'inconclusive') return outcome;
  const what = outcome.state === 'timeout' ? `it did not come back from ${outcome.step}` : outcome.reason;
  return {
    state: 'inconclusive',
    why: `${what}; but it had asked for ${listWords(doubts, 'and')}, which only a proxy has`,
  };
}

function served(callbacks: Callbacks): TrialOutcome {
  const result = serveRequest(callbacks);
  return result instanceof Trap
    ? { state: 'trapped', step: result.step, reason: result.reason }
    : { state: 'passed', headers: result };
}
