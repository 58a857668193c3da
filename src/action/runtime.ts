import { defined } from '../base/defined.ts';
import type { ReadFile } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import type { SecretKeeper } from '../base/redaction/redactor.ts';
import { formatBytes } from '../base/text.ts';
import { VERSION } from '../base/version.ts';
import type { RunPlugin } from '../cluster/kubeconfig/plugin-runner.ts';
import type { OpenWebSocket } from '../cluster/websocket.ts';
import type { Workspace } from '../deploy/commands/write-folder.ts';
import type { TargetKind } from '../deploy/kinds/kind.ts';
import { type RunTests, TestRuns } from '../deploy/test-runs.ts';
import { cachedOptimizer, type OptimizerCache } from '../filter/shrink/optimizer-cache.ts';
import type { Optimizer } from '../filter/shrink/shrink.ts';
import type { Trial } from '../filter/trial/verdict.ts';
import type { Authority } from '../provenance/authority.ts';
import type { VerifyAttestation } from '../provenance/check.ts';
import type { RunHelper } from '../registry/credentials.ts';
import { Registries } from '../registry/registries.ts';
import type { ReadInput } from './inputs/inputs.ts';
import type { FindFiles } from './manifest/find-files.ts';
import type { ModuleTools } from './request/module.ts';
import type { ModuleFetcher } from './request/origin.ts';
import type { Asked, Environment } from './request/request.ts';
import type { ProgressEvent } from './runner/progress.ts';

/** What a run needs of the world around it. */
export interface Runtime extends Workspace, SecretKeeper {
  readonly readInput: ReadInput;
  /** Reads a file of the user's own environment, which may lie anywhere; `readFile` reads those that the workflow names. */
  readonly readUserFile: ReadFile;
  /** Finds files of the workspace by a pattern. */
  readonly findFiles: FindFiles;
  readonly environment: Environment;
  readonly log: Log;
  /** The kinds of targets that there may be. */
  readonly kinds: readonly TargetKind[];
  /** Whose signatures count where a filter's attestation is asked for. */
  readonly authorities: readonly Authority[];
  readonly verifyAttestation: VerifyAttestation;
  readonly openWebSocket: OpenWebSocket;
  /** Aborts when the run is cancelled: nothing more is written. */
  readonly cancelled: AbortSignal;
  /** Aborts a little later: open requests are given up. */
  readonly abandoned: AbortSignal;
  /** Milliseconds, from any start. */
  readonly now: () => number;
  /** The time of day. */
  readonly date: () => Date;
  /** Starts a filter as Envoy would; omitted when nothing may be run. */
  readonly trial?: Trial;
  /** Runs the tests of a filter; omitted when nothing may be run. */
  readonly runTests?: RunTests;
  /** Rewrites a filter for size; omitted when nothing may be run. */
  readonly optimize?: Optimizer;
  /** Where its results outlive the run; omitted when there is no such place. */
  readonly optimizerCache?: OptimizerCache;
  /** Runs a credential helper of Docker. */
  readonly runHelper: RunHelper;
  /** Runs an exec plugin of a kubeconfig. */
  readonly runPlugin: RunPlugin;
  /** Is told that the first write is near. */
  readonly expectWrites?: () => void;
  /** Is told how far the run has come. */
  readonly note?: (event: ProgressEvent) => void;
  /** Gets modules from elsewhere than registries and web servers. */
  readonly fetcher?: ModuleFetcher;
}

/** How the action calls itself to servers. */
export const USER_AGENT = `deploy-wasm-filter/${VERSION}`;

/** Returns the same world, whose time begins now. */
export function sinceStart(runtime: Runtime): Runtime {
  const { now } = runtime;
  const start = now();
  return { ...runtime, now: () => now() - start };
}

/** The same world, whose trials are a phase of the run. */
export function reportingTrials(runtime: Runtime): Runtime {
  const { trial, runTests, note } = runtime;
  if (note === undefined) return runtime;
  const report = (): void => note({ kind: 'phase', phase: 'checking the filter' });
  const reportingTrial: Trial | undefined =
    trial &&
    ((request) => {
      report();
      return trial(request);
    });
  const reportingTests: RunTests | undefined =
    runTests &&
    ((request, tests) => {
      report();
      return runTests(request, tests);
    });
  return { ...runtime, ...defined({ trial: reportingTrial, runTests: reportingTests }) };
}

/** A world that keeps what tests of filters have come to. */
export interface TestingRuntime extends Runtime {
  readonly tests?: TestRuns;
}

/** Returns the same world, where the tests of several clusters are run once. */
export function keepingTests(runtime: Runtime): TestingRuntime {
  const { runTests, now, cancelled } = runtime;
  return runTests === undefined ? runtime : { ...runtime, tests: new TestRuns(runTests, now, cancelled) };
}

/** The optimiser, which says that it has begun: it may take minutes. */
export function optimizing({ optimize, optimizerCache, log }: Runtime): Pick<ModuleTools, 'optimize'> {
  if (optimize === undefined) return {};
  const loggedOptimizer: Optimizer = (bytes) => {
    log.info(`Running wasm-opt -Oz on ${formatBytes(bytes.length)}.`);
    return optimize(bytes);
  };
  return {
    optimize: optimizerCache === undefined ? loggedOptimizer : cachedOptimizer(loggedOptimizer, optimizerCache, log),
  };
}

/** Connections to registries, with the login of the inputs or of Docker; none is opened before it is needed. */
export function openRegistries({ filters, read }: Asked, runtime: Runtime): Registries {
  const logins = filters.flatMap(({ inputs: { from } }) => from.login ?? []);
  const [login] = logins.flatMap(({ host, ...login }) => (host === undefined ? [] : [{ ...login, host }]));
  const { insecureRegistries } = read.inputs.from;
  const { environment, readUserFile: readFile, runHelper, mask, log } = runtime;
  return new Registries({
    userAgent: USER_AGENT,
    environment,
    insecureHosts: insecureRegistries,
    // What comes too late for a write is not wanted any more.
    signal: runtime.cancelled,
    debug: (line) => log.debug(line),
    readFile,
    runHelper,
    mask,
    ...defined({ given: login }),
  });
}
