import type { Result } from '../../src/base/problem.ts';
import {
  type ClusterAccess,
  type KubeconfigRuntime,
  type KubeconfigText,
  readContexts,
} from '../../src/cluster/kubeconfig.ts';

/** A world around a kubeconfig that needs nothing of it: no files, no plugins, no proxies. */
export const NO_RUNTIME: KubeconfigRuntime = {
  environment: {},
  readFile: (path) => Promise.reject(Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })),
  runPlugin: async () => ({ how: 'missing' }),
  mask: () => undefined,
  redact: (text) => text,
  log: { info: () => undefined },
  date: () => new Date(),
};

/** The access that one context of kubeconfig texts gives; the empty string is the current one. */
export async function readKubeconfig(
  texts: readonly KubeconfigText[],
  context: string,
  runtime: KubeconfigRuntime,
): Promise<Result<ClusterAccess>> {
  const read = await readContexts(texts, [context], runtime);
  if (!read.ok) return read;
  const [access] = read.value;
  if (access === undefined) throw new Error('No access to the one context');
  return { ok: true, value: access };
}

/** The access that a kubeconfig's text gives. */
export async function accessTo(text: string, runtime: Partial<KubeconfigRuntime> = {}): Promise<ClusterAccess> {
  const read = await readKubeconfig([{ origin: 'test kubeconfig', text }], '', { ...NO_RUNTIME, ...runtime });
  if (read.ok) return read.value;
  throw new Error(read.problems.map(({ subject, message }) => `${subject}: ${message}`).join('\n'));
}
