import { messageOf } from '../../base/problem.ts';
import { isCapabilityAllowed } from '../compatibility/capabilities.ts';
import type { HostState } from '../host/host-state.ts';
import { callable, type Exports, type Instantiated } from './instantiate.ts';
import type { TrialStep } from './verdict.ts';

/** The filter stopped in the middle of a call: an `unreachable`, an access outside of its memory, an endless recursion. */
export class Trap {
  readonly step: TrialStep;
  readonly reason: string;
  /** What the callback returned all the same: it was its allocator that trapped, called by a host function. */
  readonly returned: number | undefined;

  constructor(step: TrialStep, reason: string, returned?: number) {
    this.step = step;
    this.reason = reason;
    this.returned = returned;
  }
}

/** A trap in the middle of an exchange. Thrown, because nothing of it goes on. */
export class Trapped extends Error {
  readonly trap: Trap;

  constructor(trap: Trap) {
    super(trap.reason);
    this.trap = trap;
  }
}

/** The proxy's process would have ended in a call. Thrown, because nothing comes after it. */
export class ProcessCrash extends Error {
  readonly step: TrialStep;

  constructor(step: TrialStep, reason: string) {
    super(reason);
    this.step = step;
  }
}

/** The host had no room for what the filter wanted in a call. Thrown, because the trial ends with it. */
export class Overrun extends Error {}

/** Calls the filter's callbacks, those that it has. */
export class Callbacks {
  readonly state: HostState;
  readonly #exports: Exports;
  readonly #announce: (step: TrialStep) => void;

  constructor({ exports, state }: Instantiated, announce: (step: TrialStep) => void) {
    this.state = state;
    this.#exports = exports;
    this.#announce = announce;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** What the callback returns, `undefined` if the filter has none of that name, or the trap in which it ends. */
  call(step: TrialStep, name: string, context: number, ...parameters: readonly number[]): number | undefined | Trap {
    const callback = this.#find(name);
    if (callback === undefined) return undefined;
    this.#announce(step);
    this.state.enter(context);
    const result = this.#run(step, name, () => Number(callback(...parameters)) >>> 0);
    const { crashed, lost, overrun } = this.state;
    if (overrun !== undefined) throw new Overrun(overrun);
    if (crashed !== undefined) throw new ProcessCrash(step, crashed);
    return lost === undefined || result instanceof Trap ? result : new Trap(step, lost, result);
  }

  /** As `call`, with what the filter asked for done behind it, as Envoy does; throws a trap as `Trapped`. */
  invoke(step: TrialStep, name: string, context: number, ...parameters: readonly number[]): number | undefined {
    const result = this.call(step, name, context, ...parameters);
    if (result instanceof Trap) throw new Trapped(result);
    this.state.act();
    return result;
  }

  #run(step: TrialStep, name: string, run: () => number): number | Trap {
    try {
      return run();
    } catch (error) {
      return new Trap(step, this.#reason(name, messageOf(error)));
    }
  }

  #find(name: string): ReturnType<typeof callable> {
    return isCapabilityAllowed(name, this.state.request.capabilities) ? callable(this.#exports[name]) : undefined;
  }

  #reason(name: string, message: string): string {
    const { exitCode, log } = this.state;
    const exit = exitCode === undefined ? '' : ` after proc_exit(${exitCode})`;
    const said = log.lastError === undefined ? '' : `, having logged: ${log.lastError}`;
    return `${name} ended in "${message}"${exit}${said}`;
  }
}
