import { messageOf } from '../../base/problem.ts';
import type { Progress } from '../runner/progress.ts';
import type { Crash } from './last-words.ts';

/** What is listened to: `process`, or a stand-in. */
export interface ProcessEvents {
  on(name: 'uncaughtException', listener: (error: unknown) => void): unknown;
  /** Nothing is left that the process waits for; what is begun here is waited for once more. */
  on(name: 'beforeExit', listener: () => void): unknown;
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
  /** Tells those who read of the run elsewhere, before it ends. Takes a few seconds at most, and never rejects. */
  readonly comment: (crash: Crash) => Promise<void>;
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

const TOO_EARLY: Omit<Crash, 'progress'> = {
  how: 'it ended too early',
  cause: 'Something that the run waited for will never come.',
  advice: DEFECT,
};

/**
 * What nobody catches does not end the process without a word. An error from somewhere else stops the run, which still says how
 * far it got; whatever ends the process before that, the end itself is told.
 */
export function handleCrashes(source: ProcessEvents, runtime: CrashRuntime): LastHandlers {
  let known: Omit<Crash, 'progress'> | undefined;
  let over = false;
  /** Ends the process, once it is told. */
  const end = (why: Omit<Crash, 'progress'>): void => {
    known ??= why;
    const told = over ? Promise.resolve() : runtime.comment({ ...known, progress: runtime.progress() });
    void told.finally(() => source.exit(1));
  };
  const crash = (): Crash | undefined => known && { ...known, progress: runtime.progress() };
  const expectEnd = (how: string): void => {
    setTimeout(() => end({ how, cause: 'It did not end by itself in time.' }), END_MS).unref();
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
  let asked = false;
  source.on('beforeExit', () => {
    if (over || asked) return;
    asked = true;
    known ??= TOO_EARLY;
    void runtime.comment({ ...known, progress: runtime.progress() });
  });
  source.on('exit', () => {
    if (over) return;
    over = true;
    known ??= TOO_EARLY;
    runtime.publish({ ...known, progress: runtime.progress() });
  });
  return {
    crash,
    fail: (error) => {
      runtime.tell(error);
      end(unexpected(error));
    },
    expectEnd,
    done: () => {
      over = true;
    },
  };
}
