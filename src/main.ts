import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import * as core from '@actions/core';
import { listenForCancel } from './action/cancel.ts';
import { workflowLog } from './action/log.ts';
import { publish } from './action/publish.ts';
import { run } from './action/run.ts';
import { trialRun } from './filter/trial/run.ts';
import { runTrialWorker } from './filter/trial/worker.ts';
import { type RunWasmOpt, wasmOpt } from './filter/wasm-opt.ts';
import { sigstoreAuthorities } from './provenance/sigstore.ts';
import { credentialHelperRunner } from './registry/credential-helper.ts';

/** This file, once it is bundled. */
const BUNDLE = new URL(import.meta.url);
/** Rewriting takes some ten seconds for each MiB. */
const MOST_OPTIMIZER_MS = 300_000;

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
    authorities: sigstoreAuthorities(
      () => mkdtemp(join(process.env.RUNNER_TEMP ?? tmpdir(), 'trust-roots-')),
      writeFile,
    ),
    mask: core.setSecret,
    cancelled: cancellation.cancelled,
    abandoned: cancellation.abandoned,
    now: () => performance.now(),
    date: () => new Date(),
    runHelper: credentialHelperRunner(process.env, cancellation.cancelled),
    trial: (request) => trialRun(request, { workerFile: BUNDLE }),
    optimize: wasmOpt(runWasmOpt(cancellation.cancelled)),
  });
  process.exitCode = await publish(report, core);
  cancellation.dispose();
  // A connection that was being opened would keep a cancelled process for its whole time limit, until the runner kills it.
  if (cancellation.abandoned.aborted) process.stdout.write('', () => process.exit());
}

/** Runs the wasm-opt that lies beside the bundle, in a process of its own: it takes long, and a cancel has to end it. */
function runWasmOpt(signal: AbortSignal): RunWasmOpt {
  return async (args, input) => {
    const program = fileURLToPath(new URL('wasm-opt.cjs', BUNDLE));
    const child = spawn(process.execPath, [program, ...args], { env: {}, signal, timeout: MOST_OPTIMIZER_MS });
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
