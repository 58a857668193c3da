import { constants } from 'node:fs';
import { copyFile, cp, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, run } from './commands.ts';
import { imageNames } from './images.ts';
import { type Component, type Supervisor, waitFor } from './processes.ts';
import { runIn, type Sandbox } from './sandbox.ts';

/** The socket, inside the node: below the private /run, so that the path is short (a socket's has at most 107 bytes). */
export const containerdSocket = '/run/containerd/containerd.sock';

/** Runs a `ctr` command on the images and containers that Kubernetes sees. */
export function ctr(sandbox: Sandbox, args: readonly string[], signal?: AbortSignal): Promise<string> {
  return runIn(sandbox.place, ['ctr', '--address', containerdSocket, '--namespace', 'k8s.io', ...args], signal);
}

export interface ContainerdOptions {
  readonly supervisor: Supervisor;
  readonly sandbox: Sandbox;
  /** Folder of images and containers. */
  readonly root: string;
  /** Folder for the configuration file. */
  readonly folder: string;
  /** Folder with the CNI configuration; may be empty when no pods are run. */
  readonly cniFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Starts containerd inside the node and waits until it answers. */
export async function startContainerd(options: ContainerdOptions): Promise<Component> {
  const config = join(options.folder, 'containerd.toml');
  await writeFile(config, containerdConfig(options.root, options.cniFolder));
  const command = ['containerd', '--config', config];
  const containerd = options.supervisor.start('containerd', command, options.sandbox.place);
  await waitFor(async () => (await ctr(options.sandbox, ['version'], options.signal)) !== '', {
    what: 'containerd answers',
    timeoutMs: 20_000,
    components: [containerd],
    signal: options.signal,
  });
  return containerd;
}

/** containerd's configuration, of the version that containerd 1.6 (Debian 12) to 2 read. */
function containerdConfig(root: string, cniFolder: string): string {
  // restrict_oom_score_adj: a machine without CAP_SYS_RESOURCE cannot lower a process's oom_score_adj below its own; runc then
  // dies with "can't get final child's PID from pipe: EOF".
  return `version = 2
root = ${JSON.stringify(root)}
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${imageNames.pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${JSON.stringify(cniFolder)}
`;
}

/**
 * Gives a new node the images of the cache without importing them again. Layers are never written to, so they are
 * shared as hard links where cache and node are on one file system; the databases are copied, for each node changes its own.
 */
export async function cloneImageStore(store: string, root: string): Promise<void> {
  try {
    await run('cp', ['--archive', '--link', store, root]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    await cp(store, root, { recursive: true, force: true, preserveTimestamps: true, verbatimSymlinks: true });
    return;
  }
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.db')) continue;
    const path = join(entry.parentPath, entry.name);
    await copyFile(path, `${path}.copy`, constants.COPYFILE_FICLONE);
    await rename(`${path}.copy`, path);
  }
}
