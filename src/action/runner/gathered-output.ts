/** What of a stream is needed, as `process.stdout` has it. */
export interface CorkableStream {
  cork(): void;
  uncork(): void;
}

/** So long, in milliseconds, a line may be kept: nobody who reads the log notices. */
const GATHERED_MS = 20;

/**
 * Returns what to call before each write to a stream, so that what is written within a moment leaves this process at once: each write is
 * a call of the system, which wakes whoever reads, and a run says a line for each workload while it is busiest. `now` lets go of what is
 * kept; a process has to call it before it ends. One that is killed, or runs out of memory, loses the lines since it was last idle: what it
 * has written is told to the watchdog at once.
 * @param after calls its function after so many milliseconds
 */
export function gatherOutput(
  stream: CorkableStream,
  after: (ms: number, then: () => void) => void,
): { readonly soon: () => void; readonly now: () => void } {
  let isKept = false;
  const now = (): void => {
    if (isKept) stream.uncork();
    isKept = false;
  };
  return {
    soon: () => {
      if (isKept) return;
      isKept = true;
      stream.cork();
      after(GATHERED_MS, now);
    },
    now,
  };
}
