import { mapLimited, pause } from '../base/concurrency.ts';
import type { Problem } from '../base/problem.ts';
import { ApiError } from '../cluster/errors.ts';
import type { Pod } from '../cluster/objects.ts';
import { selectorOf } from '../cluster/pod-selector.ts';
import { isReady, isTerminating, ownerOf } from '../cluster/pods.ts';
import { readinessOf } from '../cluster/readiness.ts';
import { POD } from '../cluster/resources.ts';
import { podLabel } from '../mesh/names.ts';
import { describeWorkload, type WorkloadRef } from '../targets/target.ts';
import type { DeployContext } from './context.ts';
import { podId } from './evidence.ts';
import type { PodVerdict } from './pod-verdict.ts';
import type { RolloutPolicy } from './policy.ts';
import { probePods } from './probe-pods.ts';
import { PROOF_LEVELS, type Proof, type ProofLevel } from './proof.ts';
import type { Provable, ProvenRevision } from './provable.ts';
import { ProxyInspector } from './prove-pod.ts';

/** What the evidence came to: how sure it is that the filter runs, or why it does not. */
export interface ProofResult {
  readonly proof?: Proof;
  readonly problem?: Problem;
}

/** How long a proxy may take to have what the mesh has been told, in milliseconds: istiod pushes within a second or two. */
const PROXY_MS = 15_000;
const LOOK_MS = 500;
const PARALLEL_PODS = 4;

/** Looks into the proxies of workloads whose pods are ready, and asks their probe. */
export class Prover {
  readonly #context: DeployContext;
  readonly #policy: Pick<RolloutPolicy, 'verify' | 'probe'>;
  readonly #inspector: ProxyInspector;

  constructor(context: DeployContext, policy: Pick<RolloutPolicy, 'verify' | 'probe'>) {
    this.#context = context;
    this.#policy = policy;
    this.#inspector = new ProxyInspector(context);
  }

  /**
   * The evidence of every pod of a workload that runs the wanted revisions. Waits a while for proxies that do not have the filter
   * yet. `wanted` is how many pods there must be. Nothing to prove gives nothing.
   */
  async prove(workload: Provable, wanted: number): Promise<ProofResult> {
    const { revisions } = workload;
    if (wanted === 0 || revisions.length === 0) return {};
    if (this.#policy.verify === 'off') return this.#probed(workload, { level: 'ready', pods: wanted, wanted });
    const { now, signal } = this.#context;
    const deadline = now() + PROXY_MS;
    const proved = new Map<string, ProofLevel>();
    let weakness: string | undefined;
    for (;;) {
      const listed = await this.#newPods(workload);
      if ('weakness' in listed) return this.#weak(workload, wanted, listed.weakness);
      const pods = listed.pods.filter((pod) => !proved.has(podId(pod)));
      const verdicts = await mapLimited(pods, PARALLEL_PODS, async (pod): Promise<[Pod, PodVerdict]> => {
        return [pod, await this.#inspector.inspect(pod, workload)];
      });
      const late = now() >= deadline;
      for (const [pod, verdict] of verdicts) {
        if (verdict.state === 'proved') {
          proved.set(podId(pod), verdict.level);
          weakness ??= verdict.weakness;
        } else if (verdict.state === 'failed' || late) {
          return { problem: verdict.problem };
        }
      }
      const there = listed.pods.filter((pod) => proved.has(podId(pod))).length;
      if (there >= wanted) {
        const proof = { level: weakest(proved.values()), pods: there, wanted };
        return this.#probed(workload, weakness === undefined ? proof : { ...proof, weakness }, listed.pods);
      }
      if (late) return { problem: tooFew(workload.ref, there, wanted) };
      if (signal.aborted) return { problem: cancelledProof(workload.ref) };
      await pause(LOOK_MS, signal);
    }
  }

  /** The proof where pods cannot be looked at. */
  #weak(workload: Provable, wanted: number, weakness: string): ProofResult {
    if (this.#policy.verify === 'required' || this.#policy.probe !== undefined) {
      return { problem: unproven(workload.ref, weakness) };
    }
    return { proof: { level: 'ready', pods: wanted, wanted, weakness } };
  }

  async #probed(workload: Provable, proof: Proof, known?: readonly Pod[]): Promise<ProofResult> {
    const { verify, probe } = this.#policy;
    if (verify === 'required' && proof.level !== 'listener') {
      return { proof, problem: unproven(workload.ref, proof.weakness ?? 'no proxy could be looked into') };
    }
    if (probe === undefined) return { proof };
    const listed = known === undefined ? await this.#newPods(workload) : { pods: known };
    if ('weakness' in listed) return { proof, problem: unproven(workload.ref, listed.weakness) };
    const problem = await probePods(probe, listed.pods, workload.ref, this.#context);
    if (this.#context.signal.aborted) return { proof, problem: cancelledProof(workload.ref) };
    return problem === undefined ? { proof: { ...proof, probed: true } } : { proof, problem };
  }

  /** The ready pods of a workload that carry the wanted revisions. */
  async #newPods({ ref, revisions, observed }: Provable): Promise<{ pods: readonly Pod[] } | { weakness: string }> {
    const { client, log } = this.#context;
    try {
      const { items } = await client.list<Pod>(POD, ref.namespace, { labelSelector: selectorOf(observed) });
      return {
        pods: items.filter(
          (pod) => belongs(pod, ref) && carries(pod, revisions) && isReady(pod) && !isTerminating(pod),
        ),
      };
    } catch (error) {
      log.debug(`No pods of ${describeWorkload(ref)}: ${String(error)}`);
      const forbidden = error instanceof ApiError && error.status === 403;
      return {
        weakness: forbidden
          ? 'the user of the kubeconfig may not list pods'
          : `pods could not be listed (${String(error)})`,
      };
    }
  }
}

/** Pods that are ready, of those that are wanted, as a workload's status says. */
export function wantedPods({ ref, observed }: Pick<Provable, 'ref' | 'observed'>): number {
  return readinessOf(ref.kind, observed).wanted;
}

function belongs(pod: Pod, { kind, name }: WorkloadRef): boolean {
  const owner = ownerOf(pod);
  return owner?.kind === kind && owner.name === name;
}

function carries({ metadata }: Pod, revisions: readonly ProvenRevision[]): boolean {
  return revisions.every(({ carrier }) => metadata.labels?.[podLabel(carrier.filter)] === carrier.id);
}

function weakest(levels: Iterable<ProofLevel>): ProofLevel {
  const found = new Set(levels);
  return [...PROOF_LEVELS].reverse().find((level) => found.has(level)) ?? 'ready';
}

/** What a run that is cancelled leaves open of a workload that is ready. */
export function cancelledProof(ref: WorkloadRef): Problem {
  return {
    kind: 'cancelled',
    subject: describeWorkload(ref),
    message: 'the run was cancelled before all was proven; its pods are ready.',
    remedy: 'Run again to see it to its end.',
  };
}

function tooFew(ref: WorkloadRef, there: number, wanted: number): Problem {
  return {
    kind: 'proof',
    subject: describeWorkload(ref),
    message: `its status says that ${wanted} pods are ready, but only ${there} of them could be proven.`,
    remedy: 'Its pods come and go; see what they say, then run again.',
  };
}

function unproven(ref: WorkloadRef, why: string): Problem {
  return {
    kind: 'proof',
    subject: describeWorkload(ref),
    message: `could not be proven: ${why}.`,
    remedy:
      'Grant "get" and "create" on pods/exec and "get" and "list" on pods, or use "verify: auto", which is content with less.',
  };
}
