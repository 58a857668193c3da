import type { Permission } from '../../base/permission.ts';
import type { MessageForm, Problem } from '../../base/problem.ts';
import { sentence } from '../../base/text.ts';
import type { Pod } from '../../cluster/objects.ts';
import { describeReason, type EnvoyReason } from '../../mesh/proxy/envoy-log.ts';
import type { Note } from '../../mesh/proxy/reach.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { aboutFilterOf, type VerifiableRevision } from '../plan/wanted-place.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel } from '../report/evidence-level.ts';

/** Why there is no stronger evidence. */
export interface Weakness {
  /** A clause. */
  readonly why: string;
  /** The permission that would give it; omitted where something else stands in the way. */
  readonly permission?: Permission;
}

/** The filter runs, as far as that evidence goes. */
export interface Verified {
  readonly state: 'verified';
  readonly level: EvidenceLevel;
  readonly weakness?: Weakness;
  /** Which requests pass by it. */
  readonly notes?: readonly Note[];
}

/** What a look at one pod came to: `pending` may still become better. */
export type PodVerdict = Verified | { readonly state: 'failed' | 'pending'; readonly problem: Problem };

/** The filter does not run, as far as can be seen. */
export type Unverified = Extract<PodVerdict, { readonly problem: Problem }>;

/** The proxy does not run the filter, and will not. `message` has a subject of its own. */
export function failed(ref: WorkloadRef, message: string, remedy: string, form: MessageForm = 'clause'): Unverified {
  return { state: 'failed', problem: { kind: 'verification', subject: describeWorkload(ref), form, message, remedy } };
}

/** A verdict that is about one filter of those of a workload. */
export function aboutFilter<T extends PodVerdict>(
  verdict: T,
  filter: string | undefined,
  revisions: readonly VerifiableRevision[],
): T {
  if (verdict.state === 'verified' || verdict.problem.filter !== undefined) return verdict;
  return { ...verdict, problem: aboutFilterOf(verdict.problem, filter, revisions) };
}

/** The proxy rejects a listener, and with it our filter, because of a filter that is not ours. */
export function rejectsOthers(ref: WorkloadRef, { metadata }: Pod, reason: EnvoyReason): Unverified {
  const message = sentence(`in pod ${metadata.name}, ${describeReason(reason)}`);
  return {
    state: 'failed',
    problem: { kind: 'proxy', subject: describeWorkload(ref), form: 'clause', message, remedy: reason.remedy },
  };
}

/** What several filters of a pod come to together: the weakest evidence, and every note once. */
export function weakestOf(verdicts: readonly Verified[]): Verified {
  const [first = { state: 'verified', level: 'listener' } as const, ...others] = verdicts;
  return others.reduce<Verified>((all, next) => {
    const weaker = EVIDENCE_LEVELS.indexOf(next.level) > EVIDENCE_LEVELS.indexOf(all.level) ? next : all;
    return { ...weaker, notes: [...(all.notes ?? []), ...(next.notes ?? [])] };
  }, first);
}

/** The proxy does not run the filter yet, or does not tell. `what` is a clause. */
export function pending(ref: WorkloadRef, what: string, form: MessageForm = 'clause'): Unverified {
  return {
    state: 'pending',
    problem: {
      kind: 'verification',
      subject: describeWorkload(ref),
      form,
      message: sentence(what),
      remedy: 'Check the log of its container istio-proxy, and that istiod is healthy.',
    },
  };
}
