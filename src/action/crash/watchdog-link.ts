import type { ProgressEvent } from '../runner/progress.ts';
import type { GroupNote, WatchOrder } from './watchdog.ts';

/** The watchdog's process, as `spawn` gives it, with a pipe to its input. */
export interface WatchdogProcess {
  readonly stdin: {
    write(text: string): unknown;
    on(name: 'error', listener: () => void): unknown;
    /** Pipes of a process are sockets, which would keep this process alive. */
    readonly unref?: () => void;
  };
  on(name: 'error', listener: () => void): unknown;
  unref(): void;
  kill(signal: 'SIGKILL'): unknown;
}

/** What the action tells its watchdog. */
export interface WatchdogLink {
  readonly note: (event: ProgressEvent) => void;
  /** A program that leads a process group has begun or ended. */
  readonly group: (pid: number, running: boolean) => void;
  /** It is not needed any more. */
  readonly dismiss: () => void;
}

/** Gives the watchdog its order. Where it cannot be started or does not listen, everything but such an end is as it would be. */
export function linkWatchdog(child: WatchdogProcess, order: WatchOrder): WatchdogLink {
  child.on('error', () => undefined);
  child.unref();
  child.stdin.on('error', () => undefined);
  child.stdin.unref?.();
  const say = (value: WatchOrder | ProgressEvent | GroupNote): void => {
    child.stdin.write(`${JSON.stringify(value)}\n`);
  };
  say(order);
  return {
    note: say,
    group: (pid, running) => say({ kind: 'group', pid, running }),
    dismiss: () => child.kill('SIGKILL'),
  };
}
