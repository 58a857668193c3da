import { someOf, thousands } from '../../../base/text.ts';
import type { ChangeReport, Collected, Left, TargetReport } from '../../../deploy/report/report.ts';
import { shortWorkload } from '../../../targets/target.ts';
import { DELETED_BY_A_RUN_THAT_WAITS, isUntried, permissionsFor } from '../../verdict/left-behind.ts';
import { countOf, plain } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, code, codes, details, fence, text } from './markdown.ts';

const MAX_NAMED = 4;

/** What others had changed, told once for all the workloads that share it, and whether this run has repaired it. */
export function renderDrift(report: Pick<ChangeReport, 'targets'>, limits: Limits): string {
  const drifted = report.targets.filter(({ drift }) => drift.length > 0);
  const repaired = drifted.filter(({ phase }) => phase === 'succeeded' || phase === 'unverified');
  const unrepaired = drifted.filter((target) => !repaired.includes(target));
  return blocks(
    driftSection(
      'Drift corrected',
      'This was changed by others since the last run; this run repaired it:',
      repaired,
      limits,
    ),
    driftSection(
      'Drift',
      'This was changed by others since the last run; this run failed and did not repair it:',
      unrepaired,
      limits,
    ),
  );
}

function driftSection(heading: string, lead: string, targets: readonly TargetReport[], limits: Limits): string {
  const byDrift = groupDrift(targets);
  if (byDrift.size === 0) return '';
  const lines = [...byDrift].slice(0, limits.entries).map(([drift, names]) => {
    const who = someOf(
      names.slice(0, MAX_NAMED).map((name) => code(name, limits.name)),
      MAX_NAMED,
    );
    const more = names.length > MAX_NAMED ? ` and ${thousands(names.length - MAX_NAMED)} more` : '';
    return `- ${text(drift, limits.message)} (${who}${more})`;
  });
  const left = byDrift.size - lines.length;
  return blocks(
    `### ${heading}`,
    lead,
    [...lines, ...(left > 0 ? [`- … and ${thousands(left)} more`] : [])].join('\n'),
  );
}

/** What was changed, and on which workloads, `namespace/name`. */
export function groupDrift(targets: readonly TargetReport[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { ref, drift } of targets) {
    for (const one of new Set(drift)) {
      const names = groups.get(one) ?? [];
      names.push(shortWorkload(ref));
      groups.set(one, names);
    }
  }
  return groups;
}

/** The objects that were deleted, folded, and those that are still there with the reason, open. */
export function renderCollected({ deleted, left }: Collected, limits: Limits): string {
  const byWhy = Map.groupBy(left, ({ why }) => why);
  const isAllReplaced = left.every(({ replaced }) => replaced === true);
  const lines = [...byWhy].slice(0, limits.entries).map(([why, objects]) => {
    const names = objects.map(({ object }) => object);
    return `- 🧹 ${codes(names, Math.min(MAX_NAMED, limits.subjects), limits.name)}: ${text(why, limits.message)}`;
  });
  const unsaid = byWhy.size - lines.length;
  return blocks(
    lines.length === 0
      ? ''
      : blocks(
          '### Left behind',
          isAllReplaced
            ? 'This run created these objects, and newer runs took over its workloads. The objects do no harm.'
            : `${leftSentence(left)} They do no harm; ${text(triesAgain(left), limits.message)}`,
          [...lines, ...(unsaid > 0 ? [`- … and ${thousands(unsaid)} more`] : [])].join('\n'),
        ),
    renderNames(`🧹 ${countOf(deleted.length, 'unused object')} deleted`, deleted, limits),
  );
}

function leftSentence(left: readonly Left[]): string {
  if (isUntried(left)) return 'This run did not try to delete these objects.';
  return left.every(({ runBy }) => runBy !== undefined)
    ? 'These objects could not be deleted yet: pods still use them.'
    : 'These objects could not be deleted.';
}

function triesAgain(left: readonly Left[]): string {
  if (isUntried(left)) return `${DELETED_BY_A_RUN_THAT_WAITS} them.`;
  const permissions = permissionsFor(left);
  return permissions === undefined
    ? 'the next run tries again to delete them.'
    : `no run can delete them without the permission to ${permissions}: grant it, then re-run.`;
}

/** A list of names that folds; nothing for none. */
export function renderNames(title: string, names: readonly string[], limits: Limits): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, limits.items).map((name) => plain(name, limits.name));
  const left = names.length - shown.length;
  const lines = [...shown, ...(left > 0 ? [`… and ${thousands(left)} more`] : [])];
  return details(title, fence(lines.join('\n'), 'text'));
}
