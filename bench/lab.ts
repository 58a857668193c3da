import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '../src/cluster/objects.ts';
import { startEmbeddedCluster } from '../test/embedded/index.ts';
import { makeModule } from '../test/harness/action.ts';
import { type Api, connectApi } from '../test/harness/api.ts';
import { type Recorder, startRecorder } from '../test/harness/recorder.ts';
import type { Programs } from './programs.ts';
import type { Cost, Operation, Subject } from './results.ts';

/** A way to the API server: straight, or through the recorder. */
export interface Way {
  /** The kubeconfig's text, and a file that holds it. */
  readonly kubeconfig: string;
  readonly file: string;
}

/** Runs something over one of the ways, and keeps what it took. */
export type Take = (subject: Subject, operation: Operation, run: (way: Way) => Promise<Cost>) => Promise<void>;

/** Someone whose work is measured. */
export interface Competitor {
  /** Does the work once, and leaves its Deployments as it has found them. */
  cycle(take: Take, round: number): Promise<void>;
  /** Takes away what it has made. */
  end(): Promise<void>;
}

/** What all of them share. */
export interface Lab {
  readonly api: Api;
  readonly recorder: Recorder;
  readonly straight: Way;
  readonly recorded: Way;
  readonly programs: Programs;
  /** The folder of the built action. */
  readonly dist: string;
  /** Holds `filter.wasm`, and files of the competitors in folders of their own. */
  readonly workspace: string;
  /** Names of namespaces begin with it. */
  readonly prefix: string;
  readonly log: (line: string) => void;
}

/** A module of the size that a filter in a systems language has. */
const FILTER_BYTES = 31_000;

/** Opens the cluster of a kubeconfig's file, or an embedded one without. */
export async function withLab(
  file: string | undefined,
  given: Pick<Lab, 'programs' | 'dist' | 'log'>,
  use: (lab: Lab) => Promise<void>,
): Promise<void> {
  const embedded = file === undefined ? await startEmbeddedCluster() : undefined;
  const kubeconfig = embedded?.kubeconfig ?? (await readFile(file ?? '', 'utf8'));
  const workspace = await mkdtemp(join(tmpdir(), 'bench-'));
  const api = await connectApi(kubeconfig);
  const recorder = await startRecorder(api);
  const prefix = `bench-${process.pid}`;
  try {
    await writeFile(join(workspace, 'filter.wasm'), makeModule('bench', FILTER_BYTES));
    const [straight, recorded] = [
      await way(workspace, 'straight', kubeconfig),
      await way(workspace, 'recorded', recorder.kubeconfig()),
    ];
    await use({ ...given, api, recorder, straight, recorded, workspace, prefix });
  } finally {
    await removeNamespaces(api, prefix);
    await recorder.stop();
    await api.close();
    await embedded?.stop();
    await rm(workspace, { recursive: true, force: true });
  }
}

/** Removes what a run that failed has left. */
async function removeNamespaces(api: Api, prefix: string): Promise<void> {
  const namespaces = await api.list<KubernetesObject>('/api/v1/namespaces').catch(() => []);
  for (const { metadata } of namespaces.filter(({ metadata }) => metadata.name.startsWith(`${prefix}-`))) {
    await api.delete(`/api/v1/namespaces/${metadata.name}`).catch(() => undefined);
  }
}

async function way(workspace: string, name: string, kubeconfig: string): Promise<Way> {
  const file = join(workspace, `${name}.kubeconfig`);
  await writeFile(file, kubeconfig);
  return { kubeconfig, file };
}

/** Makes a folder for files of one competitor. */
export async function folderOf({ workspace }: Lab, name: string): Promise<string> {
  const folder = join(workspace, name);
  await mkdir(folder, { recursive: true });
  return folder;
}
