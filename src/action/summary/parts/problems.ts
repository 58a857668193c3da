import { append } from '../../../base/lists.ts';
import { joint, type ProblemKind } from '../../../base/problem.ts';
import { thousands } from '../../../base/text.ts';
import {
  KIND_TITLES,
  type KindGroup,
  type ProblemEntry,
  type RemedyGroup,
  type SubjectDiagnosis,
} from '../../verdict/problem-groups.ts';
import { countOf, plain } from '../../verdict/text.ts';
import { sentences } from '../../verdict/words.ts';
import type { Limits } from './limits.ts';
import { blocks, codes, details, fence, text, textWithCode } from './markdown.ts';

/** Names that stand in the line itself; more of them fold. */
const MAX_NAMED = 8;
const MAX_LINES_PER_SUBJECT = 20;
const MAX_LINE_CHARACTERS = 500;
/** Diagnoses up to this length are shown open. */
const SHORT = { lines: 12, characters: 1_500 } as const;

/** What somebody has to look at now. */
const NEEDS_ATTENTION: readonly ProblemKind[] = ['rollback', 'rolled-back-not-ready'];

/** The problems under a heading: by kind, what is fixed in the same way together, with what the cluster says about it. */
export function renderProblems(heading: string, groups: readonly KindGroup[], limits: Limits): string {
  if (groups.length === 0) return '';
  const budget = { lines: limits.diagnosisLines };
  return blocks(
    `### ${heading}`,
    groups.map((group) => renderKind(group, limits, budget)),
  );
}

function renderKind({ kind, count, remedies }: KindGroup, limits: Limits, budget: { lines: number }): string {
  const total = remedies.reduce((sum, { entries }) => sum + entries.length, 0);
  let room = limits.entries;
  const parts = remedies.map((group) => {
    const shown = group.entries.slice(0, room);
    room -= shown.length;
    return shown.length === 0 ? '' : renderRemedy(group, shown, limits, budget);
  });
  const left = total - limits.entries;
  return blocks(
    `#### ${NEEDS_ATTENTION.includes(kind) ? '🚨' : '❌'} ${KIND_TITLES[kind]}${count > 1 ? ` (${thousands(count)})` : ''}`,
    parts,
    left > 0 ? `… and ${countOf(left, 'more message')} of this kind.` : '',
  );
}

function renderRemedy(
  { remedy, role, first, diagnoses }: RemedyGroup,
  entries: readonly ProblemEntry[],
  limits: Limits,
  budget: { lines: number },
): string {
  const advice = sentences(first ?? '', role === undefined ? '' : 'Apply the Role below.', remedy ?? '');
  return blocks(
    entries.map((entry) => renderEntry(entry, limits)).join('\n'),
    advice === '' ? '' : `**What to do:** ${textWithCode(advice, limits.message)}`,
    // Diagnoses name all of them.
    diagnoses.length > 0 ? [] : entries.map((entry) => renderMoreSubjects(entry, limits)),
    renderDiagnoses(diagnoses, limits, budget),
  );
}

function renderEntry({ message, form, items = [], subjects }: ProblemEntry, limits: Limits): string {
  const named = Math.min(MAX_NAMED, limits.subjects);
  const about =
    subjects.length === 0 ? '' : `${codes(subjects, named, limits.name)}${subjects.length === 1 ? joint(form) : ': '}`;
  const shown = items.slice(0, limits.entries).map((item) => `  - ${text(item, limits.message)}`);
  const left = items.length - shown.length;
  const more = left > 0 ? [`  - … and ${thousands(left)} more`] : [];
  return [`- ${about}${text(message, limits.message)}${items.length > 0 ? ':' : ''}`, ...shown, ...more].join('\n');
}

function renderMoreSubjects({ subjects }: ProblemEntry, limits: Limits): string {
  if (subjects.length <= MAX_NAMED || limits.subjects <= MAX_NAMED) return '';
  const shown = subjects.slice(0, limits.subjects);
  const left = subjects.length - shown.length;
  const lines = [
    ...shown.map((subject) => plain(subject, limits.name)),
    ...(left > 0 ? [`… and ${thousands(left)} more`] : []),
  ];
  return details(`All ${thousands(subjects.length)} of them`, fence(lines.join('\n'), 'text'));
}

/** The diagnoses of a group in one block, as far as the budget goes; it folds when it is long. */
function renderDiagnoses(diagnoses: readonly SubjectDiagnosis[], limits: Limits, budget: { lines: number }): string {
  if (diagnoses.length === 0) return '';
  const lines: string[] = [];
  let left = 0;
  for (const { subject, lines: all } of diagnoses) {
    const room = Math.min(MAX_LINES_PER_SUBJECT, budget.lines);
    left += Math.max(0, all.length - room);
    if (room === 0) continue;
    const shown = all.slice(0, room);
    budget.lines -= shown.length;
    lines.push(plain(subject, limits.name));
    append(
      lines,
      shown.map((line) => `  ${plain(line, MAX_LINE_CHARACTERS)}`),
    );
  }
  if (left > 0) lines.push(`${lines.length === 0 ? '' : '… and '}${countOf(left, 'more line')} left out`);
  const content = lines.join('\n');
  const isShort = lines.length <= SHORT.lines && content.length <= SHORT.characters;
  return details('Diagnosis from pods, events and proxies', fence(content, 'text'), isShort);
}
