import { delimiter, resolve } from 'node:path';
import { bad, type Checked, Findings } from '../base/problem.ts';
import { type ClusterAccess, type KubeconfigText, kubeconfigFile, readKubeconfig } from '../cluster/kubeconfig.ts';
import { fileTrouble, type ReadFile } from '../filter/load.ts';
import type { Environment } from './input-reader.ts';
import type { Inputs } from './inputs.ts';

export type { Environment } from './input-reader.ts';

/** The kubeconfig of the input, else the files of KUBECONFIG; never anything that was not named. */
export async function loadAccess(
  { kubeconfig, context }: Pick<Inputs, 'kubeconfig' | 'context'>,
  readFile: ReadFile,
  { KUBECONFIG, GITHUB_WORKSPACE }: Environment,
): Promise<Checked<ClusterAccess>> {
  if (kubeconfig.trim() !== '') return readKubeconfig([{ origin: 'input "kubeconfig"', text: kubeconfig }], context);
  const paths = (KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (paths.length === 0) {
    return bad({
      kind: 'kubeconfig',
      subject: 'input "kubeconfig"',
      message: 'is empty, and the environment variable KUBECONFIG is not set.',
      remedy:
        'Pass the content of a kubeconfig from a secret. A secret that is missing, or not handed to pull requests from forks, is empty too.',
    });
  }
  const findings = new Findings();
  const texts: KubeconfigText[] = [];
  for (const path of paths) {
    try {
      texts.push(
        kubeconfigFile(resolve(GITHUB_WORKSPACE ?? '.', path), Buffer.from(await readFile(path)).toString('utf8')),
      );
    } catch (error) {
      findings.add({
        kind: 'kubeconfig',
        subject: `kubeconfig file "${path}"`,
        message: `cannot be read: ${fileTrouble(error)}.`,
        cause: error,
      });
    }
  }
  return findings.clean ? readKubeconfig(texts, context) : bad(...findings.problems);
}
