import { isObject, parseJson, pick } from '../../base/json.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { MOUNT_ANNOTATIONS } from './names.ts';

/** Who writes an object again from a source of its own. */
export interface Applier {
  readonly tool: 'Argo CD' | 'Flux' | 'Helm' | 'Rancher Fleet' | 'kubectl apply';
  /** What it belongs to there: `application bookshop`, `HelmRelease shop/web`; empty for a file that nobody names. */
  readonly object: string;
  /** Which controller of Flux applies it; omitted for other tools. */
  readonly controller?: 'kustomize-controller' | 'helm-controller';
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Returns who writes an object again, by the marks that tools leave on it; `undefined` if nothing tells. */
export function findApplier(object: KubernetesObject): Applier | undefined {
  const { metadata } = object;
  return (
    argoCd(object) ??
    flux(object) ??
    helm(object) ??
    (metadata.annotations?.[LAST_APPLIED] === undefined ? undefined : { tool: 'kubectl apply', object: '' })
  );
}

/**
 * By the annotation `APPLICATION:GROUP/KIND:NAMESPACE/NAME`, which counts only on the object that it names, or by the label of earlier
 * versions: https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/. Helm charts set that label, too.
 */
function argoCd({ metadata }: KubernetesObject): Applier | undefined {
  const { annotations = {}, labels = {}, namespace, name } = metadata;
  const tracked = annotations['argocd.argoproj.io/tracking-id'];
  const self = namespace === undefined ? `/${name}` : `:${namespace}/${name}`;
  if (tracked?.endsWith(self) === true) return { tool: 'Argo CD', object: `application ${tracked.split(':')[0]}` };
  const writes = (metadata.managedFields ?? []).some(({ manager }) => manager?.startsWith('argocd') === true);
  const application =
    labels['argocd.argoproj.io/instance'] ?? (writes ? labels['app.kubernetes.io/instance'] : undefined);
  return application === undefined ? undefined : { tool: 'Argo CD', object: `application ${application}` };
}

/** https://fluxcd.io/flux/components/kustomize/kustomizations/ and https://fluxcd.io/flux/components/helm/helmreleases/ */
function flux({ metadata: { labels = {} } }: KubernetesObject): Applier | undefined {
  for (const [kind, prefix, controller] of [
    ['Kustomization', 'kustomize.toolkit.fluxcd.io', 'kustomize-controller'],
    ['HelmRelease', 'helm.toolkit.fluxcd.io', 'helm-controller'],
  ] as const) {
    const name = labels[`${prefix}/name`];
    const namespace = labels[`${prefix}/namespace`];
    if (name !== undefined) return { tool: 'Flux', object: `${kind} ${namespace ?? '?'}/${name}`, controller };
  }
  return undefined;
}

/**
 * By the ownership marks of Helm's `pkg/action/validate.go`; the label alone stands in charts that others copy. Fleet installs its
 * bundles as Helm releases and adds the marks of the desired set (rancher/fleet internal/helmdeployer/postrender.go).
 */
function helm({ metadata }: KubernetesObject): Applier | undefined {
  const { annotations = {}, labels = {} } = metadata;
  const release = annotations['meta.helm.sh/release-name'];
  if (labels['app.kubernetes.io/managed-by'] !== 'Helm' || release === undefined) return undefined;
  const namespace = annotations['meta.helm.sh/release-namespace'] ?? metadata.namespace ?? '?';
  const isFleet = annotations['objectset.rio.cattle.io/id'] !== undefined;
  return { tool: isFleet ? 'Rancher Fleet' : 'Helm', object: `release ${namespace}/${release}` };
}

/**
 * Whether the source of a workload sets our annotations on the pod template, too: then its values come back. An applied field is
 * held by its manager until another one changes it, so that this is seen before our first write, and again after theirs.
 */
export function isDeclared({ metadata }: KubernetesObject): boolean {
  const applied = parse(metadata.annotations?.[LAST_APPLIED]);
  const declared = pick(applied, 'spec', 'template', 'metadata', 'annotations');
  if (isObject(declared) && MOUNT_ANNOTATIONS.some((key) => key in declared)) return true;
  return (metadata.managedFields ?? []).some(
    ({ manager = '', operation, fieldsV1 }) =>
      manager !== 'deploy-wasm-filter' && (operation === 'Apply' || FROM_SOURCE.test(manager)) && holdsMounts(fieldsV1),
  );
}

/** Whether the values that come back are applied by the server, which answers a conflict where nothing forces them. */
export function isAppliedByServer({ metadata }: KubernetesObject): boolean {
  return (metadata.managedFields ?? []).some(
    ({ manager, operation, fieldsV1 }) =>
      manager !== 'deploy-wasm-filter' && operation === 'Apply' && holdsMounts(fieldsV1),
  );
}

/** Field managers that write what a source says, also where they do it by updates: Helm 3 does, and the helm-controller as Helm. */
const FROM_SOURCE = /^(argocd|kustomize-controller|helm|fleet)/;

function holdsMounts(fieldsV1: unknown): boolean {
  const fields = pick(fieldsV1, 'f:spec', 'f:template', 'f:metadata', 'f:annotations');
  return isObject(fields) && MOUNT_ANNOTATIONS.some((key) => `f:${key}` in fields);
}

function parse(text: string | undefined): unknown {
  try {
    return parseJson(text ?? 'null');
  } catch {
    return undefined;
  }
}

/**
 * Says when an object that is taken away or changed comes back as it was, and what to do about it: a clause and a remedy. `undefined` if
 * nothing tells.
 */
export function describeReturn(
  object: KubernetesObject,
): { readonly when: string; readonly remedy: string } | undefined {
  const applier = findApplier(object);
  if (applier === undefined) return undefined;
  switch (applier.tool) {
    case 'kubectl apply':
      return { when: 'when its file is applied again (kubectl apply)', remedy: 'Take it out of that file, too.' };
    case 'Helm':
      return {
        when: `with the next upgrade of the Helm ${applier.object}`,
        remedy: 'Take it out of the chart or its values, too.',
      };
    default:
      return { when: `with the next sync of ${applier.tool} (${applier.object})`, remedy: 'Take it out of Git, too.' };
  }
}
