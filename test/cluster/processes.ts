import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandEnvironment, tailOfFile } from './commands.ts';
import { identityOf, isRunning, type ProcessIdentity } from './identity.ts';

/** A program of the cluster that runs on its own. */
export interface Component {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly logFile: string;
}

/** Turns a command into one that runs somewhere else, e.g. in the node's namespaces. */
export type Place = (command: readonly string[]) => readonly string[];

/** The place of a cluster that shares the machine's network. */
export const onTheMachine: Place = (command) => command;

/** A component that ended or was not ready in time; the message ends with the last lines of its log. */
export class ComponentError extends Error {
  constructor(component: Component, what: string) {
    const log = tailOfFile(component.logFile);
    super(`${component.name} ${what}${log === '' ? '; it wrote nothing to its log' : `. The end of its log:\n${log}`}`);
    this.name = 'ComponentError';
  }
}

export interface SupervisorOptions {
  /** Folder for one JSON record per process. */
  readonly records: string;
  readonly logs: string;
  /** Whether the components end when this process ends, however it ends: for tests. Else they outlive it. */
  readonly endWithParent: boolean;
  /** After it has aborted nothing is started any more, so that what is being taken down does not grow. */
  readonly signal?: AbortSignal | undefined;
}

/** Starts the components of one cluster and writes down each one, so that another process can end them. */
export class Supervisor {
  readonly #options: SupervisorOptions;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.records, { recursive: true });
    mkdirSync(options.logs, { recursive: true });
  }

  /** Starts a program in the background, in a session of its own so that a Ctrl-C in the terminal does not reach it. */
  start(name: string, command: readonly string[], place: Place = onTheMachine): Component {
    this.#options.signal?.throwIfAborted();
    const logFile = join(this.#options.logs, `${name}.log`);
    const [program, ...args] = this.#bound(place(command));
    const log = openSync(logFile, 'a');
    const child = spawn(program ?? '', args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: commandEnvironment(),
    });
    closeSync(log);
    child.once('error', () => undefined); // without a pid, which is told below
    if (child.pid === undefined) throw new Error(`${name} did not start: there is no program ${program}`);
    child.unref();
    return this.record(name, child.pid, logFile);
  }

  /** Writes down a process that one of the components has started. */
  record(name: string, pid: number, logFile = join(this.#options.logs, `${name}.log`)): Component {
    const component: Component = { name, identity: identityOf(pid), logFile };
    writeFileSync(join(this.#options.records, `${name}.json`), JSON.stringify(component));
    return component;
  }

  #bound(command: readonly string[]): readonly string[] {
    // The kernel sends the signal when the parent ends, even when that was killed and could not clean up.
    return this.#options.endWithParent ? ['setpriv', '--pdeathsig', 'KILL', '--', ...command] : command;
  }
}

/** The components that were written down in a folder of records; none when there is no such folder. */
export function readRecords(records: string): readonly Component[] {
  let names: readonly string[];
  try {
    names = readdirSync(records);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(records, name), 'utf8')) as Component);
}

/** How long a killed process may take to be gone; the kernel first frees its memory. */
const END_TIMEOUT_MS = 20_000;

/**
 * Ends components at once and waits until they are gone. Nothing that they hold outlives the cluster, so none is asked
 * politely: the API server alone would take seconds to close its connections. Only the very processes that were
 * recorded are touched. Throws when one does not end.
 */
export async function endComponents(components: readonly Component[]): Promise<void> {
  for (const { identity } of components) {
    if (isRunning(identity)) process.kill(identity.pid, 'SIGKILL');
  }
  const deadline = Date.now() + END_TIMEOUT_MS;
  for (;;) {
    const left = components.filter(({ identity }) => isRunning(identity));
    if (left.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(`still running: ${left.map(({ name, identity }) => `${name} (${identity.pid})`).join(', ')}`);
    }
    await delay(20);
  }
}

/** How long a process that was told to stop may take for it. */
const STOP_TIMEOUT_MS = 40_000;

/** Tells a process to stop and waits until it has. Throws when it goes on. */
export async function endPolitely(identity: ProcessIdentity): Promise<void> {
  if (isRunning(identity)) process.kill(identity.pid, 'SIGTERM');
  await waitFor(() => !isRunning(identity), {
    what: `process ${identity.pid} has stopped`,
    timeoutMs: STOP_TIMEOUT_MS,
    components: [],
  });
}

export interface WaitOptions {
  /** What is waited for, as in "the node is ready". */
  readonly what: string;
  readonly timeoutMs: number;
  /** The components that have to keep running; the first one's log is shown when the time is over. */
  readonly components: readonly Component[];
  readonly signal?: AbortSignal | undefined;
}

const POLL_MS = 100;

/**
 * Asks until the answer is something else than `undefined` or `false`. A thrown error counts as "not yet", because
 * what is asked may not answer at all at first; the last one becomes the cause of the time-out.
 * Throws `ComponentError` as soon as one of the components has ended.
 */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  let cause: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    for (const component of options.components) {
      if (!isRunning(component.identity)) throw new ComponentError(component, 'ended by itself');
    }
    if (Date.now() > deadline) {
      const seconds = options.timeoutMs / 1000;
      const error = new Error(`not so after ${seconds} s: ${options.what}`, { cause });
      const suspect = options.components[0];
      if (suspect !== undefined) error.message += `\n${new ComponentError(suspect, 'still runs').message}`;
      throw error;
    }
    await delay(POLL_MS);
  }
}
