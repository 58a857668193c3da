import { dataKey } from './json.ts';
import { append, isNonEmpty } from './lists.ts';
import type { Permission } from './permission.ts';
import { sentence } from './text.ts';

/** What kind of trouble a problem is. One annotation is written per kind, so a kind groups what a reader fixes in one place. */
export type ProblemKind =
  | 'input'
  | 'filter'
  /** A test of the filter fails, or says nothing. */
  | 'test'
  /** Nobody vouches for where the filter came from. */
  | 'provenance'
  /** What the run would do is not the plan that somebody has reviewed. */
  | 'unreviewed'
  /** Where filters come from and go to: a registry, a web server. */
  | 'registry'
  | 'targets'
  | 'kubeconfig'
  /** The API server rejects the credentials of the kubeconfig. */
  | 'credentials'
  | 'connection'
  | 'permission'
  | 'cluster'
  | 'mount'
  | 'workload'
  /** Others have deleted a workload during the run. */
  | 'deleted'
  | 'conflict'
  | 'rollout'
  /** Somebody was to promote a rollout and has not. */
  | 'promotion'
  /** The pods are ready, but the filter does not run in them. */
  | 'no-effect'
  /** The proxies or the probe say that the filter does not do what it should. */
  | 'verification'
  /** The proxies reject their configuration because of something that is not ours: no new pod becomes ready, whatever is deployed. */
  | 'proxy'
  | 'rollback'
  /** It is rolled back, and its pods are not ready. */
  | 'rolled-back-not-ready'
  | 'cancelled'
  | 'internal';

/** A place in a file of the workspace; lines and columns count from 1. */
export interface FilePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `filters/shop.yaml:12:5`: what messages call a place in a file. */
export function describePosition({ file, line, column }: FilePosition): string {
  return `${file}:${line}:${column}`;
}

/**
 * How a message stands beside its subject that does not go on with it: a colon is between them. A `clause` (`its pods are not ready.`)
 * needs the subject; a `sentence` (`The API server does not answer.`) can be read without it.
 */
export type MessageForm = 'clause' | 'sentence';

/** One thing that is wrong, said to the person who has to fix it. */
export interface Problem {
  readonly kind: ProblemKind;
  /** What it is about: an input's name, a workload, an object. */
  readonly subject?: string;
  /** Where somebody has written what is wrong; omitted where that is no file of the workspace. */
  readonly at?: FilePosition;
  /** What happened and why, one sentence without a full stop's worth of stack. With a subject and no `form` it goes on with that: `is empty.` */
  readonly message: string;
  readonly form?: MessageForm;
  /** The same as a clause for a headline, where the kind's own would say less: `the filter rejects its configuration`. */
  readonly clause?: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** Set where the remedy offers the command that shows the events of the namespace. */
  readonly offersEvents?: true;
  /** Set where the cause is in the cluster for sure, such as a quota: to be fixed there, and by no change of the filter or the inputs. */
  readonly causeIn?: 'cluster';
  /** Which of several filters of a workload it is about; omitted where there is one only, or nobody knows. */
  readonly filter?: string;
  /** What is missing, where a Role can grant it. */
  readonly permission?: Permission;
  /** What else there is to know of it, in a sentence: what it is needed for, or what does without it. The remedy has it, too. */
  readonly permissionNote?: string;
  /** What to rule out before it is granted, in whole sentences. The remedy begins with it. */
  readonly permissionDoubt?: string;
  /** Who lacks it, by the name that the API server gives; omitted where it did not say. */
  readonly user?: string;
  readonly cause?: unknown;
}

/** What is wrong, and what helps, of something that whoever says it need not know: the rest of a problem. */
export interface Explanation {
  readonly message: string;
  readonly remedy: string;
}

/** A problem with the name of the filter that it is about, `undefined` where nobody knows, if `all` that there are are several. */
export function aboutOneOf(problem: Problem, filter: string | undefined, all: readonly unknown[]): Problem {
  return all.length < 2 || filter === undefined ? problem : { ...problem, filter };
}

/** At least one problem. */
export type SomeProblems = readonly [Problem, ...Problem[]];

/** Why there is no value: everything that is wrong with what it should have been made of. */
export interface WithProblems {
  readonly problems: SomeProblems;
}

/** Why there is no value, from a parser that does not know what its text is the text of: one clause, for the end of a sentence. */
export interface Fault {
  /** As in `is empty`. */
  readonly fault: string;
}

/** Either a value or why there is none. */
export type Result<T, F = WithProblems> = Success<T> | ({ readonly ok: false } & F);

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
}

/** A value, or everything that is wrong and what can be made of the rest: for further checks alone, never to be carried out. */
export type PartialResult<T> = Result<T, WithProblems & { readonly partial: T }>;

/** A value that was made while problems were gathered: good when there are none. */
export function partialResult<T>(value: T, problems: readonly Problem[]): PartialResult<T> {
  return isNonEmpty(problems) ? { ok: false, problems, partial: value } : ok(value);
}

/** Wraps a good value. */
export function ok<T>(value: T): Success<T> {
  return { ok: true, value };
}

/** One problem, or any number of them: a list is handed over as it is, for it may be longer than a call can have arguments. */
export type Problems = Problem | readonly Problem[];

/** Wraps the problems of what failed. @throws Error where there is none: whoever fails has a reason */
export function fail(...problems: readonly Problems[]): { readonly ok: false } & WithProblems {
  const all = problems.flat();
  if (!isNonEmpty(all)) throw new Error('A failure without a problem');
  return { ok: false, problems: all };
}

/** Wraps the clause of a parser that cannot make a value. */
export function faulty(fault: string): { readonly ok: false } & Fault {
  return { ok: false, fault };
}

/** Gathers the problems of many checks so that one run reports them all together. */
export class Diagnostics {
  readonly #problems: Problem[] = [];

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  get ok(): boolean {
    return this.#problems.length === 0;
  }

  add(...problems: readonly Problems[]): void {
    append(this.#problems, problems.flat());
  }

  /** Gives the value, or keeps what is wrong and gives the rest. */
  unwrapPartial<T>(attempted: PartialResult<T>): T {
    if (attempted.ok) return attempted.value;
    this.add(attempted.problems);
    return attempted.partial;
  }

  /** Gives the checked value, or keeps its problems and gives `undefined`. */
  unwrap<T>(result: Result<T>): T | undefined {
    if (result.ok) return result.value;
    this.add(result.problems);
    return undefined;
  }
}

/** Returns the problems, each with the place of what they are about; as they are without one. */
export function locatedProblems(problems: readonly Problem[], at: FilePosition | undefined): readonly Problem[] {
  return at === undefined ? problems : problems.map((problem) => ({ at, ...problem }));
}

/** Returns a key that problems share of which the same is told, whatever each came from. */
export function problemKey({ cause: _, ...told }: Problem): string {
  return dataKey(told);
}

/** Returns a problem as one about a subject: as it is if it has one; what speaks of none is a sentence beside it. */
export function aboutSubject(problem: Problem, subject: string): Problem {
  return problem.subject === undefined ? { ...problem, subject, form: 'sentence' } : problem;
}

/** Returns what stands between a subject and a message of this form: a colon, unless the message goes on with the subject. */
export function joint(form: MessageForm | undefined): ' ' | ': ' {
  return form === undefined ? ' ' : ': ';
}

/** One line for a log: subject, message, remedy. */
export function describeProblem(problem: Problem): string {
  const subject = problem.subject === undefined ? '' : `${problem.subject}${joint(problem.form)}`;
  if (problem.remedy === undefined) return `${subject}${problem.message}`;
  return `${subject}${sentence(problem.message)} ${problem.remedy}`;
}

/** The problem behind an error that nobody expected; keeps it as the cause. */
export function internalProblem(thrown: unknown): Problem {
  return {
    kind: 'internal',
    message: `Unexpected error: ${messageOf(thrown)}.`,
    remedy:
      'This is a bug in deploy-wasm-filter: re-run the job with debug logging, and report it with the stack trace.',
    cause: thrown,
  };
}

/** The message of anything thrown. Unlike `instanceof`, the check holds for errors made in another context, as Node's own are under a test runner. */
export function messageOf(thrown: unknown): string {
  return Error.isError(thrown) ? thrown.message : String(thrown);
}
