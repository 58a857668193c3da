import { describeProblem, type Problem } from '../base/problem.ts';
import { allRevisions, countOutcome, type Report, type TargetOutcome, type TargetReport } from '../deploy/report.ts';
import { plain } from './markdown.ts';

/** The action's outputs, in the order of action.yml. */
export const OUTPUTS = [
  'result',
  'changed',
  'revision',
  'digest',
  'deployed',
  'unchanged',
  'failed',
  'targets',
] as const;
export type OutputName = (typeof OUTPUTS)[number];

/**
 * All outputs of a job may have 1 MB, counted as UTF-16
 * (https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idoutputs): two bytes a unit, and
 * some room for the other outputs.
 */
const MOST_TARGETS_UNITS = 450_000;
const MOST_ERROR_CHARACTERS = 1_000;
const SHORT_ERROR_CHARACTERS = 200;

/** One workload in the output `targets`. */
interface TargetOutput {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly outcome: TargetOutcome;
  /** The wanted revision; with several filters one by filter name. */
  readonly revision?: string | Readonly<Record<string, string>>;
  /** The revision that was there before; null, or no entry of the filter, when there was none. */
  readonly before?: string | null | Readonly<Record<string, string>>;
  readonly pods?: { readonly ready: number; readonly wanted: number };
  readonly seconds?: number;
  readonly error?: string;
}

/**
 * The outputs of a run. `targets` is a JSON array with one object per workload. Where it would grow too long it loses, in
 * this order: long error texts (cut to 200 characters), `seconds` and `before`, `pods`, `error`, and at last the workloads
 * of the end (failed ones come first then); only in this last case its last element is `{"truncated": true, "omitted": N}`.
 */
export function outputsOf(report: Report): Record<OutputName, string> {
  return {
    result: report.outcome,
    changed: String(report.changed),
    revision: allRevisions(report).join(','),
    digest: [...new Set(report.filters.map(({ digest }) => digest))].join(','),
    deployed: String(countOutcome(report, 'deployed')),
    unchanged: String(countOutcome(report, 'unchanged')),
    failed: String(countOutcome(report, 'failed')),
    targets: targetsJson(report),
  };
}

type Shorten = (target: TargetOutput) => TargetOutput;

const LADDER: readonly Shorten[] = [
  (target) => target,
  ({ error, ...rest }) => (error === undefined ? rest : { ...rest, error: plain(error, SHORT_ERROR_CHARACTERS) }),
  ({ seconds, before, ...rest }) => rest,
  ({ pods, ...rest }) => rest,
  ({ error, ...rest }) => rest,
];

function targetsJson({ targets, filters }: Report): string {
  const several = filters.length > 1 || targets.some(({ revisions }) => revisions.length > 1);
  let outputs = targets.map((target) => targetOutput(target, several));
  for (const shorten of LADDER) {
    outputs = outputs.map(shorten);
    const json = JSON.stringify(outputs);
    if (json.length <= MOST_TARGETS_UNITS) return json;
  }
  return truncatedJson(outputs);
}

function truncatedJson(outputs: readonly TargetOutput[]): string {
  const urgency: readonly TargetOutcome[] = ['failed', 'untouched', 'deployed', 'unchanged'];
  const sorted = [...outputs].sort((a, b) => urgency.indexOf(a.outcome) - urgency.indexOf(b.outcome));
  const parts: string[] = [];
  let used = 64; // The brackets and the last element.
  for (const output of sorted) {
    const part = JSON.stringify(output);
    if (used + part.length + 1 > MOST_TARGETS_UNITS) break;
    parts.push(part);
    used += part.length + 1;
  }
  return `[${[...parts, JSON.stringify({ truncated: true, omitted: sorted.length - parts.length })].join(',')}]`;
}

function targetOutput(
  { ref, outcome, revisions, pods, durationMs, problem }: TargetReport,
  several: boolean,
): TargetOutput {
  const befores = revisions.flatMap(({ filter, before }): [string, string][] =>
    before === undefined ? [] : [[filter, before]],
  );
  return {
    namespace: ref.namespace,
    kind: ref.kind,
    name: ref.name,
    outcome,
    revision: several
      ? Object.fromEntries(revisions.map(({ filter, revision }) => [filter, revision]))
      : (revisions[0]?.revision ?? ''),
    before: several ? Object.fromEntries(befores) : (befores[0]?.[1] ?? null),
    pods: { ready: pods.ready, wanted: pods.wanted },
    ...(durationMs === undefined ? {} : { seconds: Math.round(durationMs / 100) / 10 }),
    ...(problem === undefined ? {} : { error: errorOf(problem) }),
  };
}

function errorOf({ kind, subject, message, remedy }: Problem): string {
  // Cut before it is put together and cleaned: a message may be megabytes.
  const [start, advice] = [message, remedy ?? ''].map((part) => part.slice(0, 4 * MOST_ERROR_CHARACTERS));
  const problem = { kind, message: start ?? '', ...(advice ? { remedy: advice } : {}) };
  return plain(describeProblem(subject === undefined ? problem : { ...problem, subject }), MOST_ERROR_CHARACTERS);
}
