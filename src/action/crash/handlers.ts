import { messageOf } from '../../base/problem.ts';
import type { Progress } from '../runner/progress.ts';
import type { Crash } from './last-words.ts';

/** What is listened to: `process`, or a stand-in. */
export interface ProcessEvents {
  on(name: 'uncaughtException', listener: (error: unknown) => void): unknown;
  on(name: 'exit', listener: () => void): unknown;
  readonly stdout: { on(name: 'error', listener: () => void): unknown };
  /** Ends the process; the listeners of `exit` run before. */
  exit(code: number): void;
}

/** What the last handlers need of the run. */
export interface CrashRuntime {
  readonly progress: () => Progress;
  /** Takes what must not be printed out of a text. */
  readonly redact: (text: string) => string;
  /** Ends the run as a cancel does: nothing more is written, and it gives the report of what it knows. */
  readonly stop: () => void;
  /** Says in the log what nobody expected. */
  readonly tell: (error: unknown) => void;
  /** Publishes what is known, at once. */
  readonly publish: (crash: Crash) => void;
}

/** What the last handlers have seen. */
export interface LastHandlers {
  /** Why the run broke off; `undefined` if it did not. */
  crash(): Crash | undefined;
  /** For an error that ends the run itself: there will be no report. */
  fail(error: unknown): void;
  /** Ends the process when the run gives no report in time, because of `how`. */
  expectEnd(how: string): void;
  /** From now on the report is published by itself. */
  done(): void;
}

/** A run that is told to end gives its report within two seconds; the runner kills a cancelled one after ten. */
const END_MS = 5_000;

const DEFECT =
  'If it happens again, re-run the job with debug logging, and report it as a bug in deploy-wasm-filter, with the log.';

/**
 * What nobody catches does not end the process without a word. An error from somewhere else stops the run, which still says how
 * far it got; whatever ends the process before that, the end itself is told.
 */
export function handleCrashes(source: ProcessEvents, runtime: CrashRuntime): LastHandlers {
  let known: Omit<Crash, 'progress'> | undefined;
  let over = false;
  const crash = (): Crash | undefined => known && { ...known, progress: runtime.progress() };
  const expectEnd = (how: string): void => {
    setTimeout(() => {
      known ??= { how, cause: 'It did not end by itself in time.' };
      source.exit(1);
    }, END_MS).unref();
  };
  const breakOff = (why: Omit<Crash, 'progress'>): void => {
    if (known !== undefined || over) return;
    known = why;
    runtime.stop();
    expectEnd(why.how);
  };
  const unexpected = (error: unknown): Omit<Crash, 'progress'> => ({
    how: 'an unexpected error',
    cause: runtime.redact(messageOf(error)),
    advice: DEFECT,
  });
  source.on('uncaughtException', (error) => {
    runtime.tell(error);
    breakOff(unexpected(error));
  });
  source.stdout.on('error', () =>
    breakOff({ how: 'its log was closed', cause: 'Nothing reads the log of the step any more.' }),
  );
  source.on('exit', () => {
    if (over) return;
    over = true;
    known ??= {
      how: 'it ended too early',
      cause: 'Something that the run waited for will never come.',
      advice: DEFECT,
    };
    runtime.publish({ ...known, progress: runtime.progress() });
  });
  return {
    crash,
    fail: (error) => {
      runtime.tell(error);
      known ??= unexpected(error);
      source.exit(1);
    },
    expectEnd,
    done: () => {
      over = true;
    },
  };
}
