import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cacheFolder } from './cache.ts';
import { examine, formatFindings } from './doctor.ts';
import { identityOf, isRunning } from './identity.ts';
import { KubeApi } from './kube.ts';
import { endComponents, endPolitely, readRecords, Supervisor } from './processes.ts';
import { buildPrograms, controlPlaneProgram, pendingWork } from './programs.ts';
import { startControlPlaneOnly, startMesh } from './start.ts';
import { claimState, type Description, defaultState, layoutOf, readDescription, writeDescription } from './state.ts';
import { type Log, Steps } from './steps.ts';
import { eraseTraces } from './traces.ts';
import { type Level, versions } from './versions.ts';

export interface UpOptions {
  /** The cluster's folder; `defaultState(level)` when not given. Everything in it is removed by `down`. */
  readonly state?: string | undefined;
  readonly log?: Log | undefined;
  /** Gives up and takes down what was started. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the cluster ends when this process ends, however it ends. Otherwise it stays until `down`. */
  readonly endWithProcess?: boolean | undefined;
}

/** A cluster that answers. */
export interface RunningCluster {
  readonly level: Level;
  readonly state: string;
  /** Path of the admin's kubeconfig, which holds its certificates itself. */
  readonly kubeconfig: string;
  /** The program that holds kubectl, which is its first argument. */
  readonly program: string;
  /** As in `v1.34.4`. */
  readonly kubernetesVersion: string;
  /** As in `1.31.0`. */
  readonly istioVersion: string;
  /** As in `1.40.0`. */
  readonly envoyVersion: string;
  /** Whether it ran before `up` was called. */
  readonly wasUp: boolean;
  /** Takes it down and removes its folder. May be called twice. */
  down(): Promise<void>;
}

/**
 * Brings a cluster up, building what the cache lacks, or gives the one that already runs in that folder. Leftovers of
 * an earlier one are taken down first. When anything fails, all is taken down again and the error tells the end of the
 * responsible component's log.
 */
export async function up(level: Level, options: UpOptions = {}): Promise<RunningCluster> {
  const state = resolve(options.state ?? defaultState(level));
  const steps = new Steps(options.log ?? (() => undefined));
  const existing = await takeStock(state, level, steps);
  if (existing !== undefined) return runningCluster(state, existing, true);

  const cache = cacheFolder();
  const findings = await examine(level, pendingWork(level, cache, state));
  if (findings.length > 0) throw new Error(`this machine cannot run the cluster yet:\n${formatFindings(findings)}`);
  const programs = await buildPrograms(level, cache, steps, options.signal);
  options.signal?.throwIfAborted();
  const description: Description = {
    level,
    kubernetesVersion: versions.kubernetes.module,
    istioVersion: versions.istio.release,
    envoyVersion: versions.envoy,
    program: programs.controlPlane,
    owner: identityOf(process.pid),
    ready: false,
  };
  await claimState(state, description);
  const abort = new AbortController();
  const passOn = (): void => abort.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', passOn, { once: true });
  try {
    const { records, logs } = layoutOf(state);
    const endWithParent = options.endWithProcess ?? false;
    const supervisor = new Supervisor({ records, logs, endWithParent, signal: abort.signal });
    const start = { state, steps, supervisor, programs, abort };
    await (level === 'mesh' ? startMesh(start) : startControlPlaneOnly(start));
    abort.signal.throwIfAborted();
    writeDescription(state, { ...description, ready: true });
  } catch (error) {
    await removeCluster(state);
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', passOn);
  }
  steps.total(`${level} is up`);
  return runningCluster(state, description, false);
}

/** Takes down whatever is in the folder: a running cluster, half of one, or what a crash has left. */
export async function down(state: string, log: Log = () => undefined): Promise<void> {
  const steps = new Steps(log);
  const description = readDescription(state);
  if (description === undefined) {
    steps.note(`no cluster in ${state}`);
    return;
  }
  // An `up` that still works would go on to start what we have just ended; told to stop, it takes down what it has.
  const { owner, ready } = description;
  if (!ready && owner.pid !== process.pid) await steps.step('`up` stopped', () => endPolitely(owner));
  await steps.step(`${description.level} is down`, () => removeCluster(state));
}

/** Whether all processes of a cluster run and its API server answers. */
export async function isWhole(state: string): Promise<boolean> {
  const { records, kubeconfig } = layoutOf(state);
  if (!readRecords(records).every(({ identity }) => isRunning(identity)) || !existsSync(kubeconfig)) return false;
  const api = await KubeApi.open(kubeconfig);
  try {
    return (await api.send('GET', '/readyz')) === 'ok';
  } catch {
    return false;
  } finally {
    await api.close();
  }
}

/** The cluster that runs in the folder, after anything that is no whole cluster has been taken down. */
async function takeStock(state: string, level: Level, steps: Steps): Promise<Description | undefined> {
  const found = readDescription(state);
  if (found === undefined) return undefined;
  if (!found.ready && isRunning(found.owner)) {
    throw new Error(`process ${found.owner.pid} is bringing a cluster up in ${state}; wait for it, or take it down`);
  }
  if (!found.ready || !(await isWhole(state))) {
    await steps.step('leftovers of another run taken down', () => removeCluster(state));
    return undefined;
  }
  if (found.level !== level || found.program !== controlPlaneProgram(cacheFolder())) {
    throw new Error(
      `a cluster of other versions or level (${found.level}, Kubernetes ${found.kubernetesVersion}) runs in ${state}; take it down first`,
    );
  }
  return found;
}

/** The order matters: what was mounted, routed or counted for the processes can only be removed after them. */
async function removeCluster(state: string): Promise<void> {
  const { records, traces } = layoutOf(state);
  await endComponents(readRecords(records));
  await eraseTraces(traces);
  await rm(state, { recursive: true, force: true });
}

function runningCluster(state: string, description: Description, wasUp: boolean): RunningCluster {
  const { level, program, kubernetesVersion, istioVersion, envoyVersion } = description;
  const { kubeconfig } = layoutOf(state);
  const built = { kubernetesVersion, istioVersion, envoyVersion };
  return { level, state, kubeconfig, program, ...built, wasUp, down: () => down(state) };
}
