import type { Problem, SomeProblems } from '../../base/problem.ts';
import { count, someOf } from '../../base/text.ts';
import { inClusterName } from '../../targets/target.ts';
import { planWaves, wavesIn } from '../plan/waves.ts';
import {
  differenceOf,
  inPart,
  type PlannedPart,
  type PlanPart,
  planDigest,
  type ReviewedPlan,
} from '../plan-digest.ts';
import { describeChanges, type ProposedChange } from '../preflight/changes.ts';
import { doneParts } from '../preflight/done-parts.ts';
import { clusterPart, planParts } from '../preflight/plan-parts.ts';
import type { CarriedOut } from '../report/report.ts';
import type { ExaminedCluster } from './examine-clusters.ts';

/** Returns the writes of a cluster's plan, each with its difference. */
export function proposedChanges({ deployment: { plan, snapshot, request } }: ExaminedCluster): ProposedChange[] {
  return describeChanges(plan, snapshot, request.wait);
}

/**
 * Returns the parts of the plans of all clusters, a list for each, as is `proposed`: the waves are those of the whole run.
 */
export function partsOf(
  clusters: readonly ExaminedCluster[],
  proposed: readonly (readonly ProposedChange[])[],
): PlannedPart[][] {
  const workloads = clusters.map(({ deployment: { plan }, task: { addedWave } }) => ({
    workloads: plan.workloads,
    addedWave,
  }));
  const request = clusters[0]?.deployment.request;
  const waves = planWaves(workloads, request?.wait ? request.canary : undefined);
  return clusters.map(({ deployment, task }, at) => [
    clusterPart(task.context.client.server),
    ...planParts(deployment, proposed[at] ?? [], wavesIn(waves, workloads, at)),
  ]);
}

/** What a run may carry out of a plan that was reviewed. `problems` say why it may not. */
export type Expectation =
  | { readonly state: 'whole' }
  /** Earlier runs have carried out some of it or all; `all` is also where nothing is left to write and only the digest is known. */
  | { readonly state: 'begun'; readonly done: CarriedOut }
  | { readonly state: 'other'; readonly problems: SomeProblems };

/** Returns what of the reviewed plan is left to the run: `other` if the run would do anything else; `whole`, too, if nothing was reviewed. */
export function expectationOf(clusters: readonly ExaminedCluster[], reviewed: ReviewedPlan | undefined): Expectation {
  if (reviewed === undefined) return { state: 'whole' };
  const planned = partsOf(clusters, clusters.map(proposedChanges)).flatMap((parts, at) =>
    parts.map((part) => inPart(part, clusters[at]?.task.cluster)),
  );
  const digest = planDigest(planned);
  if (digest === reviewed.digest) return { state: 'whole' };
  const does = planned.filter(({ role }) => role === 'does').map(({ what }) => what);
  if (reviewed.parts === undefined) {
    return does.length === 0
      ? { state: 'begun', done: 'unknown' }
      : { state: 'other', problems: [otherDigest(reviewed.digest, digest, does)] };
  }
  const left = leftOf(reviewed.parts, planned, clusters);
  if (planDigest(left) === digest) return { state: 'begun', done: does.length === 0 ? 'all' : 'part' };
  return { state: 'other', problems: differences(left, planned) };
}

/** The parts of a reviewed plan that are not done yet, as they are to be done now. */
function leftOf(
  reviewed: readonly PlanPart[],
  planned: readonly PlannedPart[],
  clusters: readonly ExaminedCluster[],
): readonly PlanPart[] {
  const now = Map.groupBy(planned, ({ what }) => what);
  const missing = reviewed.filter(({ what }) => !now.has(what));
  const found = clusters.map(({ deployment, task: { cluster } }) => {
    const start = inClusterName(cluster, '');
    const own = missing.filter(({ what }) => what.startsWith(start));
    const inCluster = new Map(own.map((part) => [{ ...part, what: part.what.slice(start.length) }, part]));
    const { parts, hasPods } = doneParts(deployment, [...inCluster.keys()]);
    return { done: [...parts].flatMap((part) => inCluster.get(part) ?? []), hasPods };
  });
  const done = new Set(found.flatMap((one) => one.done));
  const hasPods = found.some((one) => one.hasPods);
  return reviewed
    .filter((part) => !done.has(part))
    .map((part) => (hasPods && now.get(part.what)?.find(({ before }) => before === part.digest)) || part);
}

const MAX_NAMED = 10;
const REMEDY =
  'Run "plan" again with the inputs of this run, have it reviewed, and deploy that plan: in a workflow that does both, re-run all its jobs.';

/** Returns that another plan was reviewed, of which nothing is known but its digest; `does` are the parts of this one. */
export function otherDigest(reviewed: string, digest: string, does: readonly string[]): Problem {
  return {
    kind: 'unreviewed',
    message: `The plan ${short(reviewed)} was reviewed, but this run would carry out ${short(digest)}: ${someOf(does, MAX_NAMED)}. Which of that was not reviewed, or is what an earlier run has left, the digest alone does not tell.`,
    remedy: `${REMEDY} With the report file of the plan as "expect-plan", in place of its digest, a run says what differs, and carries out what an earlier one has left.`,
  };
}

/** Returns what differs, a problem each, so that a page lists them. */
export function differences(reviewed: readonly PlanPart[], planned: readonly PlannedPart[]): SomeProblems {
  const { added, gone, other } = differenceOf(reviewed, planned);
  const [first, ...others] = [
    // Inputs and filters are among these, and the rest follows from them.
    ...named('With other content', other),
    ...named('Not reviewed', added),
    ...named('Not in the plan any more', gone),
  ].map((message): Problem => ({ kind: 'unreviewed', message, remedy: REMEDY }));
  // Equal parts have equal digests.
  return [first ?? { kind: 'unreviewed', message: 'The plan is not the reviewed one.', remedy: REMEDY }, ...others];
}

function named(title: string, whats: readonly string[]): string[] {
  const left = whats.length - MAX_NAMED;
  const more = left > 0 ? [`${title}: ${count(left, 'more part')}.`] : [];
  return [...whats.slice(0, MAX_NAMED).map((what) => `${title}: ${what}.`), ...more];
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
