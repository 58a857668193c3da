import { mapLimited, pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { ok, type Problem, type Result } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { Pod } from '../../cluster/objects.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import { isReady, isTerminating } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { Note } from '../../mesh/proxy/reach.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { type DeployContext, during } from '../context.ts';
import { belongsTo, targetKind } from '../kinds/kinds.ts';
import { podId } from '../observe/new-pods.ts';
import { noEffect, type VerifiableRevision, type VerifiableWorkload } from '../plan/wanted-place.ts';
import type { RolloutPolicy } from '../policy.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel, type Verification } from '../report/evidence-level.ts';
import { EarlyLooks } from './early-looks.ts';
import type { PodVerdict, Weakness } from './pod-verdict.ts';
import { probePods } from './probe-pods.ts';
import { NOT_INSPECTED, ProxyInspector } from './proxy-inspector.ts';

/** What the evidence came to: how sure it is that the filter runs, or why it does not. */
export interface VerificationResult {
  readonly verification?: Verification;
  readonly problem?: Problem;
  /** The pods that are ready, of those that there are; only of a Gateway, whose status says nothing of them. */
  readonly pods?: { readonly ready: number; readonly wanted: number };
  /** Which requests do not reach the filter, although it runs, where somebody may not have meant that. Clauses. */
  readonly bypasses?: readonly string[];
  /** The pods that were looked at; omitted where none could be. */
  readonly seen?: readonly Pod[];
}

/** How long a proxy may take to have what the mesh has been told, in milliseconds: istiod pushes within a second or two. */
const PROXY_MS = 15_000;
/**
 * So long what was seen of a proxy before the rollout was over counts, in milliseconds: most rollouts are over a second or two later. With
 * `minReadySeconds` they are not, and meanwhile somebody may have deleted what the proxy had then.
 */
const SEEN_MS = 5_000;
/** Of a pod that is there already nobody knows when it has pulled an image; istio-agent takes as long as the registry does. */
const PULL_MS = 60_000;
const POLL_MS = 500;
const PARALLEL_PODS = 4;

/** Looks into the proxies of workloads whose pods are ready, and asks their probe. */
export class Verifier {
  readonly #context: DeployContext;
  readonly #policy: Pick<RolloutPolicy, 'verify' | 'probe'>;
  readonly #inspector: ProxyInspector;
  readonly #ahead: DeployContext;
  readonly #early: EarlyLooks;

  constructor(context: DeployContext, policy: Pick<RolloutPolicy, 'verify' | 'probe'>) {
    this.#context = context;
    this.#policy = policy;
    this.#inspector = new ProxyInspector(context);
    // Whatever the API server keeps waiting then is no loss: pods are waited for anyway.
    this.#ahead = during(context, 'waiting for pods');
    const inspector = new ProxyInspector(this.#ahead);
    this.#early = new EarlyLooks({
      inspect: (pod, workload) => inspector.inspect(pod, workload),
      now: context.now,
      parallel: PARALLEL_PODS,
    });
  }

  /**
   * Begins to look at the new pods of a workload that are ready before the rollout is over; `verify` does not look again at those that
   * were seen to be verified less than 5 s before.
   */
  lookAhead(workload: VerifiableWorkload): void {
    if (this.#policy.verify === 'off' || workload.revisions.length === 0) return;
    this.#early.begin(workload, async () => {
      const listed = await this.#newPods(workload, this.#ahead);
      return listed.ok ? listed.value.pods : [];
    });
  }

  /**
   * The evidence of every pod of a workload that runs the wanted revisions. Waits a while for proxies that do not have the filter
   * yet. `status` is how many pods there must be, as the workload says; where it does not say that, those count that it has.
   * Nothing to verify gives nothing.
   */
  async verify(workload: VerifiableWorkload, status: number): Promise<VerificationResult> {
    const { ref, revisions } = workload;
    const { binding, wantedPods } = targetKind(ref);
    const uncounted = wantedPods(workload.observed) === undefined;
    if (revisions.length === 0 || (status === 0 && !uncounted)) return {};
    if (this.#policy.verify === 'off') {
      return this.#probed(workload, { level: 'ready', pods: status, wanted: status });
    }
    const { now, signal } = this.#context;
    const started = now();
    const verified = new Map<string, EvidenceLevel>();
    const notes = new Map<string, Note>();
    let weakness: Weakness | undefined;
    const seenBefore = this.#early.take(workload, SEEN_MS);
    for (;;) {
      const listed = await this.#newPods(workload);
      if (!listed.ok) return this.#weak(workload, status, listed.weakness);
      const { pods: ready, all } = listed.value;
      const wanted = uncounted ? all : status;
      const counted = uncounted ? { pods: { ready: ready.length, wanted } } : {};
      const pods = ready.filter((pod) => !verified.has(podId(pod)));
      const verdicts = await mapLimited(pods, PARALLEL_PODS, async (pod): Promise<[Pod, PodVerdict]> => {
        return [pod, (await seenBefore(pod)) ?? (await this.#inspector.inspect(pod, workload))];
      });
      const passed = now() - started;
      const late = passed >= (binding.inPlace ? PULL_MS : PROXY_MS);
      for (const [pod, verdict] of verdicts) {
        if (verdict.state === 'verified') {
          verified.set(podId(pod), verdict.level);
          weakness ??= verdict.weakness;
          for (const note of verdict.notes ?? []) notes.set(note.text, note);
        } else if (verdict.state === 'failed' || late || (isAbsent(verdict) && passed >= PROXY_MS)) {
          if (verdict.state !== 'failed') this.#context.client.patience.waited(passed);
          return { problem: verdict.problem, ...counted };
        }
      }
      const there = ready.filter((pod) => verified.has(podId(pod))).length;
      if (there >= wanted && there > 0) {
        const verification = { level: weakest(verified.values()), pods: there, wanted };
        const shown = {
          ...verification,
          ...defined({ weakness: weakness?.why }),
          ...(notes.size > 0 && { notes: [...notes.keys()] }),
        };
        const bypasses = [...notes.values()].flatMap(({ severity, text }) => (severity === 'warning' ? text : []));
        return {
          ...(await this.#probed(workload, shown, weakness, ready)),
          ...counted,
          seen: ready,
          ...(bypasses.length > 0 && { bypasses }),
        };
      }
      if (late) {
        this.#context.client.patience.waited(passed);
        return { problem: (wanted === 0 ? noPods(ref) : undefined) ?? tooFew(ref, there, wanted), ...counted };
      }
      if (signal.aborted) return { problem: cancelledVerification(ref), ...counted };
      await pause(POLL_MS, signal);
    }
  }

  /**
   * Waits until no proxy of a Gateway names a filter any more that was taken away from it, as far as the permissions allow to see
   * that. Of workloads, whose pods are replaced, nothing has to be seen.
   */
  async verifyRemoved(
    { ref, observed }: Pick<VerifiableWorkload, 'ref' | 'observed'>,
    filters: readonly string[],
  ): Promise<VerificationResult> {
    if (!targetKind(ref).binding.inPlace || filters.length === 0) return {};
    const { now, signal } = this.#context;
    for (const started = now(); ; await pause(POLL_MS, signal)) {
      const listed = await this.#newPods({ ref, observed, revisions: [] });
      if (!listed.ok) return {};
      const left = await mapLimited(listed.value.pods, PARALLEL_PODS, (pod) =>
        this.#inspector.stillReferenced(pod, ref, filters),
      );
      const pods = { ready: listed.value.pods.length, wanted: listed.value.all };
      const [problem] = left.filter((one) => one !== undefined);
      if (problem === undefined || signal.aborted) return { pods };
      if (now() - started >= PROXY_MS) return { pods, problem };
    }
  }

  /** The verification where pods cannot be looked at. */
  #weak(workload: VerifiableWorkload, wanted: number, weakness: Weakness): VerificationResult {
    if (this.#policy.verify === 'required' || this.#policy.probe !== undefined) {
      return { problem: unverified(workload.ref, weakness) };
    }
    return { verification: { level: 'ready', pods: wanted, wanted, weakness: weakness.why } };
  }

  async #probed(
    workload: VerifiableWorkload,
    verification: Verification,
    weakness?: Weakness,
    known?: readonly Pod[],
  ): Promise<VerificationResult> {
    const { verify, probe } = this.#policy;
    if (verify === 'required' && verification.level !== 'listener') {
      return {
        verification,
        problem: unverified(workload.ref, weakness ?? NOT_INSPECTED),
      };
    }
    if (probe === undefined) return { verification };
    const listed = known === undefined ? await this.#newPods(workload) : ok({ pods: known, all: known.length });
    if (!listed.ok) return { verification, problem: unverified(workload.ref, listed.weakness) };
    const problem = await probePods(probe, listed.value.pods, workload.ref, this.#context);
    if (this.#context.signal.aborted) return { verification, problem: cancelledVerification(workload.ref) };
    return problem === undefined ? { verification: { ...verification, probed: true } } : { verification, problem };
  }

  /** The ready pods of a workload that carry the wanted revisions, and how many it has that are not ending. */
  async #newPods(
    { ref, revisions, observed }: VerifiableWorkload,
    { client, log }: Pick<DeployContext, 'client' | 'log'> = this.#context,
  ): Promise<Result<Listed, { readonly weakness: Weakness }>> {
    try {
      const { items } = await client.list<Pod>(POD, ref.namespace, { labelSelector: selectorOf(observed) });
      const current = items.filter((pod) => belongsTo(pod, ref) && !isTerminating(pod));
      const pods = current.filter((pod) => hasRevisions(pod, ref, revisions) && isReady(pod));
      return ok({ pods, all: current.length });
    } catch (error) {
      log.debug(`No pods of ${describeWorkload(ref)}: ${String(error)}`);
      return { ok: false, weakness: unlisted(error, ref.namespace) };
    }
  }
}

function unlisted(error: unknown, namespace: string): Weakness {
  return isApiError(error, 403)
    ? {
        why: 'the kubeconfig user cannot list pods',
        permission: permissionOf({ verb: 'list', resource: POD, namespace }),
      }
    : { why: `pods could not be listed (${String(error)})` };
}

/** Whether the mesh has not brought the filter to the proxy at all. */
function isAbsent(verdict: PodVerdict): boolean {
  return verdict.state === 'pending' && verdict.problem.kind === 'no-effect';
}

interface Listed {
  readonly pods: readonly Pod[];
  readonly all: number;
}

/** Nothing on pods that take a change as they run tells what they have. */
function hasRevisions({ metadata }: Pod, ref: WorkloadRef, revisions: readonly VerifiableRevision[]): boolean {
  if (targetKind(ref).binding.inPlace) return true;
  return revisions.every(({ podRevision }) => metadata.labels?.[podLabel(podRevision.filter)] === podRevision.id);
}

function weakest(levels: Iterable<EvidenceLevel>): EvidenceLevel {
  const found = new Set(levels);
  return [...EVIDENCE_LEVELS].reverse().find((level) => found.has(level)) ?? 'ready';
}

/** What a run that is cancelled leaves open of a workload that is ready. */
export function cancelledVerification(ref: WorkloadRef): Problem {
  return {
    kind: 'cancelled',
    subject: describeWorkload(ref),
    form: 'clause',
    message: 'the run was cancelled before everything was verified; its pods are ready.',
    remedy: 'Re-run to complete verification.',
  };
}

function noPods(ref: WorkloadRef): Problem | undefined {
  const { withoutPods } = targetKind(ref);
  return withoutPods && noEffect(ref, withoutPods.message, withoutPods.remedy);
}

function tooFew(ref: WorkloadRef, there: number, wanted: number): Problem {
  return {
    kind: 'verification',
    subject: describeWorkload(ref),
    form: 'clause',
    message: `it has ${count(wanted, 'pod')}, but only ${there} of them could be verified.`,
    remedy: `Its pods changed during the verification. Check their events (\`kubectl events -n ${ref.namespace} --types=Warning\`) and logs, then re-run the job.`,
  };
}

function unverified(ref: WorkloadRef, { why, permission }: Weakness): Problem {
  return {
    kind: 'verification',
    subject: describeWorkload(ref),
    message: `could not be verified: ${why}.`,
    ...defined({ permission }),
    remedy:
      'Grant "get" and "create" on pods/exec and "get" and "list" on pods, or use "verify: auto", which accepts weaker evidence.',
  };
}
