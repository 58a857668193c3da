import { makeLimiter } from '../../base/concurrency.ts';
import { dataKey } from '../../base/json.ts';
import type { Trial, TrialVerdict } from './verdict.ts';

/** Processes; each compiles its module, which keeps a core busy. */
const PARALLEL_TRIALS = 2;

/**
 * Returns a trial for all clusters of a run: what several of them ask is tried once, and however many ask, no more than two trials run
 * at a time.
 */
export function sharedTrial(trial: Trial): Trial {
  const limit = makeLimiter(PARALLEL_TRIALS);
  /** By module, then by what it is tried with. */
  const tried = new WeakMap<Uint8Array, Map<string, Promise<TrialVerdict>>>();
  return (request) => {
    const { module, ...rest } = request;
    const ofModule = tried.get(module) ?? new Map<string, Promise<TrialVerdict>>();
    tried.set(module, ofModule);
    const key = dataKey(rest);
    const verdict = ofModule.get(key) ?? limit(() => trial(request));
    ofModule.set(key, verdict);
    return verdict;
  };
}
