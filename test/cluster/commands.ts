import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Text for the command's standard input; without it the input is empty. */
  readonly input?: string;
  /** Ends the command. */
  readonly signal?: AbortSignal | undefined;
}

/** How much of a failed command's output an error shows. */
const TAIL_LINES = 20;
const TAIL_BYTES = 64 * 1024;

/** A command that ended with another code than 0; the message carries the end of what it printed. */
export class CommandError extends Error {
  readonly exitCode: number | null;

  constructor(command: string, args: readonly string[], exitCode: number | null, output: string) {
    super(`\`${[command, ...args].join(' ')}\` ended with ${exitCode ?? 'a signal'}:\n${lastLines(output)}`);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/**
 * Runs a command to its end and gives what it wrote to standard output.
 * Throws `CommandError` when it fails, and the signal's reason when it was aborted.
 */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const child = spawn(findProgram(command) ?? command, args, {
    cwd: options.cwd,
    env: { ...commandEnvironment(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: options.signal,
  });
  let stdout = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  // A command that ends before it has read its input closes the pipe; its exit code says more than the broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(options.signal?.aborted ? options.signal.reason : error));
    child.once('close', resolve);
  });
  if (exitCode !== 0) throw new CommandError(command, args, exitCode, all);
  return stdout;
}

/** The folders that hold system programs; a user's PATH on Debian has no sbin. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** This process's environment, with a PATH that finds system programs: kube-proxy looks for `nft` there. */
export function commandEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [process.env.PATH ?? '', ...SYSTEM_FOLDERS].join(delimiter) };
}

/** The absolute path of a program on PATH or in the system folders, or `undefined`. */
export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return existsSync(name) ? name : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(isAbsolute), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path) && statSync(path).isFile());
}

/** The last lines of a text. */
export function lastLines(text: string, count = TAIL_LINES): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** The last lines of a file, or an empty text when there is no such file. Reads at most 64 KiB. */
export function tailOfFile(path: string): string {
  if (!existsSync(path)) return '';
  const file = openSync(path, 'r');
  try {
    const size = statSync(path).size;
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return lastLines(buffer.toString('utf8'));
  } finally {
    closeSync(file);
  }
}
