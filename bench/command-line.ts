import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Reads the command line of a program of the benchmark. Ends the process after `--help`, and where something is wrong: what, and the usage. */
export function readOrExit<T>(usage: string, read: (argv: readonly string[]) => T): T {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read(argv);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

/** Reads a number of things. Throws below 1. */
export function positive(text: string, what: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${what}: not a number from 1 on: ${text}`);
  return number;
}

/** Throws where a file of an option is missing. */
export function needFile(path: string, what: string): void {
  if (!existsSync(path) || !statSync(path).isFile()) throw new Error(`${what}: there is no file ${path}`);
}

/** Throws where a folder of an option is missing. */
export function needFolder(path: string, what: string): void {
  if (!existsSync(path) || !statSync(path).isDirectory()) throw new Error(`${what}: there is no folder ${path}`);
}

/** Throws where a folder has not the programs of the action, which a run would miss late. */
export function needBuilt(dist: string): void {
  for (const name of ['index.js', 'trial.js']) needFile(join(dist, name), 'the built action');
}
