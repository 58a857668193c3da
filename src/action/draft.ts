import { delimiter, resolve } from 'node:path';
import { bad, type Checked, Findings } from '../base/problem.ts';
import { type ClusterAccess, type KubeconfigText, kubeconfigFile, readKubeconfig } from '../cluster/kubeconfig.ts';
import type { DraftRequest } from '../deploy/request.ts';
import { fileTrouble, loadFilter, type ReadFile } from '../filter/load.ts';
import type { FilterModule } from '../filter/module.ts';
import { parseTargets, type TargetText } from '../targets/parse.ts';
import type { TargetEntry } from '../targets/target.ts';
import type { InputsRead } from './inputs.ts';

/** The runner's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the inputs come to, before the cluster is asked. */
export interface Draft {
  readonly draft: DraftRequest;
  readonly access: Checked<ClusterAccess>;
  readonly module: FilterModule | undefined;
}

/** Loads what the inputs name (filter, target list, kubeconfig) and makes the request of it, or gathers what is wrong. */
export async function makeDraft(
  { inputs, problems }: InputsRead,
  readFile: ReadFile,
  environment: Environment,
): Promise<Draft> {
  const findings = new Findings();
  findings.add(...problems);
  const module = inputs.filter === '' ? undefined : findings.take(await loadFilter(inputs.filter, readFile));
  const access = await loadAccess(inputs.kubeconfig, inputs.context, readFile, environment);
  const namespace = inputs.namespace || (access.ok ? access.value.namespace : undefined) || 'default';
  const targets: TargetEntry[] = [];
  for (const list of await loadTargetTexts(inputs.targets, inputs.targetsFile, readFile, findings)) {
    targets.push(...(findings.take(parseTargets(list, namespace)) ?? []));
  }
  if (module === undefined || !findings.clean) {
    return { draft: { ok: false, problems: findings.problems, targets, defaults: inputs.settings }, access, module };
  }
  const { name, settings, wait, timeoutMs } = inputs;
  const request = { filters: [{ name, module, settings, targets }], run: runName(environment), wait, timeoutMs };
  return { draft: { ok: true, request }, access, module };
}

async function loadTargetTexts(
  inline: string,
  file: string,
  readFile: ReadFile,
  findings: Findings,
): Promise<TargetText[]> {
  const texts: TargetText[] = inline.trim() === '' ? [] : [{ origin: 'targets', text: inline }];
  if (file === '') return texts;
  try {
    return [...texts, { origin: `targets-file "${file}"`, text: Buffer.from(await readFile(file)).toString('utf8') }];
  } catch (error) {
    findings.add({
      kind: 'targets',
      subject: `targets-file "${file}"`,
      message: `cannot be read: ${fileTrouble(error)}.`,
      cause: error,
    });
    return texts;
  }
}

/** The kubeconfig of the input, else the files of KUBECONFIG; never anything that was not named. */
async function loadAccess(
  content: string,
  context: string,
  readFile: ReadFile,
  { KUBECONFIG, GITHUB_WORKSPACE }: Environment,
): Promise<Checked<ClusterAccess>> {
  if (content.trim() !== '') return readKubeconfig([{ origin: 'input "kubeconfig"', text: content }], context);
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

/** How a run is recorded on the workloads it changes: `owner/repo/123456/1`, or `local` outside a workflow. */
function runName({ GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT }: Environment): string {
  if (!GITHUB_RUN_ID) return 'local';
  return [GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT ?? '1'].filter(Boolean).join('/');
}
