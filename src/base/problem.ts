import { append } from './lists.ts';
import type { Permission } from './permission.ts';

/** What kind of trouble a problem is. One annotation is written per kind, so a kind groups what a reader fixes in one place. */
export type ProblemKind =
  | 'input'
  | 'filter'
  /** Nobody vouches for where the filter came from. */
  | 'provenance'
  /** Where filters come from and go to: a registry, a web server. */
  | 'registry'
  | 'targets'
  | 'kubeconfig'
  | 'connection'
  | 'permission'
  | 'cluster'
  | 'mount'
  | 'workload'
  | 'conflict'
  | 'rollout'
  /** The pods are ready, but the filter does not run in them. */
  | 'no-effect'
  /** The proxies or the probe say that the filter does not do what it should. */
  | 'verification'
  /** The proxies reject their configuration because of something that is not ours: no new pod becomes ready, whatever is deployed. */
  | 'proxy'
  | 'rollback'
  | 'cancelled'
  | 'internal';

/** One thing that is wrong, said to the person who has to fix it. */
export interface Problem {
  readonly kind: ProblemKind;
  /** What it is about: an input's name, a workload, an object. */
  readonly subject?: string;
  /** What happened and why, one sentence without a full stop's worth of stack. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** What is missing, where a Role can grant it. */
  readonly permission?: Permission;
  readonly cause?: unknown;
}

/** Either a value or everything that is wrong with what it should have been made of. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A value, or everything that is wrong and what can be made of the rest: for further checks alone, never to be carried out. */
export type PartialResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly partial: T };

/** A value that was made while problems were gathered: good when there are none. */
export function partialResult<T>(value: T, problems: readonly Problem[]): PartialResult<T> {
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems, partial: value };
}

/** Wraps a good value. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** One problem, or any number of them: a list is handed over as it is, for it may be longer than a call can have arguments. */
export type Problems = Problem | readonly Problem[];

/** Wraps one or more problems. */
export function fail(...problems: readonly Problems[]): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: problems.flat() };
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

/** One line for a log: subject, message, remedy. */
export function describeProblem(problem: Problem): string {
  const subject = problem.subject === undefined ? '' : `${problem.subject}: `;
  const remedy = problem.remedy === undefined ? '' : ` ${problem.remedy}`;
  return `${subject}${problem.message}${remedy}`;
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
