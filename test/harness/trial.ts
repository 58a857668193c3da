import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stop } from 'esbuild';
import { bundleProgram, ROOT } from '../../scripts/bundle-program.ts';
import { type TrialOptions, trialRun } from '../../src/filter/trial/run.ts';
import type { Trial } from '../../src/filter/trial/verdict.ts';

/** The program that tries filters. */
export const TRIAL_PROGRAM: TrialOptions = { node: process.execPath, entry: await bundled() };

/** Tries a filter as the action does, in a process of its own. */
export const trial: Trial = (request) => trialRun(request, TRIAL_PROGRAM);

/** Makes one file of the sources: from them, each of the two threads of a trial would take ten times as long to come up. */
async function bundled(): Promise<URL> {
  const folder = join(ROOT, 'build');
  const own = `trial-${process.pid}`;
  await bundleProgram('src/trial.ts', own, folder);
  // Otherwise esbuild goes on beside the tests, some of which count processes.
  await stop();
  const file = join(folder, 'trial.js');
  // Other processes make the same, and start it meanwhile.
  await rename(join(folder, `${own}.js`), file);
  return pathToFileURL(file);
}
