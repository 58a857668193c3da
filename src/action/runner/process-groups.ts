/** What ends processes: `process`, or a stand-in. */
export interface Killer {
  readonly platform: string;
  kill(pid: number, signal: 'SIGKILL'): unknown;
}

/**
 * Kills a process with the whole group that it leads. Never throws: one that has ended by itself needs nothing, and one that this
 * process may not end is ended by nobody here.
 */
export function killGroup(killer: Killer, pid: number): void {
  try {
    // Windows has no process groups.
    killer.kill(killer.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Nothing is left to do.
  }
}

/** The groups of the programs that run now, so that none outlives the action. */
export class ProcessGroups {
  readonly #killer: Killer;
  readonly #tell: (pid: number, running: boolean) => void;
  readonly #running = new Set<number>();

  /** `tell` is for whoever ends them where this process no longer can. */
  constructor(killer: Killer, tell: (pid: number, running: boolean) => void) {
    this.#killer = killer;
    this.#tell = tell;
  }

  add(pid: number): void {
    this.#running.add(pid);
    this.#tell(pid, true);
  }

  delete(pid: number): void {
    this.#running.delete(pid);
    this.#tell(pid, false);
  }

  kill(pid: number): void {
    killGroup(this.#killer, pid);
  }

  killAll(): void {
    for (const pid of this.#running) this.kill(pid);
  }
}
