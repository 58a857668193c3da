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
  /** Starts the watchdog now, as the first write is near and processors will be busier then. */
  readonly expectWrites: () => void;
  /** It is not needed any more. */
  readonly dismiss: () => void;
}

/**
 * A run that has written nothing, started no program and is over so soon goes without: most scheduled runs change nothing, and for them
 * it would be a tenth of all that they cost.
 */
const QUIET_MS = 1_000;
/** So many bytes are not used up in that time. */
const ROOMY = 1_073_741_824;

/**
 * Links this process to its watchdog, which `start` starts when the first write is near, before the first program, or after a second,
 * whatever comes first, and at once where there is little memory; it then hears what it has missed. Where it cannot be started or does not listen, everything but such an end is as it would be.
 */
export function linkWatchdog(start: () => WatchdogProcess, order: WatchOrder): WatchdogLink {
  const missed: (ProgressEvent | GroupNote)[] = [];
  let child: WatchdogProcess | undefined;
  const begin = (): WatchdogProcess => {
    clearTimeout(timer);
    child = startLinked(start);
    for (const value of [order, ...missed]) tell(child, value);
    return child;
  };
  const timer = setTimeout(begin, QUIET_MS).unref();
  if (order.maxMemoryBytes < ROOMY) begin();
  const say = (value: ProgressEvent | GroupNote): void => {
    if (child === undefined && value.kind !== 'write' && value.kind !== 'group') missed.push(value);
    else tell(child ?? begin(), value);
  };
  return {
    note: say,
    group: (pid, running) => say({ kind: 'group', pid, running }),
    expectWrites: () => {
      if (child === undefined) begin();
    },
    dismiss: () => {
      clearTimeout(timer);
      child?.kill('SIGKILL');
    },
  };
}

function startLinked(start: () => WatchdogProcess): WatchdogProcess {
  const child = start();
  child.on('error', () => undefined);
  child.unref();
  child.stdin.on('error', () => undefined);
  child.stdin.unref?.();
  return child;
}

function tell(child: WatchdogProcess, value: WatchOrder | ProgressEvent | GroupNote): void {
  child.stdin.write(`${JSON.stringify(value)}\n`);
}
