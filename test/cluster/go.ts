import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, run } from './commands.ts';
import { versions } from './versions.ts';

/** The Go module of the Kubernetes programs. */
export const controlPlaneModule = fileURLToPath(new URL('controlplane', import.meta.url));

/** Runs the go command without what the user's environment may say about modules. Throws `CommandError`. */
export function go(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  } = {},
): Promise<string> {
  return run(goProgram() ?? 'go', args, { ...options, env: { GOFLAGS: '', GOWORK: 'off', ...options.env } });
}

/** The go command: on PATH, or where its own installer puts it. */
export function goProgram(): string | undefined {
  return findProgram('go') ?? findProgram('/usr/local/go/bin/go');
}

/** Downloads a module's source and gives its folder, which is read-only. */
export async function downloadModule(module: string, signal?: AbortSignal): Promise<string> {
  const answer = JSON.parse(await go(['mod', 'download', '-json', module], signal ? { signal } : {})) as {
    Dir: string;
  };
  return answer.Dir;
}

/** Rewrites `controlplane/go.mod` and `go.sum` for the versions in `versions.ts`. */
export async function tidyControlPlaneModule(): Promise<void> {
  const source = await downloadModule(`k8s.io/kubernetes@${versions.kubernetes.module}`);
  const goMod = renderGoMod(await readFile(join(source, 'go.mod'), 'utf8'), versions.kubernetes);
  await writeFile(join(controlPlaneModule, 'go.mod'), goMod);
  await go(['mod', 'tidy'], { cwd: controlPlaneModule });
}

/**
 * The go.mod to tidy. k8s.io/kubernetes replaces its libraries by folders of its own tree, and `replace` lines of a
 * dependency do not count, so ours names the same libraries as published.
 */
export function renderGoMod(
  kubernetesGoMod: string,
  kubernetes: { readonly module: string; readonly staging: string },
): string {
  const language = /^go .+$/m.exec(kubernetesGoMod)?.[0];
  const staging = [...kubernetesGoMod.matchAll(/^\s*(\S+) => \.\/staging\//gm)].map((match) => match[1]);
  if (language === undefined || staging.length === 0) {
    throw new Error('the go.mod of k8s.io/kubernetes has no `go` line or no `./staging/` replacements');
  }
  // The Go runtime's behaviour that Kubernetes is released with; like `replace`, it counts in the main module only.
  const godebug = /^godebug .+$/m.exec(kubernetesGoMod)?.[0];
  return [
    'module deploy-wasm-filter/test/cluster/controlplane',
    '',
    language,
    '',
    ...(godebug === undefined ? [] : [godebug, '']),
    `require k8s.io/kubernetes ${kubernetes.module}`,
    '',
    'replace (',
    ...staging.map((library) => `\t${library} => ${library} ${kubernetes.staging}`),
    ')',
    '',
  ].join('\n');
}
