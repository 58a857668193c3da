import { fileURLToPath } from 'node:url';
import { type TrialOptions, trialRun } from '../../src/filter/trial/run.ts';
import type { Trial } from '../../src/filter/trial/verdict.ts';

const PROJECT = new URL('../../', import.meta.url);

/** The program that tries filters, as it is in the sources. */
export const TRIAL_PROGRAM: TrialOptions = {
  node: process.execPath,
  entry: new URL('src/trial.ts', PROJECT),
  readable: fileURLToPath(PROJECT),
};

/** Tries a filter as the action does, in a process of its own. */
export const trial: Trial = (request) => trialRun(request, TRIAL_PROGRAM);
