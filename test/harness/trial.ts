import { fileURLToPath, pathToFileURL } from 'node:url';
import { type TrialOptions, trialRun } from '../../src/filter/trial/run.ts';
import type { Trial } from '../../src/filter/trial/verdict.ts';

const PROJECT = new URL('../../', import.meta.url);

const { TEST_TRIAL } = process.env;

/** The program that tries filters: as it is in the sources, or bundled to the file that TEST_TRIAL names. */
export const TRIAL_PROGRAM: TrialOptions = {
  node: process.execPath,
  entry: TEST_TRIAL === undefined ? new URL('src/trial.ts', PROJECT) : pathToFileURL(TEST_TRIAL),
  readable: fileURLToPath(PROJECT),
};

/** Tries a filter as the action does, in a process of its own. */
export const trial: Trial = (request) => trialRun(request, TRIAL_PROGRAM);
