import { inContext } from '../../base/kubectl.ts';
import { sentence, someOf, thousands } from '../../base/text.ts';
import type { Promotion } from '../../deploy/kinds/kind.ts';
import { targetKind } from '../../deploy/kinds/kinds.ts';
import { kubectlContextOf } from '../../deploy/report/kubectl-context.ts';
import { promotionPoint } from '../../deploy/report/promotion-point.ts';
import { type ChangeReport, countOutcome, type TargetReport } from '../../deploy/report/report.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { evidenceOf, evidenceTail } from './evidence.ts';
import { plain } from './text.ts';
import { idleSentence, inClusters, sentences, type Verdict, verb, workloads } from './words.ts';

/** More are only counted. */
const MAX_NAMED = 3;

/** The verdict over a run that did well until somebody has to promote a rollout. `subject` is what waits, in the words of the headline. */
export function judgeWaiting(report: ChangeReport, subject: string): Verdict {
  const waiting = waitingTargets(report);
  // Of the whole run, as the output verified-proxies has it.
  const seen = evidenceTail(evidenceOf(report.targets));
  const untouched = countOutcome(report, 'untouched');
  return {
    icon: '⏸️',
    headline: `${subject} for promotion on ${waitingWorkloads(report)}${seen === '' ? '' : `${seen} so far`}`,
    sentence: sentences(
      waitingSentence(report, waiting, report.command === 'deploy' ? 'verify the rest' : 'delete unused objects'),
      untouched === 0
        ? ''
        : `${workloads(untouched)} of later waves ${verb(untouched, 'was', 'were')} not touched; ${verb(untouched, 'it follows', 'they follow')} in that run.`,
      idleSentence(report),
    ),
  };
}

/** The targets that wait: `Rollout shop/web`, `2 workloads`, `2 of 5 workloads`. */
function waitingWorkloads(report: Pick<ChangeReport, 'targets' | 'clusters'>): string {
  const [first, ...others] = waitingTargets(report);
  if (first !== undefined && others.length === 0) return plain(describeWorkload(first.ref), 260);
  const n = others.length + 1;
  const all = report.targets.length;
  return `${n === all ? '' : `${thousands(n)} of `}${workloads(all)}${inClusters(report)}`;
}

/** Returns the targets that somebody has to promote. */
export function waitingTargets({ targets }: Pick<ChangeReport, 'targets'>): TargetReport[] {
  return targets.filter(({ outcome }) => outcome === 'waiting');
}

/** Where rollouts wait, what promotes them, and what a run does after that. */
function waitingSentence(
  report: Pick<ChangeReport, 'clusters'>,
  targets: readonly TargetReport[],
  next: string,
): string {
  return sentences(placesSentence(targets), `${promoteWords(report, targets)}.`, `Then re-run to ${next}.`);
}

/** Returns where rollouts wait that were rolled back to a revision which nobody had promoted, and what to do; empty for none. */
export function waitingAgainSentence(report: Pick<ChangeReport, 'targets' | 'clusters'>): string {
  const targets = waitingAgain(report);
  if (targets.length === 0) return '';
  return sentences(
    placesSentence(targets),
    `${promoteWords(report, targets)} if all pods shall run the revision that ${verb(targets.length, 'it was', 'they were')} rolled back to; or fix the cause and re-run.`,
  );
}

/** Returns the targets that were rolled back, and that somebody has to promote. */
export function waitingAgain({ targets }: Pick<ChangeReport, 'targets'>): TargetReport[] {
  return targets.filter(({ rollback }) => rollback?.waiting !== undefined);
}

function placesSentence(targets: readonly TargetReport[]): string {
  const places = targets.map((target) =>
    plain(`${describeWorkload(target.ref)}: ${promotionPoint(target) ?? ''}`, 400),
  );
  return sentence(someOf(places, MAX_NAMED, '; '));
}

/** `Promote them (…)`. */
function promoteWords({ clusters }: Pick<ChangeReport, 'clusters'>, targets: readonly TargetReport[]): string {
  const refs = targets.map(({ ref }) => ref);
  const shown = promotionCommands(refs, clusters, 'promote');
  return `Promote ${verb(targets.length, 'it', 'them')}${shown === '' ? '' : ` (${shown})`}`;
}

/** Returns what does something to rollouts, for the first few of them; empty where there is no command for it. */
export function promotionCommands(
  refs: readonly WorkloadRef[],
  clusters: ChangeReport['clusters'],
  verb: keyof Promotion,
): string {
  const commands = refs.flatMap((ref) => {
    const command = targetKind(ref).promotion?.(ref)[verb];
    return command === undefined ? [] : [plain(inContext(command, kubectlContextOf(clusters, ref)), 1_000)];
  });
  return someOf(commands, MAX_NAMED, '; ');
}
