import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import * as core from '@actions/core';
import { listenForCancel } from './action/cancel.ts';
import { workflowLog } from './action/log.ts';
import { publish } from './action/publish.ts';
import { run } from './action/run.ts';
import { trialRun } from './filter/trial/run.ts';
import { runTrialWorker } from './filter/trial/worker.ts';

// The bundle is one file, so the thread that tries a filter starts here, too.
if (isMainThread) await act();
else runTrialWorker();

async function act(): Promise<void> {
  const cancellation = listenForCancel(process, (signal) =>
    core.info(`${signal}: the run is cancelled; nothing more is written.`),
  );
  const inWorkspace = (path: string): string => resolve(process.env.GITHUB_WORKSPACE ?? '.', path);
  const report = await run({
    readInput: (name) => core.getInput(name, { trimWhitespace: false }),
    environment: process.env,
    readFile: (path) => readFile(inWorkspace(path)),
    writeFile: async (path, text) => {
      await mkdir(dirname(inWorkspace(path)), { recursive: true });
      await writeFile(inWorkspace(path), text);
    },
    log: workflowLog(core),
    mask: core.setSecret,
    cancelled: cancellation.cancelled,
    abandoned: cancellation.abandoned,
    now: () => performance.now(),
    date: () => new Date(),
    trial: (request) => trialRun(request, { workerFile: new URL(import.meta.url) }),
  });
  process.exitCode = await publish(report, core);
  cancellation.dispose();
  // A connection that was being opened would keep a cancelled process for its whole time limit, until the runner kills it.
  if (cancellation.abandoned.aborted) process.stdout.write('', () => process.exit());
}
