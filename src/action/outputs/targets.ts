import { defined } from '../../base/defined.ts';
import { describeProblem, type Problem } from '../../base/problem.ts';
import type { Verification } from '../../deploy/report/evidence-level.ts';
import { finalRevision } from '../../deploy/report/final-revisions.ts';
import { promotionPoint } from '../../deploy/report/promotion-point.ts';
import type {
  ChangeReport,
  Rollback,
  TargetOutcome,
  TargetReport,
  TargetRevision,
} from '../../deploy/report/report.ts';
import type { SoakVerdict } from '../../deploy/report/soak-report.ts';
import type { FilterStatus, WorkloadStatus } from '../../deploy/report/status-report.ts';
import { toldProblems } from '../../deploy/report/told-problems.ts';
import { TROUBLES } from '../verdict/status.ts';
import { plain } from '../verdict/text.ts';
import { fitList, type Shorten } from './json.ts';

const MAX_ERROR_CHARACTERS = 1_000;
const SHORT_ERROR_CHARACTERS = 200;

type ShortVerification = Pick<Verification, 'level' | 'pods' | 'wanted'>;

/** One workload in the output `targets`. */
interface TargetOutput {
  /** Where the run has several. */
  readonly cluster?: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly outcome: TargetOutcome;
  /** The wanted revision, null for none; with several filters one by filter name. */
  readonly revision: string | null | Readonly<Record<string, string | null>>;
  /** What it runs at the end, in the same form; omitted when that is the wanted revision. */
  readonly runs?: TargetOutput['revision'];
  /** The revision that was there before; null, or no entry of the filter, when there was none. */
  readonly before?: string | null | Readonly<Record<string, string>>;
  readonly pods?: { readonly ready: number; readonly wanted: number };
  /** Where its rollout waits for promotion, brought there or rolled back. */
  readonly waiting?: string;
  readonly seconds?: number;
  readonly verification?: ShortVerification;
  /** What watching its pods came to; omitted when nobody did. */
  readonly soak?: SoakVerdict;
  /** Whether it was rolled back; omitted when that was not tried. */
  readonly rollback?: Rollback['state'];
  readonly error?: string;
}

const LADDER: readonly Shorten<TargetOutput>[] = [
  ({ error, ...rest }) => (error === undefined ? rest : { ...rest, error: plain(error, SHORT_ERROR_CHARACTERS) }),
  ({ seconds, before, ...rest }) => rest,
  ({ pods, ...rest }) => rest,
  ({ error, ...rest }) => rest,
  ({ verification, ...rest }) => rest,
];

const URGENCY: readonly TargetOutcome[] = [
  'failed',
  'rolled-back',
  'superseded',
  'waiting',
  'untouched',
  'deployed',
  'removed',
  'unchanged',
];

/**
 * The workloads of a run as JSON of at most `most` UTF-16 units. Where it would grow too long each loses, in this order: a long
 * error text (cut to 200 characters), `seconds` and `before`, `pods`, `error`, `verification`; at last workloads are left out,
 * failed ones last.
 */
export function targetsJson({ targets, filters }: Pick<ChangeReport, 'targets' | 'filters'>, max: number): string {
  const several = filters.length > 1 || targets.some(({ revisions }) => revisions.length > 1);
  return fitList(
    targets.map((target) => targetOutput(target, several)),
    max,
    LADDER,
    ({ outcome }) => URGENCY.indexOf(outcome),
  );
}

function targetOutput(target: TargetReport, several: boolean): TargetOutput {
  const { ref, outcome, revisions, pods, durationMs, verification, rollback } = target;
  const befores = revisions.flatMap(({ filter, before }): [string, string][] =>
    before === undefined ? [] : [[filter, before]],
  );
  const named = (of: (one: TargetRevision) => string | undefined): TargetOutput['revision'] =>
    several
      ? Object.fromEntries(revisions.map((one) => [one.filter, of(one) ?? null]))
      : ((revisions[0] && of(revisions[0])) ?? null);
  const error = errorOf(target);
  const waiting = promotionPoint(target);
  return {
    ...defined({ cluster: ref.cluster }),
    namespace: ref.namespace,
    kind: ref.kind,
    name: ref.name,
    outcome,
    revision: named(({ revision }) => revision),
    ...(!revisions.every((one) => finalRevision(target, one) === one.revision) && {
      runs: named((one) => finalRevision(target, one)),
    }),
    before: several ? Object.fromEntries(befores) : (befores[0]?.[1] ?? null),
    pods: { ready: pods.ready, wanted: pods.wanted },
    ...(waiting !== undefined && { waiting: plain(waiting, SHORT_ERROR_CHARACTERS) }),
    ...(durationMs !== undefined && { seconds: Math.round(durationMs / 100) / 10 }),
    // What was rolled back proves nothing any more.
    ...(verification !== undefined && rollback === undefined && { verification: shortVerification(verification) }),
    ...defined({ soak: target.soak?.verdict }),
    ...(rollback !== undefined && { rollback: rollback.state }),
    ...(error !== '' && { error }),
  };
}

function shortVerification({ level, pods, wanted }: Verification): ShortVerification {
  return { level, pods, wanted };
}

/** What failed, and why the rollback did, too. */
function errorOf(target: TargetReport): string {
  return toldProblems(target).map(errorText).join(' ');
}

function errorText({ kind, subject, message, form, remedy }: Problem): string {
  // Cut before it is put together and cleaned: a message may be megabytes.
  const [start, advice] = [message, remedy ?? ''].map((part) => part.slice(0, 4 * MAX_ERROR_CHARACTERS));
  const problem = { kind, message: start ?? '', ...defined({ subject, form, remedy: advice || undefined }) };
  return plain(describeProblem(problem), MAX_ERROR_CHARACTERS);
}

/** One workload in the output `targets` of `status`. */
interface StatusOutput {
  /** Where the run has several. */
  readonly cluster?: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly pods?: { readonly ready: number; readonly wanted: number };
  readonly filters: readonly FilterOutput[];
}

type FilterOutput = Pick<FilterStatus, 'filter' | 'health'> &
  Partial<Omit<FilterStatus, 'filter' | 'health' | 'verification' | 'notes'>> & {
    readonly verification?: ShortVerification;
    readonly notes?: readonly string[];
  };

function ofFilters(shorten: (filter: FilterOutput) => FilterOutput): Shorten<StatusOutput> {
  return ({ filters, ...rest }) => ({ ...rest, filters: filters.map(shorten) });
}

const STATUS_LADDER: readonly Shorten<StatusOutput>[] = [
  ofFilters(({ notes = [], ...rest }) => ({
    ...rest,
    notes: notes.map((note) => plain(note, SHORT_ERROR_CHARACTERS)),
  })),
  ofFilters(({ previous, run, ...rest }) => rest),
  ({ pods, ...rest }) => rest,
  ofFilters(({ notes, digest, image, ...rest }) => rest),
  ofFilters(({ verification, expires, ...rest }) => rest),
];

/**
 * The workloads that `status` found as JSON of at most `most` UTF-16 units. Where it would grow too long each loses, in this
 * order: long notes (cut to 200 characters), `previous` and `run`, `pods`, `notes`, `digest` and `image`, `verification` and
 * `expires`; at last workloads are left out, those in trouble last.
 */
export function statusJson(workloads: readonly WorkloadStatus[], max: number): string {
  const outputs = workloads.map(
    ({ ref, pods, filters }): StatusOutput => ({
      ...defined({ cluster: ref.cluster }),
      namespace: ref.namespace,
      kind: ref.kind,
      name: ref.name,
      pods: { ready: pods.ready, wanted: pods.wanted },
      filters: filters.map(({ verification, notes, ...rest }) => ({
        ...rest,
        ...(verification !== undefined && { verification: shortVerification(verification) }),
        ...(notes.length > 0 && { notes: notes.map(({ text }) => plain(text, MAX_ERROR_CHARACTERS)) }),
      })),
    }),
  );
  return fitList(outputs, max, STATUS_LADDER, ({ filters }) =>
    filters.some(({ health }) => TROUBLES.some((trouble) => trouble === health)) ? 0 : 1,
  );
}
