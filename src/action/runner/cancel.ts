/** The signals of a cancelled run: the first forbids new writes, the second gives up what is open. */
export interface Cancellation {
  readonly cancelled: AbortSignal;
  readonly abandoned: AbortSignal;
  /** Cancels without a signal, and without a word. */
  cancel(): void;
  /** Everything is published: a signal that still comes calls `exit`, and would otherwise end the process without its exit code. */
  end(exit: () => void): void;
}

/** What is listened to: `process`, or a stand-in. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * The runner sends SIGINT, after 7.5 s SIGTERM, and kills after 2.5 s more (actions/runner, ProcessInvoker.cs); some runners
 * send SIGHUP (actions/runner#1309). A write that is under way gets this long to be answered.
 */
const GRACE_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens for the cancel signals. */
export function listenForCancel(source: SignalSource, onCancel: (signal: string) => void): Cancellation {
  const soft = new AbortController();
  const hard = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    if (soft.signal.aborted) return;
    soft.abort();
    timer = setTimeout(() => hard.abort(), GRACE_MS);
    timer.unref();
  };
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      if (soft.signal.aborted) {
        hard.abort();
        return;
      }
      onCancel(signal);
      cancel();
    };
    source.on(signal, listener);
    return [signal, listener] as const;
  });
  return {
    cancelled: soft.signal,
    abandoned: hard.signal,
    cancel,
    end: (exit) => {
      clearTimeout(timer);
      for (const [signal, listener] of listeners) {
        // Before the other goes: a signal that nobody listens to is deadly.
        source.on(signal, exit);
        source.off(signal, listener);
      }
    },
  };
}
