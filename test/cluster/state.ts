import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity } from './identity.ts';
import { type Level, levels } from './versions.ts';

/** What is written about a cluster in its folder, for the commands that come later. */
export interface Description {
  readonly level: Level;
  readonly kubernetesVersion: string;
  readonly istioVersion: string;
  readonly envoyVersion: string;
  /** The `controlplane` program that the cluster runs, with its version and key in the path. */
  readonly program: string;
  /** The process that brings the cluster up. */
  readonly owner: ProcessIdentity;
  /** Whether `up` has come to its end. */
  readonly ready: boolean;
}

/** The files of a cluster that are known by name. */
export interface Layout {
  readonly description: string;
  readonly kubeconfig: string;
  /** One file per process. */
  readonly records: string;
  /** One file per component. */
  readonly logs: string;
  readonly traces: string;
  /** containerd's images and containers. */
  readonly containerd: string;
  readonly cni: string;
}

export function layoutOf(state: string): Layout {
  return {
    description: join(state, 'cluster.json'),
    kubeconfig: join(state, 'admin.kubeconfig'),
    records: join(state, 'processes'),
    logs: join(state, 'log'),
    traces: join(state, 'traces.json'),
    containerd: join(state, 'containerd'),
    cni: join(state, 'cni'),
  };
}

/** The folder of a level's cluster when none is named: below the XDG state folder. */
export function defaultState(level: Level, env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
  return join(base, 'deploy-wasm-filter', 'cluster', level);
}

/** Whether a text is a level's name. */
export function isLevel(text: string): text is Level {
  return (levels as readonly string[]).includes(text);
}

/** What the folder says about its cluster, or `undefined` when there is none. Throws when the file is not ours. */
export function readDescription(state: string): Description | undefined {
  const { description } = layoutOf(state);
  if (!existsSync(description)) return undefined;
  const value = JSON.parse(readFileSync(description, 'utf8')) as Partial<Description> | null;
  if (typeof value?.level !== 'string' || !isLevel(value.level) || typeof value.owner?.pid !== 'number') {
    throw new Error(`${description} does not describe a test cluster; name another folder with --state`);
  }
  return value as Description;
}

/**
 * Makes the folder and writes its description. Throws when the folder holds anything, because `down` removes all of it,
 * or when another process has claimed it at the same moment.
 */
export async function claimState(state: string, description: Description): Promise<void> {
  await mkdir(state, { recursive: true, mode: 0o755 });
  if (readdirSync(state).length > 0) {
    throw new Error(`${state} is not empty and holds no cluster; remove it or name another folder with --state`);
  }
  writeFileSync(layoutOf(state).description, JSON.stringify(description), { flag: 'wx' });
}

/** Replaces the description, in one rename so that a reader never sees half of it. */
export function writeDescription(state: string, description: Description): void {
  const { description: path } = layoutOf(state);
  writeFileSync(`${path}.new`, JSON.stringify(description));
  renameSync(`${path}.new`, path);
}
