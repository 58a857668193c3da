import { spawn } from 'node:child_process';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { debug, error, getInput, group, info, isDebug, notice, setSecret, warning } from '@actions/core';
import { handleCrashes } from './action/crash/handlers.ts';
import { lastWords } from './action/crash/last-words.ts';
import { publishCrash } from './action/crash/publish.ts';
import { linkWatchdog, type WatchdogLink, type WatchdogProcess } from './action/crash/watchdog-link.ts';
import { publish } from './action/publish/publish.ts';
import { redactedReport } from './action/publish/redacted-report.ts';
import { commentOn, type Told, type WantedComment } from './action/pull-request/comment.ts';
import { run } from './action/run.ts';
import { type Cancellation, listenForCancel } from './action/runner/cancel.ts';
import { commandFiles } from './action/runner/command-files.ts';
import { gatherOutput } from './action/runner/gathered-output.ts';
import { guardedCore, guardedFiles } from './action/runner/guarded-core.ts';
import { compileLate } from './action/runner/late-compilers.ts';
import { linksOf } from './action/runner/links.ts';
import { workflowLog } from './action/runner/log.ts';
import { boundNewSpace } from './action/runner/new-space.ts';
import { ProcessGroups } from './action/runner/process-groups.ts';
import { followProgress } from './action/runner/progress.ts';
import { optimizerCache } from './action/runner/tool-cache.ts';
import { type Runtime, USER_AGENT } from './action/runtime.ts';
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
import { runTests } from './filter/tests/run-tests.ts';
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
  compileLate();
  boundNewSpace();
  const { mask, redact } = new Redactor(setSecret);
  // Files hold whole pages and JSON, whose texts were cleaned one by one.
  const clean: Redact = (text) => withoutCredentials(redact(text));
  const output = gatherOutput(process.stdout, (ms, then) => setTimeout(then, ms).unref());
  process.on('exit', output.now);
  const soon = (line: string): void => {
    output.soon();
    info(line);
  };
  const core = guardedCore({ debug, error, group, info: soon, isDebug, notice, warning }, clean);
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
    comment: async (crash) => comment({ kind: 'crash', page: lastWords(crash).page }),
    publish: (crash) => {
      publishCrash(crash, (title, message) => core.error(message, { title }), files);
      watchdog.dismiss();
    },
  });
  const groups = new ProcessGroups(process, watchdog.group);
  process.on('exit', () => groups.killAll());
  const log = workflowLog(core);
  const { expectWrites } = watchdog;
  const runtime = runtimeOf({ environment, log, note, expectWrites, mask, redact, cancellation, groups });
  const links = linksOf(environment);
  let wanted: WantedComment | undefined;
  const comment = async (told: Told): Promise<void> => {
    if (wanted === undefined) return;
    const { readUserFile: readFile, cancelled, abandoned } = runtime;
    const isEnding = cancelled.aborted || told.kind === 'crash';
    // What was open as the run was cancelled is given up by now, but not what is to be said of it.
    const signal = isEnding ? new AbortController().signal : abandoned;
    await commentOn(told, wanted, {
      environment,
      readFile,
      signal,
      links,
      core,
      isEnding,
      userAgent: USER_AGENT,
      redact: clean,
    });
  };
  try {
    const found = await run(runtime, (one) => {
      wanted = one;
    });
    const report = redactedReport(found, clean);
    note({ kind: 'phase', phase: 'publishing' });
    const { reportFile, junitFile } = report;
    const crash = handlers.crash();
    process.exitCode = await publish(report, core, files, {
      crash,
      links,
      ...(reportFile !== undefined && { writeReport: (text) => runtime.writeFile(reportFile, text) }),
      ...(junitFile !== undefined && { writeJunit: (text) => runtime.writeFile(junitFile, text) }),
    });
    handlers.done();
    watchdog.dismiss();
    await comment(crash === undefined ? { kind: 'report', report } : { kind: 'crash', page: lastWords(crash).page });
  } catch (error) {
    return handlers.fail(error);
  }
  const exit = (): void => process.exit();
  cancellation.end(exit);
  // Left to itself, the process would wait for whatever is still open, such as a connection that is being opened, and then die of
  // a signal that comes as Node takes itself apart.
  output.now();
  process.stdout.write('', exit);
}

/** Returns what a run needs of this process, and of the machine that it is on. */
function runtimeOf({
  environment,
  cancellation,
  groups,
  ...told
}: Pick<Runtime, 'environment' | 'log' | 'note' | 'expectWrites' | 'mask' | 'redact'> & {
  readonly cancellation: Cancellation;
  readonly groups: ProcessGroups;
}): Runtime {
  const { cancelled, abandoned } = cancellation;
  const { execPath: node } = process;
  const folders = jobFolders(environment, process.cwd());
  return {
    ...told,
    environment,
    cancelled,
    abandoned,
    readInput: (name) => getInput(name, { trimWhitespace: false }),
    readFile: inputFileReader(folders),
    findFiles: workspaceFinder(folders),
    readUserFile: userFileReader(folders),
    ...workspaceWriter(folders.workspace),
    kinds: KINDS,
    authorities: sigstoreAuthorities(() => mkdtemp(join(folders.temporary ?? tmpdir(), 'trust-roots-')), writeFile),
    // Much to load, and only few runs need them.
    verifyAttestation: async (json, expectation) => {
      const { verifyAttestation } = await import('./provenance/verify.ts');
      return verifyAttestation(json, expectation);
    },
    openWebSocket: async (dispatcher, request) => {
      const { openWebSocket } = await import('./cluster/websocket.ts');
      return openWebSocket(dispatcher, request);
    },
    now: () => performance.now(),
    date: () => new Date(),
    runHelper: credentialHelperRunner(environment, cancelled),
    runPlugin: pluginRunner({
      environment,
      signal: cancelled,
      killGroup: (pid) => groups.kill(pid),
      running: groups,
    }),
    trial: (request) => trialRun(request, { node, entry: TRIAL, signal: cancelled }),
    runTests: (request, tests) => runTests(request, tests, { node, entry: TRIAL, signal: cancelled }),
    optimize: wasmOpt(wasmOptProcess({ node, program: WASM_OPT, signal: cancelled })),
    ...optimizerCache(environment.RUNNER_TOOL_CACHE, () => readFile(WASM_OPT)),
  };
}

/** Links the program that publishes the end of this process where this one no longer can. It gets no secrets, and hears of no signal. */
function startWatchdog({
  GITHUB_OUTPUT,
  GITHUB_STEP_SUMMARY,
  RUNNER_TEMP,
  RUNNER_TRACKING_ID,
}: NodeJS.ProcessEnv): WatchdogLink {
  const start = (): WatchdogProcess =>
    spawn(process.execPath, [WATCHDOG], {
      env: { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TEMP, RUNNER_TRACKING_ID },
      stdio: ['pipe', 'inherit', 'ignore'],
      detached: true,
      windowsHide: true,
    });
  const limits = [getHeapStatistics().heap_size_limit, process.constrainedMemory()].filter((bytes) => bytes > 0);
  return linkWatchdog(start, { pid: process.pid, maxMemoryBytes: least(limits) });
}
