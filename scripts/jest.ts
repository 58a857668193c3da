import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** Runs jest on test paths, with more environment variables; gives its exit code. */
export function runJest(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<number> {
  const flags = ['--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  return run(process.execPath, [...flags, ...args], environment);
}

/** Runs a program in the project's folder, with more environment variables; gives its exit code. */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const cwd = resolve(import.meta.dirname, '..');
  const child = spawn(program, args, { cwd, env: { ...process.env, ...environment }, stdio: 'inherit' });
  return new Promise((done, failed) => child.on('error', failed).on('close', (code) => done(code ?? 1)));
}
