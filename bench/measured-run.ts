import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { dump, load } from 'js-yaml';
import { type ActionInputs, type BundleRun, runBundle } from '../test/harness/action.ts';

/** A run of the built action, and what it took. */
export interface MeasuredRun extends BundleRun {
  /** From the start of its process to its end. */
  readonly wholeSeconds: number;
  /** The most memory of any of its processes. */
  readonly peakMiB: number;
}

/** A process tells at its end how much memory it had at most, in KiB. */
const PEAK = `process.on('exit', () => require('node:fs').appendFileSync(process.env.PEAK_FILE, process.resourceUsage().maxRSS + '\\n'));`;

/** Runs the built action in a workspace with a kubeconfig of any size, and returns what it took. */
export async function measuredRun(workspace: string, kubeconfig: string, inputs: ActionInputs): Promise<MeasuredRun> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-run-'));
  try {
    const [peaks, preload, file] = [join(folder, 'peaks'), join(folder, 'peak.cjs'), join(folder, 'kubeconfig')];
    // An environment variable holds 128 KiB at most.
    await Promise.all([writeFile(peaks, ''), writeFile(preload, PEAK), writeFile(file, kubeconfig)]);
    const environment = { KUBECONFIG: file, NODE_OPTIONS: `--require ${preload}`, PEAK_FILE: peaks };
    const started = performance.now();
    const run = await runBundle({ workspace, inputs, environment });
    const wholeSeconds = (performance.now() - started) / 1000;
    const peakKiB = Math.max(...(await readFile(peaks, 'utf8')).trim().split('\n').map(Number));
    return { ...run, wholeSeconds, peakMiB: peakKiB / 1024 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns what a run took, as the end of a line. */
export function describeCost({ wholeSeconds, peakMiB, summary }: MeasuredRun): string {
  return `${wholeSeconds.toFixed(1)} s, ${Math.round(peakMiB)} MiB at most, summary of ${Math.round(summary.length / 1024)} KiB`;
}

/** Returns a kubeconfig with names of its own, as those that are read together must have. */
export function renamed(kubeconfig: string, name: string): string {
  const config = load(kubeconfig) as Record<'clusters' | 'users' | 'contexts', { name: string; context?: object }[]>;
  for (const one of [...config.clusters, ...config.users, ...config.contexts]) one.name = name;
  for (const one of config.contexts) one.context = { cluster: name, user: name };
  return dump({ ...config, 'current-context': name });
}
