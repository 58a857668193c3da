import { runTrialWorker } from '../../../../src/filter/trial/worker.ts';

runTrialWorker();
