import { listWords } from '../../base/text.ts';
import { Callbacks, Crash, Trap } from './calls.ts';
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
 * belongs into a worker.
 */
export function runTrial(request: TrialRequest, observer: TrialObserver): TrialOutcome {
  const doubts = new Set<string>();
  const doubt = (about: string): void => {
    if (doubts.has(about) || doubts.size >= MOST_DOUBTS) return;
    doubts.add(about);
    observer.doubt(about);
  };
  const host = { log: new LogBook(observer.log), step: observer.step, call: observer.call, doubt };
  const instantiated = instantiate(request, host);
  const outcome = 'exports' in instantiated ? run(new Callbacks(instantiated, observer.step)) : instantiated;
  return doubted(outcome, [...doubts]);
}

function run(callbacks: Callbacks): TrialOutcome {
  try {
    return loadFilter(callbacks) ?? served(callbacks);
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return { state: 'crashed', step: error.step, reason: error.message };
  }
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
