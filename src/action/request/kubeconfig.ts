import { delimiter, resolve } from 'node:path';
import { fileFault, isMissing, readText } from '../../base/files.ts';
import { Diagnostics, fail, type Problem, type Result } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';
import { MAX_YAML_BYTES } from '../../base/yaml.ts';
import {
  type ClusterAccess,
  type KubeconfigRuntime,
  type KubeconfigText,
  kubeconfigFile,
  looksLikeContent,
  readContexts,
  writeSecret,
} from '../../cluster/kubeconfig.ts';
import type { ClusterInputs } from '../inputs/cluster-choice.ts';
import type { Environment } from '../inputs/reader.ts';

export type { Environment } from '../inputs/reader.ts';

/** What loading a kubeconfig needs of the world around it. */
export type KubeconfigAccess = Omit<KubeconfigRuntime, 'environment'> & { readonly environment: Environment };

/**
 * Returns the accesses of contexts of the kubeconfig of the input, else of the files of KUBECONFIG; never of anything that was not
 * named.
 */
export async function loadAccesses(
  { kubeconfig, contexts }: Pick<ClusterInputs, 'kubeconfig' | 'contexts'>,
  runtime: KubeconfigAccess,
): Promise<Result<readonly ClusterAccess[]>> {
  if (kubeconfig.trim() !== '') {
    return readContexts([{ origin: 'input "kubeconfig"', text: kubeconfig }], contexts, runtime);
  }
  const { KUBECONFIG = '' } = runtime.environment;
  if (looksLikeContent(KUBECONFIG)) return fail(CONTENT);
  const paths = [...new Set(KUBECONFIG.split(delimiter).filter((path) => path !== ''))];
  if (paths.length === 0) return fail(NOTHING);
  const texts = await readFiles(paths, runtime);
  return texts.ok ? readContexts(texts.value, contexts, runtime) : texts;
}

/**
 * Of several files those that are there, as kubectl does; a list of which nothing is there is a problem
 * (client-go, clientcmd/loader.go).
 */
async function readFiles(
  paths: readonly string[],
  { readFile, environment: { GITHUB_WORKSPACE } }: KubeconfigAccess,
): Promise<Result<KubeconfigText[]>> {
  const diagnostics = new Diagnostics();
  const missing: Problem[] = [];
  const texts: KubeconfigText[] = [];
  for (const path of paths) {
    try {
      const text = await readText(readFile, path, MAX_YAML_BYTES);
      texts.push(kubeconfigFile(resolve(GITHUB_WORKSPACE ?? '.', path), text));
    } catch (error) {
      const problem: Problem = {
        kind: 'kubeconfig',
        subject: `kubeconfig file "${path}"`,
        message: `cannot be read: ${fileFault(error)}.`,
        cause: error,
      };
      const expanded = /^[~$%]/.test(path) ? ` Nobody expands ${quoted(path.charAt(0))} in it.` : '';
      if (isMissing(error)) missing.push({ ...problem, remedy: `${ALL_MISSING}${expanded}` });
      else diagnostics.add(problem);
    }
  }
  if (texts.length === 0) diagnostics.add(missing);
  return diagnostics.ok ? { ok: true, value: texts } : fail(diagnostics.problems);
}

/** Why a run of which the environment switches off the check of all certificates is refused. */
export function uncheckedTls({ NODE_TLS_REJECT_UNAUTHORIZED }: Environment): readonly Problem[] {
  if (NODE_TLS_REJECT_UNAUTHORIZED !== '0') return [];
  return [
    {
      kind: 'input',
      subject: 'variable NODE_TLS_REJECT_UNAUTHORIZED',
      message:
        'is "0", which turns off the check of every server certificate: anybody on the network path could read the credentials.',
      remedy:
        'Remove it. For a private certificate authority, set "certificate-authority-data" in the kubeconfig, and NODE_EXTRA_CA_CERTS for registries.',
    },
  ];
}

const NOTHING: Problem = {
  kind: 'kubeconfig',
  subject: 'input "kubeconfig"',
  message: 'is empty, and the environment variable KUBECONFIG is not set.',
  remedy: `${writeSecret()} A secret is empty if it does not exist, if it is one of an environment that the job does not name, or if Dependabot started the run, or a pull request from a fork.`,
};

const ALL_MISSING =
  'Write the kubeconfig to that path in an earlier step, or pass its content in the input "kubeconfig". Files in KUBECONFIG that do not exist are skipped, but here none exists.';

const CONTENT: Problem = {
  kind: 'kubeconfig',
  subject: 'variable KUBECONFIG',
  message: 'holds the content of a kubeconfig; it must hold the path of a file.',
  remedy: 'Pass the content in the input "kubeconfig", and leave the variable out.',
};
