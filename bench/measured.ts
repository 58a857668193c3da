import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BundleOptions, type BundleRun, runBundle } from '../test/harness/action.ts';
import type { Cost } from './results.ts';

/** What a process took, and when it began, by the clock of `performance.timeOrigin`. */
export interface MeasuredCost extends Cost {
  readonly startedMs: number;
}

/** Runs a command to its end, and returns what it took. Throws what it has printed when it fails. */
export async function measured(
  measure: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<MeasuredCost> {
  return await withFile(async (file) => {
    const child = spawn(measure, [file, ...command], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (text = (text + chunk).slice(-4000)));
    const code = await new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed));
    if (code !== 0) throw new Error(`${command.slice(0, 3).join(' ')} ended with ${code}:\n${text}`);
  });
}

/** Runs the built action, and returns what it took and gave. Throws what it has printed when it fails. */
export async function measuredAction(
  measure: string,
  options: BundleOptions,
): Promise<{ readonly cost: MeasuredCost; readonly run: BundleRun }> {
  let run: BundleRun | undefined;
  const cost = await withFile(async (file) => {
    run = await runBundle({ ...options, through: [measure, file] });
    if (run.code !== 0) throw new Error(`the action ended with ${run.code}:\n${run.stdout}`);
  });
  if (run === undefined) throw new Error('the action did not run');
  return { cost, run };
}

/** Lets something write what it took to a file, and reads it. */
async function withFile(use: (file: string) => Promise<void>): Promise<MeasuredCost> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-cost-'));
  try {
    const file = join(folder, 'cost.json');
    await use(file);
    return JSON.parse(await readFile(file, 'utf8')) as MeasuredCost;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
