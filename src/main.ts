import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import * as core from '@actions/core';
import { listenForCancel } from './action/cancel.ts';
import { workflowLog } from './action/log.ts';
import { publish } from './action/publish.ts';
import { run } from './action/run.ts';

const cancellation = listenForCancel(process, (signal) =>
  core.info(`${signal}: the run is cancelled; nothing more is written.`),
);
const report = await run({
  readInput: (name) => core.getInput(name, { trimWhitespace: false }),
  environment: process.env,
  readFile: (path) => readFile(resolve(process.env.GITHUB_WORKSPACE ?? '.', path)),
  log: workflowLog(core),
  mask: core.setSecret,
  cancelled: cancellation.cancelled,
  abandoned: cancellation.abandoned,
  now: () => performance.now(),
});
process.exitCode = await publish(report, core);
cancellation.dispose();
// A connection that was being opened would keep a cancelled process for its whole time limit, until the runner kills it.
if (cancellation.abandoned.aborted) process.stdout.write('', () => process.exit());
