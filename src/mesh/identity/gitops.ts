import { isObject, parseJson, pick } from '../../base/json.ts';
import { listWords, nameSome } from '../../base/text.ts';
import type { KubernetesObject, Workload } from '../../cluster/objects.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from './names.ts';

/** A GitOps controller that looks after a workload. */
export interface GitOps {
  readonly tool: 'Argo CD' | 'Flux';
  /** The application, Kustomization or HelmRelease that it belongs to. */
  readonly object: string;
  /** Whether Git itself sets the annotations that we write: then its values come back with the next sync. */
  readonly declares: boolean;
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const OURS = [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION];

/** Whether a workload is kept in step with Git, by the marks that Argo CD and Flux leave on it. */
export function recogniseGitOps(workload: Workload): GitOps | undefined {
  const found = gitOpsOf(workload);
  return found === undefined ? undefined : { ...found, declares: isDeclared(workload) };
}

/**
 * Who writes an object again from a source of its own, by the marks of Argo CD, Flux, Helm and `kubectl apply`: a clause that
 * says when it comes back as it was, and what to do about it. `undefined` if nothing tells.
 */
export function describeReturn(
  object: KubernetesObject,
): { readonly when: string; readonly remedy: string } | undefined {
  const { annotations = {}, labels = {} } = object.metadata;
  const gitOps = gitOpsOf(object);
  if (gitOps !== undefined) {
    return { when: `with the next sync of ${gitOps.tool} (${gitOps.object})`, remedy: 'Take it out of Git, too.' };
  }
  // https://helm.sh/docs/chart_best_practices/labels/ and the ownership marks of Helm's `pkg/action/validate.go`.
  const release = annotations['meta.helm.sh/release-name'];
  if (labels['app.kubernetes.io/managed-by'] === 'Helm' && release !== undefined) {
    const namespace = annotations['meta.helm.sh/release-namespace'] ?? object.metadata.namespace ?? '?';
    return {
      when: `with the next upgrade of the Helm release ${namespace}/${release}`,
      remedy: 'Take it out of the chart or its values, too.',
    };
  }
  return annotations[LAST_APPLIED] === undefined
    ? undefined
    : { when: 'when its file is applied again (kubectl apply)', remedy: 'Take it out of that file, too.' };
}

function gitOpsOf({ metadata }: KubernetesObject): Pick<GitOps, 'tool' | 'object'> | undefined {
  const { annotations = {}, labels = {} } = metadata;
  const application =
    annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance'];
  if (application !== undefined) return { tool: 'Argo CD', object: `application ${application}` };
  for (const [kind, prefix] of [
    ['Kustomization', 'kustomize.toolkit.fluxcd.io'],
    ['HelmRelease', 'helm.toolkit.fluxcd.io'],
  ] as const) {
    const name = labels[`${prefix}/name`];
    const namespace = labels[`${prefix}/namespace`];
    if (name !== undefined) return { tool: 'Flux', object: `${kind} ${namespace ?? '?'}/${name}` };
  }
  return undefined;
}

/** How the controller and this action will get on. */
export function gitOpsWarning({ tool, object, declares }: GitOps, workloads: readonly string[]): string {
  const who = nameSome(workloads, 3);
  const fight = declares
    ? `Git sets ${listWords(OURS)} there, too, so its next sync removes the filter again`
    : 'a sync leaves keys alone that Git does not set, but one that replaces the objects (Replace, Force) removes the filter again';
  const remedy =
    tool === 'Argo CD'
      ? 'put the files of "command: render" into Git, or let the application ignore these annotations and the label (ignoreDifferences with RespectIgnoreDifferences=true)'
      : 'put the files of "command: render" into Git';
  return `${who} ${workloads.length === 1 ? 'belongs' : 'belong'} to ${tool} (${object}): ${fight}. To be safe, ${remedy}.`;
}

/** Field managers that write what Git says, also where they do it by updates: the helm-controller upgrades as Helm does. */
const CONTROLLERS = ['argocd-controller', 'kustomize-controller', 'helm-controller'];

/** Whether another manager than ours has declared one of our annotations on the pod template. */
function isDeclared({ metadata }: Workload): boolean {
  const applied = parse(metadata.annotations?.[LAST_APPLIED]);
  const declared = pick(applied, 'spec', 'template', 'metadata', 'annotations');
  if (isObject(declared) && OURS.some((key) => key in declared)) return true;
  return (metadata.managedFields ?? []).some(({ manager, operation, fieldsV1 }) => {
    const declarative = operation === 'Apply' || CONTROLLERS.includes(manager ?? '');
    if (manager === 'deploy-wasm-filter' || !declarative) return false;
    const fields = pick(fieldsV1, 'f:spec', 'f:template', 'f:metadata', 'f:annotations');
    return isObject(fields) && OURS.some((key) => `f:${key}` in fields);
  });
}

function parse(text: string | undefined): unknown {
  try {
    return parseJson(text ?? 'null');
  } catch {
    return undefined;
  }
}
