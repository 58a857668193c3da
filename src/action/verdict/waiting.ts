import { inContext } from '../../base/kubectl.ts';
import { sentence, someOf, thousands } from '../../base/text.ts';
import { targetKind } from '../../deploy/kinds/kinds.ts';
import { kubectlContextOf } from '../../deploy/report/kubectl-context.ts';
import { type ChangeReport, countOutcome, type TargetReport } from '../../deploy/report/report.ts';
import { describeWorkload } from '../../targets/target.ts';
import { evidenceOf, evidenceTail } from './evidence.ts';
import { plain } from './text.ts';
import { idleSentence, sentences, type Verdict, verb, workloads } from './words.ts';

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
      waitingSentence(
        report,
        waiting,
        report.command === 'deploy' ? 'verify the rest' : 'delete what nothing uses any more',
      ),
      untouched === 0
        ? ''
        : `${workloads(untouched)} of later waves ${verb(untouched, 'was', 'were')} not touched, and ${verb(untouched, 'has', 'have')} its turn in that run.`,
      idleSentence(report),
    ),
  };
}

/** The targets that wait: `Rollout shop/web`, `2 workloads`, `2 of 5 workloads`. */
function waitingWorkloads(report: Pick<ChangeReport, 'targets'>): string {
  const [first, ...others] = waitingTargets(report);
  if (first !== undefined && others.length === 0) return plain(describeWorkload(first.ref), 260);
  const n = others.length + 1;
  const all = report.targets.length;
  return n === all ? workloads(n) : `${thousands(n)} of ${workloads(all)}`;
}

/** Returns the targets that somebody has to promote. */
export function waitingTargets({ targets }: Pick<ChangeReport, 'targets'>): TargetReport[] {
  return targets.filter(({ outcome }) => outcome === 'waiting');
}

/** Where rollouts wait, what promotes them, and what a run does after that. */
function waitingSentence(
  { clusters }: Pick<ChangeReport, 'clusters'>,
  targets: readonly TargetReport[],
  next: string,
): string {
  const places = targets.map(({ ref, waiting = '' }) => plain(`${describeWorkload(ref)}: ${waiting}`, 400));
  const commands = targets.flatMap(({ ref }) => {
    const promote = targetKind(ref).promotion?.(ref).promote;
    return promote === undefined ? [] : [inContext(promote, kubectlContextOf(clusters, ref))];
  });
  const shown = someOf(
    commands.map((command) => plain(command, 1_000)),
    MAX_NAMED,
    '; ',
  );
  return sentences(
    sentence(someOf(places, MAX_NAMED, '; ')),
    `Promote ${verb(targets.length, 'it', 'them')}${shown === '' ? '' : ` (${shown})`}, then re-run to ${next}.`,
  );
}
