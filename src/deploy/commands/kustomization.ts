import { dump } from 'js-yaml';
import { isObject, pick } from '../../base/json.ts';
import { withoutTrailing } from '../../base/text.ts';
import { readYaml } from '../../base/yaml.ts';

/** The folder of the Component, below the one that was asked for. */
export const COMPONENT = 'component';
export const KUSTOMIZATION = 'kustomization.yaml';
export const COMPONENT_KUSTOMIZATION = `${COMPONENT}/${KUSTOMIZATION}`;

/** A file of the Component, and how its kustomization takes it in. */
export interface ComponentEntry {
  readonly name: string;
  readonly entry: 'resource' | { readonly target: Readonly<Record<string, string>> };
}

const MARK =
  '# Written by deploy-wasm-filter. Do not edit: the next "render" replaces it, and removes files that it lists.\n';

/**
 * The kustomization that an overlay with the workloads takes in under `components`
 * (https://kubectl.docs.kubernetes.io/guides/config_management/components/). Patches have a target each: one without is an
 * error where its workload is not among the resources, one with a target then does nothing.
 */
export function componentKustomization(entries: readonly ComponentEntry[]): string {
  return `${MARK}${yaml({
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    resources: entries.filter(({ entry }) => entry === 'resource').map(({ name }) => name),
    patches: entries.flatMap(({ entry, name }) => (entry === 'resource' ? [] : [{ path: name, ...entry }])),
  })}`;
}

/** The overlay that makes of the folder what `kubectl apply --server-side -k` takes. Equal for every filter, so that it may be edited. */
export const OVERLAY = `# Written once by deploy-wasm-filter, and never again while it is here: it is yours to edit.
# As it stands, "kubectl apply --server-side -k" on this folder brings the objects of the filter (client-side, its ConfigMap would be too
# large for an annotation from about 190 KiB on; Argo CD needs the sync option ServerSideApply=true for the same reason). A Gateway runs it then; a workload does once its
# pod template is patched as well: name the folder with its manifest under "resources" here, such as ../base; or name the folder
# "${COMPONENT}" under "components" in the kustomization that has the manifest.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: []
components:
  - ${COMPONENT}
`;

/** Names of objects end with the filter's revision; those of patches start with the namespace. */
const OBJECT_FILE = /^(configmap|envoyfilter|wasmplugin)_[a-z0-9-]+_[a-z0-9.-]+\.yaml$/;
const PATCH_FILE = /^patch_[a-z0-9-]+_[a-z]+_[A-Za-z0-9._-]+\.yaml$/;

/** The files that an earlier run has written beside its Component's kustomization, as that says; none of a user's. */
export function listedFiles(kustomization: string | undefined): string[] {
  return kustomization?.startsWith(MARK) === true ? (entriesOf(kustomization) ?? []).filter(isOurs) : [];
}

/** Whether a Component's kustomization is there that no run of this action has written. */
export function isOfOthers(kustomization: string | undefined): boolean {
  return kustomization !== undefined && !kustomization.startsWith(MARK);
}

/** Whether an overlay takes in the Component beside it; one that nobody can read does not. */
export function namesComponent(overlay: string): boolean {
  const read = readYaml(overlay);
  const components = read.ok ? pick(read.value, 'components') : undefined;
  return (
    Array.isArray(components) &&
    components.some((name) => withoutTrailing(String(name), '/').replace(/^\.\//, '') === COMPONENT)
  );
}

/**
 * The files of a folder whose kustomization was the Component itself, as earlier versions wrote it; `undefined` if the
 * kustomization is another one, which may be the user's.
 */
export function filesOfOldLayout(kustomization: string | undefined): string[] | undefined {
  const listed = kustomization === undefined ? undefined : entriesOf(kustomization);
  return listed !== undefined && listed.length > 0 && listed.every(isOurs) ? listed : undefined;
}

function isOurs(name: string): boolean {
  return OBJECT_FILE.test(name) || PATCH_FILE.test(name);
}

function entriesOf(kustomization: string): string[] | undefined {
  const read = readYaml(kustomization);
  if (!read.ok || !isObject(read.value) || read.value.kind !== 'Component') return undefined;
  const { apiVersion: _, kind: __, resources = [], patches = [], ...more } = read.value;
  if (Object.keys(more).length > 0 || !Array.isArray(resources) || !Array.isArray(patches)) return undefined;
  const names = [...resources, ...patches.map((patch) => (isObject(patch) ? patch.path : undefined))];
  return names.map(String);
}

/** Equal values give equal text. */
export function yaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
