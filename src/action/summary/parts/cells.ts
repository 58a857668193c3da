import { defined } from '../../../base/defined.ts';
import { formatDuration, listWords } from '../../../base/text.ts';
import { targetKind } from '../../../deploy/kinds/kinds.ts';
import type { Verification } from '../../../deploy/report/evidence-level.ts';
import { isAsBefore, isBack } from '../../../deploy/report/final-revisions.ts';
import {
  type ChangeReport,
  isPushed,
  type Report,
  type Rollback,
  type Step,
  type StepState,
  type TargetReport,
  type TargetRevision,
} from '../../../deploy/report/report.ts';
import { objectName } from '../../../mesh/identity/names.ts';
import { describeRun } from '../../../mesh/identity/run-order.ts';
import { FILTER_RESOURCES } from '../../../mesh/objects/filter-resource.ts';
import { inClusterName, type WorkloadRef } from '../../../targets/target.ts';
import { isIdleWithout, wasUnreadyBefore } from '../../verdict/phase.ts';
import { whenWords } from '../../verdict/words.ts';
import { code, text } from './markdown.ts';

/** A name is at most 253 characters in Kubernetes; only a broken one is longer. */
const MAX_NAME_CHARACTERS = 260;

/** A workload as problems name it, too: `Deployment shop/reviews`. It may wrap after the kind and after the slash. */
export function workloadCell({ kind, namespace, name }: WorkloadRef): string {
  return `${kind} ${text(namespace, MAX_NAME_CHARACTERS)}/<wbr>${text(name, MAX_NAME_CHARACTERS)}`;
}

/** A time in a cell. */
export function whenCell(time: string): string {
  // What is a time cannot be markup, and a colon in it needs no care.
  return text(whenWords(time)).replace(/^([-\d]+ \d\d)&#58;<wbr>(\d\d UTC)$/, '$1:$2');
}

type Write = Exclude<Step, 'rollout'>;
const DONE: Readonly<Record<Write, string>> = {
  configMap: '✅ written',
  filterResource: '✅ written',
  template: '✅ patched',
};
const NOT_DONE: Readonly<Record<Exclude<StepState, 'done'>, string>> = {
  unchanged: '➖ unchanged',
  failed: '❌ failed',
  skipped: '⚪ skipped',
};

/** Returns the state of a write. */
export function writeCell(
  step: Write,
  target: TargetReport,
  { outcome, collected }: Pick<ChangeReport, 'outcome' | 'collected'>,
): string {
  // Whoever brought something newer may have cleared away what was written.
  if (target.outcome === 'superseded' || (outcome === 'superseded' && target.outcome === 'untouched')) return '';
  const state = target.steps[step];
  if (isBack(target)) {
    if (step === 'template' && (state === 'done' || !isAsBefore(target))) return unbroken('↩️ rolled back');
    if (step === 'filterResource' && isPushed(target)) return unbroken('↩️ rolled back');
  }
  if (step === 'filterResource' && isPushed(target)) return unbroken('✅ pushed');
  // Objects belong to all workloads of their namespace: they are gone for one that was not touched, too.
  if (state === 'done' || state === 'unchanged') {
    if (step !== 'template' && isDeleted(target, step, collected)) return unbroken('↩️ deleted');
  }
  if (state !== 'done') return writeState(state);
  return unbroken(step === 'template' && targetKind(target.ref).binding.inPlace ? '✅ in place' : DONE[step]);
}

/** Whether what was written for a workload is gone again. */
function isDeleted(
  { ref, revisions }: TargetReport,
  step: Exclude<Write, 'template'>,
  { deleted }: ChangeReport['collected'],
): boolean {
  const kinds = step === 'configMap' ? ['ConfigMap'] : Object.keys(FILTER_RESOURCES);
  const gone = goneOf(deleted);
  const wanted = revisions.flatMap(({ filter, revision }) =>
    revision === undefined ? [] : [`${ref.namespace}/${objectName(filter, revision)}`],
  );
  return (
    wanted.length > 0 &&
    wanted.every((name) => kinds.some((kind) => gone.has(inClusterName(ref.cluster, `${kind} ${name}`))))
  );
}

const goneOf = onceFor((deleted: readonly string[]): ReadonlySet<string> => new Set(deleted));

/** What is made of the same list for every cell is made once, so that a page takes no longer than its length. */
function onceFor<T extends object, R>(make: (list: T) => R): (list: T) => R {
  const made = new WeakMap<T, R>();
  return (list) => {
    const known = made.get(list) ?? make(list);
    made.set(list, known);
    return known;
  };
}

/** Returns the words for a write that was not done. */
export function writeState(state: Exclude<StepState, 'done'>): string {
  return unbroken(NOT_DONE[state]);
}

/** The rollout's result with its evidence and time, and the rollback: `✅ 3/3 verified, 12 s`. */
export function rolloutCell(target: TargetReport, report: Pick<Report, 'policy' | 'filters'>): string {
  const { rollback } = target;
  const forward = unbroken(forwardCell(target, report));
  if (rollback === undefined || target.phase === 'deleted') return forward;
  return `${forward}<br>${rollbackCell(rollback, report.filters.length > 1)}`;
}

function forwardCell(target: TargetReport, report: Pick<Report, 'policy'>): string {
  const { pods, durationMs = 0, steps, verification, outcome, rollback } = target;
  const ready = `${pods.ready}/${pods.wanted} ready`;
  const after = isPushed(target)
    ? ', settings pushed, no restart'
    : durationMs > 0
      ? `, ${formatDuration(durationMs)}`
      : '';
  switch (target.phase === 'deleted' ? target.phase : (target.rolledBackFrom ?? target.phase)) {
    case 'succeeded':
      if (isIdleWithout(target)) return '⚪ no pods';
      if (pods.wanted === 0 && outcome !== 'removed') return `⚪ no pods, not verified${isPushed(target) ? after : ''}`;
      return `✅ ${verification === undefined || rollback !== undefined ? ready : verificationWords(verification)}${after}`;
    case 'not-ready':
      return `❌ ${pods.ready}/${pods.wanted} new pods ready${after}`;
    case 'no-effect':
      // A soak begins where all was verified.
      if (target.soak?.verdict === 'breached') return `❌ ${ready}, got worse while watched${after}`;
      if (lacksTraffic(target, report)) return `❌ ${ready}, no traffic while watched${after}`;
      return `❌ ${ready}, filter not verified${after}`;
    case 'settings-rejected':
      return '❌ settings rejected';
    case 'waiting-for-promotion':
      return `⏸️ ${pods.ready}/${pods.wanted} ${verification?.level === 'listener' ? 'verified' : 'ready'}, waits for promotion`;
    case 'interrupted':
      return `🛑 ${pods.ready}/${pods.wanted}, cancelled`;
    case 'unverified':
      if (isPushed(target)) return rollback === undefined ? '⏳ settings pushed, not verified' : '✅ settings pushed';
      return report.policy.wait ? '⚠️ unknown' : '⏳ not watched';
    case 'not-ready-as-before':
      return `⚠️ ${ready}, as before`;
    case 'superseded':
      return `⏭️ superseded by ${target.newer?.revision === undefined ? 'a removal' : describeRun(target.newer.run ?? '')}`;
    case 'deleted':
      return '❌ deleted during the run';
    case 'overwritten':
    case 'unobserved':
      return `❌ failed${after}`;
    default:
      if (wasUnreadyBefore(target)) return '❌ not ready before the run, not changed';
      return steps.rollout === 'failed' || (rollback !== undefined && outcome === 'failed')
        ? `❌ failed${after}`
        : `⚪ ${ready}, not changed`;
  }
}

/** Whether a workload failed for want of traffic alone: only what was verified is watched, and it is verified again only with traffic. */
function lacksTraffic({ soak }: TargetReport, { policy }: Pick<Report, 'policy'>): boolean {
  return policy.soakLimits?.requires === 'traffic' && soak?.verdict === 'no-traffic';
}

/** `3/3 verified` for the filter seen in every proxy, `3/3 ready` for less; a probe that answered stands with it. */
export function verificationWords({ level, pods, wanted, probed }: Verification): string {
  return `${pods}/${wanted} ${level === 'listener' ? 'verified' : 'ready'}${probed ? ', probed' : ''}`;
}

function rollbackCell({ state, to, durationMs, template, waiting, unconfirmed }: Rollback, named: boolean): string {
  const after = durationMs > 0 ? unbroken(`, ${formatDuration(durationMs)}`) : '';
  const values = Object.values(to);
  const [first] = Object.entries(to);
  // Other filters may stay there, so it is told what is gone.
  const where =
    values.length > 0 && values.every((value) => value === null)
      ? `, without ${listWords(
          Object.keys(to).map((filter) => text(filter, 63)),
          'and',
        )}`
      : values.length === 1 && first !== undefined
        ? `&nbsp;to ${named ? `${text(first[0], 63)}&nbsp;` : ''}${code(first[1] ?? '')}`
        : '';
  switch (state) {
    case 'rolled-back':
      return [
        `${unbroken('↩️ rolled back')}${where}${after}`,
        ...(waiting === undefined ? [] : [`, ${unbroken('waits for promotion again')}`]),
        ...(unconfirmed ? [`<br>${unbroken('🛑 cancelled before pods were ready')}`] : []),
      ].join('');
    case 'failed':
      return unbroken(template === 'before' ? '🚨 rolled back, but not ready' : '🚨 rollback failed');
    case 'skipped':
      return unbroken('🛑 not rolled back, cancelled');
  }
}

/** Keeps a cell that this action writes on one line. */
export function unbroken(cell: string): string {
  return cell.replaceAll(' ', '&nbsp;');
}

/**
 * The revisions of a workload as the run leaves them, by filter, without those that it is without as before. `named`: whether each
 * says which filter it is of, as it has to where the run has several.
 */
export function revisionCells(
  target: TargetReport,
  named: boolean,
): readonly (readonly [filter: string, cell: string])[] {
  const cells = target.revisions.map((revision) => [revision.filter, revisionCell(target, revision)] as const);
  const there = cells.filter(([, cell]) => cell !== NONE_AS_BEFORE);
  const shown = there.length > 0 ? there : cells.slice(0, cells.length === 1 ? 1 : 0);
  return shown.map(([filter, cell]) => [filter, named ? `${text(filter, 63)}: ${cell}` : cell]);
}

function revisionCell(target: TargetReport, revision: TargetRevision): string {
  const { phase, newer, rollback } = target;
  const before = revision.before ?? null;
  if (phase === 'superseded' && newer?.filter === revision.filter) {
    const { revision: _, ...rest } = revision;
    return newRevision({ ...rest, ...defined({ revision: newer.revision }) });
  }
  if (phase === 'deleted') return before === null ? 'none' : `${code(before)}&nbsp;→ none`;
  if (phase === 'untouched' || phase === 'superseded') return asBefore(before);
  if (rollback !== undefined && isBack(target)) {
    const id = rollback.to[revision.filter] ?? null;
    return id === before ? asBefore(id) : id === null ? 'none' : code(id);
  }
  return newRevision(revision);
}

function newRevision({ revision, before }: TargetRevision): string {
  if (before === revision) return code(revision ?? '');
  // It may wrap after the arrow only.
  return `${before === undefined ? 'none' : code(before)}&nbsp;→ ${revision === undefined ? 'none' : code(revision)}`;
}

/** What a workload has as before, not touched or rolled back. */
function asBefore(id: string | null): string {
  return id === null ? NONE_AS_BEFORE : `${code(id)}, as&nbsp;before`;
}

export const NONE_AS_BEFORE = 'none, as&nbsp;before';
