import { listWords, someOf, thousands } from '../../base/text.ts';
import { driftIn } from '../../deploy/report/drift.ts';
import { describeActions, type MadePlan } from '../../deploy/report/plan-report.ts';
import type { PlanReport } from '../../deploy/report/report.ts';
import { countOf, plain } from './text.ts';
import {
  changingFilters,
  filterWords,
  inClusters,
  nameWords,
  refusal,
  sentences,
  unwritten,
  type Verdict,
  verb,
  withExpiry,
  workloads,
} from './words.ts';

const ONLY_A_PLAN = 'Nothing was written: this is only a plan.';

/** The verdict over `plan`. */
export function judgePlan(report: PlanReport): Verdict {
  const { plan } = report;
  if (report.cancelled) {
    const known = plan.state === 'stopped' ? '' : `Planned until then: ${sizeOf(plan)}. There may be more.`;
    return { icon: '🛑', headline: 'Plan: cancelled', sentence: sentences(known, ONLY_A_PLAN) };
  }
  if (plan.state === 'stopped') {
    return refusal(report, 'No plan made', sentences(consequence(report), unwritten(report)));
  }
  const blockers = blockersOf(plan, report);
  if (blockers.length > 0) {
    return {
      icon: '❌',
      headline: `Plan: "deploy" of ${filterWords(report)} would fail: ${someOf(blockers)}`,
      sentence: sentences(
        `Objects, once that is fixed: ${actionsOf(plan)}; ${podsOf(plan)}.`,
        accountSentence(report, plan),
        ONLY_A_PLAN,
      ),
    };
  }
  if (plan.changes.length === 0) {
    const sentence = 'The cluster is up to date.';
    return withExpiry(plan.expires, { icon: '✅', headline: 'Plan: nothing to do', sentence });
  }
  return withExpiry(plan.expires, {
    icon: '📋',
    headline: `Plan: ${whatOf(report)}: ${sizeOf(plan)}${driftTail(report)}`,
    sentence: sentences(
      `Objects: ${actionsOf(plan)}.`,
      restartSentence(plan),
      accountSentence(report, plan),
      ONLY_A_PLAN,
    ),
  });
}

/** What follows for `deploy` where no plan could be made: not that it lacks what an account that only reads does. */
function consequence({ account, problems }: PlanReport): string {
  if (account === undefined || problems.some(({ kind }) => kind !== 'permission'))
    return '"deploy" would stop for the same reason.';
  return account === 'only-reads' ? readerSentence('') : '"deploy" with this account would stop for the same reason.';
}

function readerSentence(where: string): string {
  return `This account only reads${where}; whether the one that deploys has the permissions was not checked.`;
}

/** Says of an account that only reads that nothing follows for the one that deploys; empty for one that may write. */
function accountSentence({ clusters }: PlanReport, { uncheckedPermissions }: MadePlan): string {
  if (uncheckedPermissions.length === 0) return '';
  const readers = new Set(uncheckedPermissions.map(({ cluster }) => cluster)).size;
  const where =
    readers === clusters.length ? '' : ` in ${thousands(readers)} of ${countOf(clusters.length, 'cluster')}`;
  return readerSentence(where);
}

/** `; 2 workloads have drifted`, empty for none. */
function driftTail(report: PlanReport): string {
  const { length } = driftIn(report);
  return length === 0 ? '' : `; ${workloads(length)} ${verb(length, 'has', 'have')} drifted`;
}

function blockersOf({ missingPermissions, changes }: MadePlan, { problems, outcome }: PlanReport): string[] {
  const refused = changes.filter(({ admission }) => admission.state === 'refused').length;
  const others = problems.length - refused;
  return [
    ...(missingPermissions.length === 0
      ? []
      : [
          `${countOf(missingPermissions.length, 'permission')} ${verb(missingPermissions.length, 'is', 'are')} missing`,
        ]),
    ...(refused === 0 ? [] : [`the API server rejects ${countOf(refused, 'write')}`]),
    ...(others > 0 || (outcome === 'failed' && refused === 0) ? [countOf(Math.max(1, others), 'problem')] : []),
  ];
}

/** `add-header 0b6e4d1f93 → 4f2a91c07b on 5 workloads`: the filters, their revision where all that change have the same, and on how many. */
function whatOf(report: PlanReport): string {
  const differing = report.targets.filter(({ revisions }) =>
    revisions.some(({ revision, before }) => revision !== before),
  );
  const targets = differing.length === 0 ? report.targets : differing;
  const where = targets.length === 0 ? '' : ` on ${workloads(targets.length)}`;
  return `${nameWords(changingFilters(report, differing))}${revisionStep(differing)}${where}${inClusters(report)}`;
}

/** ` 0b6e4d1f93 → 4f2a91c07b`, without what is not the same on all of them. */
function revisionStep(targets: PlanReport['targets']): string {
  const steps = targets.flatMap(({ revisions }) => revisions).filter(({ revision, before }) => revision !== before);
  if (new Set(steps.map(({ filter }) => filter)).size > 1) return '';
  const [after, ...others] = new Set(steps.map(({ revision }) => revision));
  if (after === undefined || others.length > 0) return '';
  const [before, ...more] = new Set(steps.map((step) => step.before));
  const from = more.length > 0 ? '→ ' : before === undefined ? '' : `${plain(before, 63)} → `;
  return ` ${from}${plain(after, 63)}`;
}

/** `2 to create, 5 to change, 0 to delete`. */
function actionsOf({ changes }: MadePlan): string {
  return describeActions(changes.map(({ action }) => action));
}

/** `3 objects to write, 1 Gateway changes in place, 5 workloads restart (14 pods)`. */
function sizeOf(plan: MadePlan): string {
  const { changes } = plan;
  const deletions = changes.filter(({ action }) => action === 'delete').length;
  const writes = changes.length - deletions;
  return someOf([
    ...(writes === 0 && deletions > 0 ? [] : [`${countOf(writes, 'object')} to write`]),
    ...(deletions === 0
      ? []
      : [writes === 0 ? `${countOf(deletions, 'object')} to delete` : `${thousands(deletions)} to delete`]),
    podsOf(plan),
  ]);
}

/** `1 Gateway changes in place, 5 workloads restart (14 pods)`. */
function podsOf({ restarts, inPlace }: MadePlan): string {
  const pods = restarts.reduce((sum, restart) => sum + restart.pods, 0);
  return someOf([
    ...[...Map.groupBy(inPlace, ({ ref }) => ref.kind)].map(
      ([kind, { length }]) => `${countOf(length, kind)} ${verb(length, 'changes', 'change')} in place`,
    ),
    restarts.length === 0
      ? 'no restart'
      : `${workloads(restarts.length)} ${verb(restarts.length, 'restarts', 'restart')} (${countOf(pods, 'pod')})`,
  ]);
}

function restartSentence({ restarts, inPlace, waves }: MadePlan): string {
  const kinds = [...new Set(inPlace.map(({ ref }) => ref.kind))];
  const atOnce = kinds.length === 0 ? '' : `All pods of a ${listWords(kinds)} change at once.`;
  if (restarts.length === 0) return sentences('No pod is replaced.', atOnce);
  return sentences(waves > 1 ? `The workloads restart in ${countOf(waves, 'wave')}.` : '', atOnce);
}
