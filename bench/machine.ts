import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { run } from '../test/cluster/commands.ts';
import { loadedBytes } from '../test/harness/loaded-bytes.ts';
import type { Lab } from './lab.ts';
import type { Results } from './results.ts';

/** Returns what the figures were taken on. */
export function machine(): Results['machine'] {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? '',
    processors: String(processors.length),
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    kernel: `Linux ${release().split('-')[0]}`,
  };
}

/** Returns the versions of everything that took part. */
export async function versions({ api, programs: { kubectl, helm }, dist }: Lab): Promise<Results['versions']> {
  const server = JSON.parse(await api.text('/version')) as { readonly gitVersion: string };
  const commit = await commitOf(dist);
  return {
    dist: commit === undefined ? 'not of a commit' : `of commit ${commit}`,
    Kubernetes: server.gitVersion,
    ...(kubectl !== undefined && { kubectl: await kubectlVersion(kubectl) }),
    ...(helm !== undefined && { Helm: (await run(helm, ['version', '--template', '{{.Version}}'])).trim() }),
    Node: process.version,
  };
}

/** Returns the commit of the built action, which is what runs, whatever that of the sources; undefined outside of a checkout. */
export async function commitOf(dist: string): Promise<string | undefined> {
  try {
    const built = (await run('git', ['log', '-1', '--format=%h', '--', '.'], { cwd: dist })).trim();
    const changed = (await run('git', ['status', '--porcelain', '--', '.'], { cwd: dist })).trim() !== '';
    return built === '' ? undefined : changed ? `${built}, and changed since` : built;
  } catch {
    return undefined;
  }
}

async function kubectlVersion(kubectl: string): Promise<string> {
  const { clientVersion } = JSON.parse(await run(kubectl, ['version', '--client', '-o', 'json'])) as {
    readonly clientVersion: { readonly gitVersion: string };
  };
  return clientVersion.gitVersion;
}

/** Returns the bytes of the programs that a run of the action loads, each with what it loads at once. */
export function fileSizes(dist: string): Results['files'] {
  return Object.fromEntries(['index.js', 'trial.js'].map((name) => [name, loadedBytes(join(dist, name))]));
}
