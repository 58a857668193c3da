import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isLevel } from './state.ts';
import { type Level, levels } from './versions.ts';

/** The commands with one line of help each. */
export const commands = {
  up: 'bring a cluster up; does nothing when it is up already',
  down: 'take it down, whole or half; without --level both levels',
  status: 'tell what runs, and in which versions',
  env: 'print the shell line that points KUBECONFIG at it',
  build: 'build what `up` needs, and start nothing',
  doctor: 'tell what is missing on this machine, and the command that installs it',
  packages: 'print the Debian packages that `up` needs, on one line',
  tidy: 'write the Go module anew after a change of versions.ts',
  kubectl: 'run kubectl on it, with the arguments that follow',
  exec: 'run a command inside the node, as in `exec ctr -n k8s.io containers ls`',
} as const;
export type Command = keyof typeof commands;

export interface Arguments {
  readonly command: Command;
  readonly level?: Level;
  /** Absolute. */
  readonly state?: string;
  /** What follows `kubectl` and `exec`. */
  readonly rest: readonly string[];
}

/** The help text. */
export function usage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  return [
    `usage: npm run cluster -- [--level ${levels.join('|')}] [--state DIR] COMMAND`,
    ...Object.entries(commands).map(([name, help]) => `  ${name.padEnd(width)}  ${help}`),
  ].join('\n');
}

/** Reads the command line. Throws an error that ends with the usage. */
export function parseArguments(argv: readonly string[]): Arguments {
  // What follows these two belongs to another program, options included.
  const split = argv.findIndex((argument) => argument === 'kubectl' || argument === 'exec');
  const own = split < 0 ? argv : argv.slice(0, split + 1);
  const rest = split < 0 ? [] : argv.slice(split + 1);
  try {
    const options = { level: { type: 'string' }, state: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true });
    const [command, ...others] = positionals;
    if (command === undefined) throw new Error('no command');
    if (!isCommand(command) || others.length > 0) throw new Error(`not a command: ${positionals.join(' ')}`);
    if (values.level !== undefined && !isLevel(values.level)) throw new Error(`not a level: ${values.level}`);
    return {
      command,
      rest,
      ...(values.level === undefined ? {} : { level: values.level }),
      ...(values.state === undefined ? {} : { state: resolve(values.state) }),
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage()}`, { cause: error });
  }
}

function isCommand(text: string): text is Command {
  return Object.hasOwn(commands, text);
}
