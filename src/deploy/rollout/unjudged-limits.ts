import { count, listWords, quoted } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { type SoakLimits, soakInputs } from '../policy.ts';

/** A workload, and what was counted of its requests, as words. */
export interface Unjudged {
  readonly ref: WorkloadRef;
  readonly few: string;
}

/** Returns a warning that limits which somebody has set were judged by nothing: without it, such a run looks as if they had held. */
export function unjudgedLimits(limits: SoakLimits | undefined, unjudged: readonly Unjudged[]): Warning[] {
  const set = [
    ...(limits?.maxErrorRate === undefined ? [] : ['max-error-rate']),
    ...(limits?.maxLatencyIncrease === undefined ? [] : ['max-latency-increase']),
  ];
  const [first, ...others] = unjudged;
  if (first === undefined || set.length === 0) return [];
  const more = others.length === 0 ? '' : ` and ${count(others.length, 'more workload')}`;
  const were = set.length === 1 ? 'was' : 'were';
  const text = `${listWords(set.map(quoted), 'and')} ${were} not judged for ${describeWorkload(first.ref)}${more}: ${first.few}. docs/soak.md says which counters are read; "soak-requires: traffic" makes this a failure.`;
  return [{ topic: 'Limits not judged', text }];
}

/**
 * Returns a warning that more requests failed than `max-error-rate` allows, of which too few were counted to be sure: a reader who
 * compares the two numbers would take a soak that passed for a mistake.
 */
export function perhapsExceeded(limits: SoakLimits | undefined, unsure: readonly Unjudged[]): Warning[] {
  const [first, ...others] = unsure;
  if (first === undefined || limits?.maxErrorRate === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${count(others.length, 'more workload')}`;
  const limit = soakInputs(limits)['max-error-rate'];
  const text = `${describeWorkload(first.ref)}${more} may have more failed requests than "max-error-rate: ${limit}" allows: ${first.few}. That is not sure by so many requests, so the soak let it pass; a longer "soak" is surer.`;
  return [{ topic: 'Limit perhaps exceeded', text }];
}

/** Returns a warning of what got worse before the change: the soak lets it pass, and somebody should look for its cause elsewhere. */
export function beganBefore(excused: readonly Unjudged[]): Warning[] {
  const [first, ...others] = excused;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${count(others.length, 'more workload')}`;
  const text = `${describeWorkload(first.ref)}${more} got worse before the change, so that is not held against it: ${first.few}. Look for the cause elsewhere, as in what the workload calls.`;
  return [{ topic: 'Worse before the change', text }];
}
