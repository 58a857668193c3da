import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Arguments, parseArguments } from './arguments.ts';
import { cacheFolder } from './cache.ts';
import { commandEnvironment } from './commands.ts';
import { examine, formatFindings } from './doctor.ts';
import { tidyControlPlaneModule } from './go.ts';
import { isRunning } from './identity.ts';
import { down, isWhole, up } from './lifecycle.ts';
import { readRecords } from './processes.ts';
import { buildPrograms, pendingWork } from './programs.ts';
import { inside } from './sandbox.ts';
import { type Description, defaultState, layoutOf, readDescription } from './state.ts';
import { Steps } from './steps.ts';
import { commonRequirements, type Level, levels, meshRequirements } from './versions.ts';

// `npm run cluster -- …`: see `arguments.ts` for the commands and README.md for what they do.

/** The level of commands that make something, when none is named: the one that needs no root. */
const DEFAULT_LEVEL: Level = 'control-plane';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs one command and gives the exit code. */
async function runCommand(given: Arguments, signal: AbortSignal): Promise<number> {
  const level = given.level ?? DEFAULT_LEVEL;
  switch (given.command) {
    case 'up': {
      const cluster = await up(level, { state: given.state, log: print, signal });
      if (cluster.wasUp) print(`${level} was up already`);
      print(exportLine(cluster.kubeconfig));
      return 0;
    }
    case 'down':
      for (const state of states(given)) await down(state, print);
      return 0;
    case 'status':
      return await status(states(given));
    case 'env':
      print(exportLine(layoutOf(running(given).state).kubeconfig));
      return 0;
    case 'build':
      return (await doctor(level, given.state)) || (await build(level, signal));
    case 'doctor': {
      const code = await doctor(level, given.state);
      if (code === 0) print(`nothing is missing for \`up --level ${level}\``);
      return code;
    }
    case 'packages': {
      const requirements = level === 'mesh' ? [...commonRequirements, ...meshRequirements] : commonRequirements;
      print([...new Set(requirements.map((requirement) => requirement.package))].join(' '));
      return 0;
    }
    case 'tidy':
      await tidyControlPlaneModule();
      return 0;
    case 'kubectl': {
      const { state, description } = running(given);
      const env = { KUBECONFIG: layoutOf(state).kubeconfig };
      return await handOver([description.program, 'kubectl', ...given.rest], env);
    }
    case 'exec':
      return await handOver(inside(nodeProcess(running(given).state))(given.rest), {});
  }
}

/** The folders that a command is about. */
function states({ state, level }: Arguments): readonly string[] {
  if (state !== undefined) return [state];
  return (level === undefined ? levels : [level]).map((each) => defaultState(each));
}

/** The cluster that a command works with: the named one, else the mesh, else the control plane. */
function running(given: Arguments): { readonly state: string; readonly description: Description } {
  for (const state of states(given).toReversed()) {
    const description = readDescription(state);
    if (description?.ready) return { state, description };
  }
  throw new Error(`no cluster is up in ${states(given).join(' or ')}`);
}

/** The process whose namespaces are the node's. */
function nodeProcess(state: string): number {
  const node = readRecords(layoutOf(state).records).find(({ name }) => name === 'node');
  if (node === undefined) throw new Error('this cluster has no node; `up --level mesh` brings up one that has');
  return node.identity.pid;
}

/** Prints what runs; the exit code is 0 when every cluster that is there is whole, and 1 when there is none. */
async function status(folders: readonly string[]): Promise<number> {
  let found = 0;
  let whole = 0;
  for (const state of folders) {
    const description = readDescription(state);
    if (description === undefined) continue;
    found += 1;
    const healthy = description.ready && (await isWhole(state));
    if (healthy) whole += 1;
    const { level, kubernetesVersion, istioVersion, envoyVersion } = description;
    print(`${level}: ${healthy ? 'up' : description.ready ? 'broken' : 'not ready'}, in ${state}`);
    print(`  Kubernetes ${kubernetesVersion}, Istio ${istioVersion}, Envoy ${envoyVersion}`);
    for (const { name, identity } of readRecords(layoutOf(state).records)) {
      print(`  ${name} (${identity.pid}): ${isRunning(identity) ? 'runs' : 'ended'}`);
    }
  }
  if (found === 0) print(`no cluster in ${folders.join(' or ')}`);
  return found > 0 && whole === found ? 0 : 1;
}

async function doctor(level: Level, state = defaultState(level)): Promise<number> {
  const findings = await examine(level, pendingWork(level, cacheFolder(), state));
  if (findings.length > 0) print(formatFindings(findings));
  return findings.length === 0 ? 0 : 1;
}

async function build(level: Level, signal: AbortSignal): Promise<number> {
  const steps = new Steps(print);
  await buildPrograms(level, cacheFolder(), steps, signal);
  steps.total(`${level} is built, in ${cacheFolder()}`);
  return 0;
}

function exportLine(kubeconfig: string): string {
  return `export KUBECONFIG='${kubeconfig.replaceAll("'", "'\\''")}'`;
}

/** Runs a program in the foreground with our terminal, and gives its exit code. */
async function handOver(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const [program, ...args] = command;
  const child = spawn(program ?? '', args, { stdio: 'inherit', env: { ...commandEnvironment(), ...env } });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === null ? 1 : exitCodeOf(signal))));
  });
}

/** The exit code that shells give to a program that a signal has ended. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The message of an error and of its causes, each on a line of its own unless the one before already has it. */
function withCauses(error: unknown): string {
  let text = error instanceof Error ? error.message : String(error);
  for (let cause = (error as Error).cause; cause instanceof Error; cause = cause.cause) {
    if (!text.includes(cause.message)) text += `\nbecause: ${cause.message}`;
  }
  return text;
}

// Who reads our output may go away, as `head` does; a cluster that is being taken down must not notice.
process.stdout.on('error', () => undefined);

const abort = new AbortController();
let interruption: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not `once`: a second Ctrl-C must not cut off the taking down.
  process.on(signal, () => {
    interruption ??= signal;
    abort.abort(new Error(`${signal} was received`));
  });
}
try {
  process.exitCode = await runCommand(parseArguments(process.argv.slice(2)), abort.signal);
} catch (error) {
  process.stderr.write(`${withCauses(error)}\n`);
  process.exitCode = interruption === undefined ? 1 : exitCodeOf(interruption);
}
