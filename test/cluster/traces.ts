import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './commands.ts';
import { network } from './network.ts';

/** What a mesh changes on the machine outside its namespaces, as it was before. */
interface Traces {
  /** Folders that were made to mount on. */
  readonly folders: readonly string[];
  /** Kernel settings that the kubelet sets or `recordTraces` raises, which belong to no namespace. */
  readonly kernel: Readonly<Record<string, string>>;
}

/** Folders with fixed names that the kubelet and the CNI library write to; inside the node they are private. */
export const nodeFolders = ['/var/lib/cni', '/var/lib/kubelet', '/var/log/containers', '/var/log/pods'];

/** Each sidecar takes several of these; with the 128 that Linux gives a user, those of some 25 pods fail to start. */
const INOTIFY_LIMIT = 'fs/inotify/max_user_instances';
const INOTIFY_INSTANCES = 8_192;

/** The kubelet's `setupKernelTunables` (pkg/kubelet/cm/container_manager_linux.go), and what `recordTraces` raises. */
const KERNEL_SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
  INOTIFY_LIMIT,
];

const CGROUPS = '/sys/fs/cgroup';
/** The kubelet's cgroup for all pods. */
const POD_CGROUP = 'kubepods';

/** Writes down what `eraseTraces` needs, then makes the folders and raises the limit of inotify instances. */
export async function recordTraces(file: string): Promise<void> {
  const traces: Traces = {
    folders: nodeFolders.filter((folder) => !existsSync(folder)),
    kernel: Object.fromEntries(
      KERNEL_SETTINGS.map((name) => [name, readFileSync(`/proc/sys/${name}`, 'utf8').trim()] as const),
    ),
  };
  await writeFile(file, JSON.stringify(traces));
  for (const folder of traces.folders) await mkdir(folder, { recursive: true });
  if (Number(traces.kernel[INOTIFY_LIMIT]) < INOTIFY_INSTANCES) {
    writeFileSync(`/proc/sys/${INOTIFY_LIMIT}`, String(INOTIFY_INSTANCES));
  }
}

/** Puts the machine back as it was. To be called when the node's processes have ended; does nothing without the file. */
export async function eraseTraces(file: string): Promise<void> {
  if (!existsSync(file)) return;
  const traces = JSON.parse(await readFile(file, 'utf8')) as Traces;
  for (const [name, value] of Object.entries(traces.kernel)) {
    const path = `/proc/sys/${name}`;
    if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
  }
  for (const folder of traces.folders) await rmdir(folder).catch(() => undefined); // something else uses it now
  await removeLink();
  for (const folder of podCgroups()) await removeCgroup(folder);
}

/** The kubelet's cgroups on this machine: one with cgroup v2, one per controller with v1. */
export function podCgroups(): readonly string[] {
  if (!existsSync(CGROUPS)) return [];
  return [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))]
    .map((folder) => join(folder, POD_CGROUP))
    .filter((folder) => existsSync(folder));
}

/** The kernel removes the veth pair with the node's network, but some time after the last process. */
async function removeLink(): Promise<void> {
  const present = (): boolean => existsSync(`/sys/class/net/${network.link}`);
  if (!present()) return;
  await run('ip', ['link', 'delete', network.link]).catch((error: unknown) => {
    if (present()) throw error;
  });
}

const CGROUP_TIMEOUT_MS = 5_000;

/** Removes a cgroup and those below it; the kernel says EBUSY until the last process has left. */
async function removeCgroup(folder: string): Promise<void> {
  const deadline = Date.now() + CGROUP_TIMEOUT_MS;
  for (;;) {
    try {
      removeCgroupOnce(folder);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`the cgroup ${folder} is still in use`, { cause: error });
      await delay(50);
    }
  }
}

function removeCgroupOnce(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroupOnce(join(folder, entry.name));
  }
  rmdirSync(folder);
}
