import { type ClusterAccess, type KubeconfigRuntime, readKubeconfig } from '../../src/cluster/kubeconfig.ts';

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

/** The access that a kubeconfig's text gives. */
export async function accessTo(text: string, runtime: Partial<KubeconfigRuntime> = {}): Promise<ClusterAccess> {
  const read = await readKubeconfig([{ origin: 'test kubeconfig', text }], '', { ...NO_RUNTIME, ...runtime });
  if (read.ok) return read.value;
  throw new Error(read.problems.map(({ subject, message }) => `${subject}: ${message}`).join('\n'));
}
