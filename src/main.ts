import { spawn } from 'node:child_process';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import * as toolkit from '@actions/core';
import { handleCrashes } from './action/crash/handlers.ts';
import { publishCrash } from './action/crash/publish.ts';
import { linkWatchdog, type WatchdogLink } from './action/crash/watchdog-link.ts';
import { publish } from './action/publish/publish.ts';
import { redactedReport } from './action/publish/redacted-report.ts';
import { run } from './action/run.ts';
import { listenForCancel } from './action/runner/cancel.ts';
import { commandFiles } from './action/runner/command-files.ts';
import { guardedCore, guardedFiles } from './action/runner/guarded-core.ts';
import { linksOf } from './action/runner/links.ts';
import { workflowLog } from './action/runner/log.ts';
import { ProcessGroups } from './action/runner/process-groups.ts';
import { followProgress } from './action/runner/progress.ts';
import { optimizerCache } from './action/runner/tool-cache.ts';
import type { Runtime } from './action/runtime.ts';
import { least } from './base/lists.ts';
import { messageOf } from './base/problem.ts';
import { type Redact, Redactor } from './base/redaction/redactor.ts';
import { withoutCredentials } from './base/redaction/shapes.ts';
import { pluginRunner } from './cluster/kubeconfig/plugin-runner.ts';
import { KINDS } from './deploy/kinds/list.ts';
import { inputFileReader, jobFolders, userFileReader, workspaceFinder } from './files/runner-files.ts';
import { workspaceWriter } from './files/workspace-writer.ts';
import { wasmOpt } from './filter/shrink/wasm-opt.ts';
import { wasmOptProcess } from './filter/shrink/wasm-opt-process.ts';
import { trialRun } from './filter/trial/run.ts';
import { sigstoreAuthorities } from './provenance/sigstore.ts';
import { credentialHelperRunner } from './registry/credential-helper.ts';

/** This file, once it is bundled. */
const BUNDLE = new URL(import.meta.url);
/** A program that lies beside it. The bundler takes a path that it can work out by itself for that of an asset, and replaces it. */
const beside = (name: string): URL => new URL(name, BUNDLE);
const TRIAL = beside('trial.js');
const WATCHDOG = fileURLToPath(beside('watchdog.js'));
const WASM_OPT = fileURLToPath(beside('wasm-opt.cjs'));

await act();

async function act(): Promise<void> {
  const { mask, redact } = new Redactor(toolkit.setSecret);
  // Files hold whole pages and JSON, whose texts were cleaned one by one.
  const clean: Redact = (text) => withoutCredentials(redact(text));
  const core = guardedCore(toolkit, clean);
  const environment = { ...process.env };
  // A run with it is refused, but not before its problems are gathered: until then nothing is sent to a server that nobody checked.
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  const cancellation = listenForCancel(process, (signal) => {
    core.info(`${signal}: cancelled; no further writes are started.`);
    handlers.expectEnd('it was cancelled, but did not end');
  });
  const files = guardedFiles(commandFiles(environment, { appendFileSync, statSync, truncateSync }), redact);
  const watchdog = startWatchdog(environment);
  const { note, progress } = followProgress(watchdog.note);
  const handlers = handleCrashes(process, {
    progress,
    redact: clean,
    stop: cancellation.cancel,
    tell: (error) => core.info(`Unexpected error: ${messageOf(error)}`),
    publish: (crash) => {
      publishCrash(crash, (title, message) => core.error(message, { title }), files);
      watchdog.dismiss();
    },
  });
  const { execPath: node } = process;
  const folders = jobFolders(environment, process.cwd());
  const groups = new ProcessGroups(process, watchdog.group);
  process.on('exit', () => groups.killAll());
  const runtime: Runtime = {
    readInput: (name) => toolkit.getInput(name, { trimWhitespace: false }),
    environment,
    readFile: inputFileReader(folders),
    findFiles: workspaceFinder(folders),
    readUserFile: userFileReader(folders),
    ...workspaceWriter(folders.workspace),
    log: workflowLog(core),
    kinds: KINDS,
    note,
    authorities: sigstoreAuthorities(() => mkdtemp(join(folders.temporary ?? tmpdir(), 'trust-roots-')), writeFile),
    mask,
    redact,
    cancelled: cancellation.cancelled,
    abandoned: cancellation.abandoned,
    now: () => performance.now(),
    date: () => new Date(),
    runHelper: credentialHelperRunner(environment, cancellation.cancelled),
    runPlugin: pluginRunner({
      environment,
      signal: cancellation.cancelled,
      killGroup: (pid) => groups.kill(pid),
      running: groups,
    }),
    trial: (request) => trialRun(request, { node, entry: TRIAL, signal: cancellation.cancelled }),
    optimize: wasmOpt(wasmOptProcess({ node, program: WASM_OPT, signal: cancellation.cancelled })),
    ...optimizerCache(environment.RUNNER_TOOL_CACHE, () => readFile(WASM_OPT)),
  };
  try {
    const report = await run(runtime);
    note({ kind: 'phase', phase: 'publishing' });
    const { reportFile } = report;
    process.exitCode = await publish(redactedReport(report, clean), core, files, {
      crash: handlers.crash(),
      links: linksOf(environment),
      ...(reportFile !== undefined && { writeReport: (text) => runtime.writeFile(reportFile, text) }),
    });
  } catch (error) {
    return handlers.fail(error);
  }
  handlers.done();
  watchdog.dismiss();
  cancellation.dispose();
  // A connection that was being opened would keep a cancelled process for its whole time limit, until the runner kills it.
  if (cancellation.abandoned.aborted) process.stdout.write('', () => process.exit());
}

/** Starts the program that publishes the end of this process where this one no longer can. It gets no secrets, and hears of no signal. */
function startWatchdog({ GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TRACKING_ID }: NodeJS.ProcessEnv): WatchdogLink {
  const child = spawn(process.execPath, [WATCHDOG], {
    env: { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TRACKING_ID },
    stdio: ['pipe', 'inherit', 'ignore'],
    detached: true,
    windowsHide: true,
  });
  const limits = [getHeapStatistics().heap_size_limit, process.constrainedMemory()].filter((bytes) => bytes > 0);
  return linkWatchdog(child, { pid: process.pid, maxMemoryBytes: least(limits) });
}
