import { makeLimiter } from '../../base/concurrency.ts';
import type { Pod } from '../../cluster/objects.ts';
import { workloadKey } from '../../targets/target.ts';
import { podId } from '../observe/new-pods.ts';
import type { VerifiableRevision, VerifiableWorkload } from '../plan/wanted-place.ts';
import type { PodVerdict } from './pod-verdict.ts';

/** How one pod is looked at. */
type Inspect = (pod: Pod, workload: VerifiableWorkload) => Promise<PodVerdict>;

/** A look into the proxy of a pod. */
interface Look {
  readonly began: number;
  /** `undefined` where it came to nothing. */
  readonly verdict: Promise<PodVerdict | undefined>;
  isOver: boolean;
}

/** The looks at a workload. */
interface Looks {
  /** For which revisions they were taken. */
  readonly revisions: readonly VerifiableRevision[];
  /** By `podId`, once the pods are listed. */
  readonly ofPods: Promise<ReadonlyMap<string, Look>>;
}

/**
 * Looks into proxies of pods that are ready while those that they replace still end, so that less is left to do once the rollout is
 * over. What such a look has not verified counts for nothing: it is taken again then.
 */
export class EarlyLooks {
  readonly #options: { readonly inspect: Inspect; readonly now: () => number; readonly parallel: number };
  /** By `workloadKey`. */
  readonly #looks = new Map<string, Looks>();

  /** `parallel`: so many pods of a workload at once. */
  constructor(options: { readonly inspect: Inspect; readonly now: () => number; readonly parallel: number }) {
    this.#options = options;
  }

  /** Begins to look at the pods of a workload that `list` gives, which never rejects; where looks were begun before, these take their place. */
  begin(workload: VerifiableWorkload, list: () => Promise<readonly Pod[]>): void {
    const limit = makeLimiter(this.#options.parallel);
    const ofPods = list().then(
      (pods) => new Map(pods.map((pod) => [podId(pod), this.#look(workload, pod, limit)] as const)),
    );
    this.#looks.set(workloadKey(workload.ref), { revisions: workload.revisions, ofPods });
  }

  /**
   * Takes the looks at a workload that were begun for the same revisions. Returns the verdict that a pod has by them: that it is verified, by
   * a look that began at most `maxAgeMs` ago, or where it was under way, how it has ended, unless it failed. `undefined` where it has
   * to be looked at.
   */
  async take(
    { ref, revisions }: VerifiableWorkload,
    maxAgeMs: number,
  ): Promise<(pod: Pod) => Promise<PodVerdict | undefined>> {
    const looks = this.#looks.get(workloadKey(ref));
    this.#looks.delete(workloadKey(ref));
    if (looks === undefined || looks.revisions !== revisions) return async () => undefined;
    const left = new Map(await looks.ofPods);
    return async (pod) => {
      const look = left.get(podId(pod));
      left.delete(podId(pod));
      if (look === undefined || this.#options.now() - look.began >= maxAgeMs) return undefined;
      const { isOver } = look;
      const verdict = await look.verdict;
      return verdict?.state === 'verified' || (verdict?.state === 'pending' && !isOver) ? verdict : undefined;
    };
  }

  #look(workload: VerifiableWorkload, pod: Pod, limit: ReturnType<typeof makeLimiter>): Look {
    const { inspect, now } = this.#options;
    const verdict = limit(() => inspect(pod, workload)).catch(() => undefined);
    const look: Look = { began: now(), verdict, isOver: false };
    void verdict.then(() => {
      look.isOver = true;
    });
    return look;
  }
}
