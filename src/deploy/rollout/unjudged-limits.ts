import { count, listWords, quoted } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { SoakLimits } from '../policy.ts';

/** A workload of which too few requests were counted, and how that is said. */
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
