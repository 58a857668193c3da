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
export async function versions({ api, programs, dist }: Lab): Promise<Results['versions']> {
  const server = JSON.parse(await api.text('/version')) as { readonly gitVersion: string };
  const kubectl = JSON.parse(await run(programs.kubectl, ['version', '--client', '-o', 'json'])) as {
    readonly clientVersion: { readonly gitVersion: string };
  };
  // What runs is dist, whatever the commit of the sources.
  const built = (await run('git', ['log', '-1', '--format=%h', '--', '.'], { cwd: dist })).trim();
  const changed = (await run('git', ['status', '--porcelain', '--', '.'], { cwd: dist })).trim() !== '';
  return {
    'dist of commit': changed ? `${built}, and changed since` : built,
    Kubernetes: server.gitVersion,
    kubectl: kubectl.clientVersion.gitVersion,
    Helm: (await run(programs.helm, ['version', '--template', '{{.Version}}'])).trim(),
    Node: process.version,
  };
}

/** Returns the bytes of the programs that a run of the action loads, each with what it loads at once. */
export function fileSizes(dist: string): Results['files'] {
  return Object.fromEntries(['index.js', 'trial.js'].map((name) => [name, loadedBytes(join(dist, name))]));
}
