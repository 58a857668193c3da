import { type Limiter, makeLimiter, untilAborted } from '../../base/concurrency.ts';
import type { Pod } from '../../cluster/objects.ts';
import { workloadKey } from '../../targets/target.ts';
import { podId } from '../observe/new-pods.ts';
import type { VerifiableRevision, VerifiableWorkload } from '../plan/wanted-place.ts';
import type { PodVerdict } from './pod-verdict.ts';

/** How one pod is looked at. */
type Inspect = (pod: Pod, workload: VerifiableWorkload) => Promise<PodVerdict>;

/** A look into the proxy of a pod. */
interface Look {
  /** When it was asked for, in milliseconds. */
  readonly since: number;
  /** `undefined` where it broke. */
  readonly verdict: Promise<PodVerdict | undefined>;
}

/** The looks at a workload. */
interface Looks {
  /** For which revisions they were taken. */
  readonly revisions: readonly VerifiableRevision[];
  /** By `podId`; empty until the pods are listed. */
  readonly ofPods: Map<string, Look>;
  readonly listed: Promise<void>;
}

/** So long, in milliseconds, a list or a look that is under way is waited for; a new one takes a tenth of that. */
const UNDER_WAY_MS = 2_000;

/**
 * Looks into proxies of pods that are ready while those that they replace still end, so that less is left to do once the rollout is
 * over. Only a filter that was seen in the proxy's configuration counts: of everything else, such as a log that is silent so far, a later
 * look tells more.
 */
export class EarlyLooks {
  readonly #options: { readonly inspect: Inspect; readonly now: () => number; readonly parallel: number };
  /** By `workloadKey`. */
  readonly #looks = new Map<string, Looks>();

  /** `parallel`: so many pods of a workload at once. */
  constructor(options: { readonly inspect: Inspect; readonly now: () => number; readonly parallel: number }) {
    this.#options = options;
  }

  /** Begins to look at the pods of a workload, which `list` gives; it must not reject. Looks that were begun before are given up. */
  begin(workload: VerifiableWorkload, list: () => Promise<readonly Pod[]>): void {
    const limit = makeLimiter(this.#options.parallel);
    const ofPods = new Map<string, Look>();
    const listed = list().then((pods) => {
      for (const pod of pods) ofPods.set(podId(pod), this.#look(workload, pod, limit));
    });
    this.#looks.set(workloadKey(workload.ref), { revisions: workload.revisions, ofPods, listed });
  }

  /**
   * Takes the looks at a workload that were begun for the same revisions. Returns what gives a pod's verdict by them: that it is verified,
   * by a look that was asked for less than `maxAgeMs` before and is over within two seconds; `undefined` where the pod has to be looked
   * at. A look counts once.
   */
  take({ ref, revisions }: VerifiableWorkload, maxAgeMs: number): (pod: Pod) => Promise<PodVerdict | undefined> {
    const looks = this.#looks.get(workloadKey(ref));
    this.#looks.delete(workloadKey(ref));
    const listed = looks && within(UNDER_WAY_MS, looks.listed);
    return async (pod) => {
      await listed;
      const look = looks?.revisions === revisions ? looks.ofPods.get(podId(pod)) : undefined;
      looks?.ofPods.delete(podId(pod));
      if (look === undefined || this.#options.now() - look.since >= maxAgeMs) return undefined;
      const verdict = await within(UNDER_WAY_MS, look.verdict);
      return verdict?.state === 'verified' && verdict.level === 'listener' ? verdict : undefined;
    };
  }

  #look(workload: VerifiableWorkload, pod: Pod, limit: Limiter): Look {
    const { inspect, now } = this.#options;
    return { since: now(), verdict: limit(() => inspect(pod, workload)).catch(() => undefined) };
  }
}

/** What a promise comes to within so many milliseconds; else `undefined`. */
function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return untilAborted(promise, AbortSignal.timeout(ms)).catch(() => undefined);
}
