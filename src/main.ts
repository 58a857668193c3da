import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import * as toolkit from '@actions/core';
import { handleCrashes } from './action/crash/handlers.ts';
import { publishCrash } from './action/crash/publish.ts';
import type { GroupNote, WatchOrder } from './action/crash/watchdog.ts';
import { publish } from './action/publish/publish.ts';
import { redactedReport } from './action/publish/redacted-report.ts';
import { run, type Surroundings } from './action/run.ts';
import { listenForCancel } from './action/runner/cancel.ts';
import { commandFiles } from './action/runner/command-files.ts';
import { guardedCore, guardedFiles } from './action/runner/guarded-core.ts';
import { workflowLog } from './action/runner/log.ts';
import { advance, NO_PROGRESS, type ProgressEvent } from './action/runner/progress.ts';
import { isMissing } from './base/files.ts';
import { least } from './base/lists.ts';
import { messageOf } from './base/problem.ts';
import { type Redact, Redactor } from './base/redaction/redactor.ts';
import { withoutCredentials } from './base/redaction/shapes.ts';
import { pluginRunner, type RunPlugin } from './cluster/kubeconfig/plugin-runner.ts';
import { readRegularFile } from './files/regular-file.ts';
import { inputFileReader, type JobFolders, userFileReader } from './files/runner-files.ts';
import { workspaceWriter } from './files/workspace-writer.ts';
import { digestOf } from './filter/module/module.ts';
import type { Memory } from './filter/shrink/optimizer-cache.ts';
import { type RunWasmOpt, WASM_OPT_OPTIONS, wasmOpt } from './filter/shrink/wasm-opt.ts';
import { trialRun } from './filter/trial/run.ts';
import { sigstoreAuthorities } from './provenance/sigstore.ts';
import { credentialHelperRunner } from './registry/credential-helper.ts';

/** This file, once it is bundled. */
const BUNDLE = new URL(import.meta.url);
/** Programs that lie beside it. */
const TRIAL = new URL('trial.js', BUNDLE);
const WATCHDOG = fileURLToPath(new URL('watchdog.js', BUNDLE));
const WASM_OPT = fileURLToPath(new URL('wasm-opt.cjs', BUNDLE));
/** Results of wasm-opt, of at most a MiB or so each. */
const MOST_KEPT = 32;
const MAX_KEPT_BYTES = 67_108_864;
/** Rewriting takes some ten seconds for each MiB. */
const MOST_OPTIMIZER_MS = 300_000;

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
    core.info(`${signal}: the run is cancelled; nothing more is written.`);
    handlers.expectEnd('it was cancelled, and did not end');
  });
  const files = guardedFiles(commandFiles(environment, { appendFileSync, statSync, truncateSync }), redact);
  const watchdog = startWatchdog(environment);
  let progress = NO_PROGRESS;
  const note = (event: ProgressEvent): void => {
    const before = progress;
    progress = advance(before, event);
    // Each request tells its phase, mostly the one that it was.
    if (progress !== before) watchdog.note(event);
  };
  const handlers = handleCrashes(process, {
    progress: () => progress,
    redact: clean,
    stop: cancellation.cancel,
    tell: (error) => core.info(`Unexpected error: ${messageOf(error)}`),
    publish: (crash) => {
      publishCrash(crash, (title, message) => core.error(message, { title }), files);
      watchdog.dismiss();
    },
  });
  const folders = jobFolders(environment);
  const world: Surroundings = {
    readInput: (name) => toolkit.getInput(name, { trimWhitespace: false }),
    environment,
    readFile: inputFileReader(folders),
    readUserFile: userFileReader(folders),
    ...workspaceWriter(folders.workspace),
    log: workflowLog(core),
    note,
    authorities: sigstoreAuthorities(() => mkdtemp(join(folders.temporary ?? tmpdir(), 'trust-roots-')), writeFile),
    mask,
    redact,
    cancelled: cancellation.cancelled,
    abandoned: cancellation.abandoned,
    now: () => performance.now(),
    date: () => new Date(),
    runHelper: credentialHelperRunner(environment, cancellation.cancelled),
    runPlugin: runPlugin(environment, cancellation.cancelled, watchdog.group),
    trial: (request) => trialRun(request, { node: process.execPath, entry: TRIAL, signal: cancellation.cancelled }),
    optimize: wasmOpt(runWasmOpt(cancellation.cancelled)),
    ...optimizerMemory(process.env.RUNNER_TOOL_CACHE),
  };
  try {
    const report = redactedReport(await run(world), clean);
    note({ kind: 'phase', phase: 'publishing' });
    process.exitCode = await publish(report, core, files, handlers.crash());
  } catch (error) {
    return handlers.fail(error);
  }
  handlers.done();
  watchdog.dismiss();
  cancellation.dispose();
  // A connection that was being opened would keep a cancelled process for its whole time limit, until the runner kills it.
  if (cancellation.abandoned.aborted) process.stdout.write('', () => process.exit());
}

/** Run by hand, the folder that it is run in is the workspace. */
function jobFolders({ GITHUB_WORKSPACE, RUNNER_TEMP }: NodeJS.ProcessEnv): JobFolders {
  return { workspace: GITHUB_WORKSPACE || process.cwd(), ...(RUNNER_TEMP ? { temporary: RUNNER_TEMP } : {}) };
}

/**
 * What wasm-opt has made is kept in the tool cache of the runner, as other actions keep programs there: a self-hosted runner has it
 * for ever, a fresh one for the steps of the job. Who can write there can change the action itself as well.
 */
function optimizerMemory(toolCache: string | undefined): { readonly optimizerMemory?: Memory } {
  if (!toolCache) return {};
  const folder = join(toolCache, 'deploy-wasm-filter', 'wasm-opt');
  return {
    optimizerMemory: {
      recipe: async () => `${digestOf(await readFile(WASM_OPT))} ${WASM_OPT_OPTIONS}`,
      shelf: {
        read: (name) =>
          readRegularFile(join(folder, name), MAX_KEPT_BYTES, true).catch((error) => {
            if (isMissing(error)) return undefined;
            throw error;
          }),
        write: async (name, bytes) => {
          await mkdir(folder, { recursive: true });
          // Whoever reads it meanwhile finds the whole file or none.
          const draft = join(folder, `${name}.${process.pid}`);
          await writeFile(draft, bytes);
          await rename(draft, join(folder, name));
          await forgetOldest(folder);
        },
      },
    },
  };
}

async function forgetOldest(folder: string): Promise<void> {
  const files = (await readdir(folder)).map((name) => join(folder, name));
  if (files.length <= MOST_KEPT) return;
  const dated = await Promise.all(files.map(async (file) => ({ file, written: (await stat(file)).mtimeMs })));
  const oldest = dated.sort((a, b) => b.written - a.written).slice(MOST_KEPT);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}

/** Runs exec plugins, of which none outlives this process; `tell` is for who ends them where this process no longer can. */
function runPlugin(
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  tell: (pid: number, running: boolean) => void,
): RunPlugin {
  const groups = new Set<number>();
  const running = {
    add: (pid: number) => {
      groups.add(pid);
      tell(pid, true);
    },
    delete: (pid: number) => {
      groups.delete(pid);
      tell(pid, false);
    },
  };
  const killGroup = (pid: number): void => {
    try {
      // Windows has no process groups.
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch (error) {
      if (!Error.isError(error) || !('code' in error) || error.code !== 'ESRCH') throw error;
    }
  };
  process.on('exit', () => groups.forEach(killGroup));
  return pluginRunner({ environment, signal, killGroup, running });
}

/** Runs the wasm-opt that lies beside the bundle, in a process of its own: it takes long, and a cancel has to end it. */
function runWasmOpt(signal: AbortSignal): RunWasmOpt {
  return async (args, input) => {
    const child = spawn(process.execPath, [WASM_OPT, ...args], { env: {}, signal, timeout: MOST_OPTIMIZER_MS });
    // A program that ends early does not read all of it; its exit code says why.
    child.stdin.on('error', () => undefined).end(input);
    const [output, errors, [code, reason]] = await Promise.all([
      buffer(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    if (code === null) {
      const minutes = MOST_OPTIMIZER_MS / 60_000;
      throw new Error(child.killed ? `wasm-opt did not end within ${minutes} minutes` : `wasm-opt ended by ${reason}`);
    }
    return { code, output, errors };
  };
}

/** Starts the program that publishes the end of this process where this one no longer can. It gets no secrets, and hears of no signal. */
function startWatchdog({ GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TRACKING_ID }: NodeJS.ProcessEnv): {
  readonly note: (event: ProgressEvent) => void;
  readonly group: (pid: number, running: boolean) => void;
  readonly dismiss: () => void;
} {
  const child = spawn(process.execPath, [WATCHDOG], {
    env: { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TRACKING_ID },
    stdio: ['pipe', 'inherit', 'ignore'],
    detached: true,
    windowsHide: true,
  });
  // Without it, everything but such an end is as it would be.
  child.on('error', () => undefined).unref();
  child.stdin.on('error', () => undefined);
  (child.stdin as Socket).unref();
  const say = (value: WatchOrder | ProgressEvent | GroupNote): void => {
    child.stdin.write(`${JSON.stringify(value)}\n`);
  };
  const limits = [getHeapStatistics().heap_size_limit, process.constrainedMemory()].filter((bytes) => bytes > 0);
  say({ pid: process.pid, maxMemoryBytes: least(limits) });
  return {
    note: say,
    group: (pid, running) => say({ kind: 'group', pid, running }),
    dismiss: () => child.kill('SIGKILL'),
  };
}
