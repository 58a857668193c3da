import { readFileSync } from 'node:fs';
import { run } from './commands.ts';
import { network } from './network.ts';
import { type Component, type Place, type Supervisor, waitFor } from './processes.ts';

/**
 * The node's own process, mount and network namespaces. All that the node leaves behind belongs to them: containers,
 * mounts, packet filter rules, addresses and ports. The kernel clears it away when their first process ends, even when
 * whatever started it was killed, and nothing of it meets what else runs on the machine.
 */
export interface Sandbox {
  readonly place: Place;
  /** Process 1 inside: it cannot end before everything else inside has ended. */
  readonly init: Component;
}

export interface SandboxOptions {
  readonly supervisor: Supervisor;
  /** The `controlplane` program, whose `init` is process 1. */
  readonly program: string;
  /** Folders of the machine that become empty private ones inside; they must exist. */
  readonly privateFolders: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Makes the namespaces. Needs root. Throws `CommandError` or `ComponentError` where the machine does not allow them. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { supervisor, program, signal } = options;
  const unshare = ['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc'];
  const holder = supervisor.start('node', [...unshare, '--', program, 'init']);
  const pid = await waitFor(() => firstChild(holder.identity.pid), {
    what: 'the node has its namespaces',
    timeoutMs: 5_000,
    components: [holder],
    signal,
  });
  const init = supervisor.record('node-init', pid, holder.logFile);
  const place = inside(holder.identity.pid);
  // The runtime's sockets and the pods' networks live below /run. `ip netns add`, for one, would mount over
  // /run/netns of the machine and make the networks of running pods impossible to remove.
  const mounts = ['/run', ...options.privateFolders].map((folder) => `mount -t tmpfs tmpfs ${folder}`);
  await runIn(place, ['sh', '-ec', [...mounts, 'ip link set lo up'].join('\n')], signal);
  return { place, init };
}

/** Joins the node's network to the machine's, so that the API server, pods and Services answer from here. */
export async function connectSandbox(sandbox: Sandbox, signal?: AbortSignal): Promise<void> {
  const { link, machineAddress, nodeAddress, nodePrefix, pods, services } = network;
  const pid = String(sandbox.init.identity.pid);
  await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid], { signal });
  // kube-proxy turns a Service's address into a pod's only after the kernel has found a way to it: any will do.
  const insideScript = `
    ip address add ${nodeAddress}/${nodePrefix} dev eth0
    ip link set eth0 up
    ip route add ${services} dev eth0
    echo 1 > /proc/sys/net/ipv4/ip_forward`;
  await runIn(sandbox.place, ['sh', '-ec', insideScript], signal);
  const outsideScript = `
    ip address add ${machineAddress}/${nodePrefix} dev ${link}
    ip link set ${link} up
    ip route add ${pods} via ${nodeAddress}
    ip route add ${services} via ${nodeAddress}`;
  await run('sh', ['-ec', outsideScript], { signal });
}

/** Runs a command inside to its end and gives its standard output. Throws `CommandError`. */
export async function runIn(place: Place, command: readonly string[], signal?: AbortSignal): Promise<string> {
  const [program, ...args] = place(command);
  return await run(program ?? '', args, { signal });
}

/** The place inside the namespaces that `unshare` with that process id has made. */
export function inside(holder: number): Place {
  const namespace = (name: string): string => `/proc/${holder}/ns/${name}`;
  const enter = [
    'nsenter',
    `--mount=${namespace('mnt')}`,
    `--net=${namespace('net')}`,
    // `unshare` itself stays in the machine's process namespace, only its children are in the new one.
    `--pid=${namespace('pid_for_children')}`,
    '--',
  ];
  return (command) => [...enter, ...command];
}

function firstChild(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}
