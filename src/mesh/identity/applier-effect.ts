import { listWords } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { type Applier, isAppliedByServer, isDeclared } from './applier.ts';
import { MOUNT_ANNOTATIONS } from './names.ts';

/**
 * What becomes of our keys in a pod template when its source is applied again: they stay beside those of the source (`kept`); the
 * source has some of them, and its values come back (`overwritten`), or its apply stops at the conflict (`conflict`); the whole object is
 * put in its place (`replaced`).
 */
export type Effect = 'kept' | 'overwritten' | 'conflict' | 'replaced';

/**
 * Returns what an applier does to a filter that is put on a workload; `undefined` for nothing that needs to be said. `mounts` tells
 * whether the filter takes the annotations for mounts, not the label alone.
 *
 * Autoscalers need no mention: they write `spec.replicas` (HorizontalPodAutoscaler) or change pods as these are made
 * (VerticalPodAutoscaler), never the template.
 */
export function effectOf(workload: Workload, { tool, controller }: Applier, mounts: boolean): Effect | undefined {
  if (tool === 'Flux' && isLeftAlone(workload)) return undefined;
  if (tool === 'Argo CD' && isReplaced(workload)) return 'replaced';
  if (!mounts || !isDeclared(workload)) return tool === 'kubectl apply' ? undefined : 'kept';
  // Argo CD and the kustomize-controller force what they apply; Helm 4 stops unless it is told to.
  const forces = tool === 'Argo CD' || controller === 'kustomize-controller';
  return !forces && isAppliedByServer(workload) ? 'conflict' : 'overwritten';
}

/**
 * An object that the kustomize-controller has been told to leave alone once it is there:
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
 */
function isLeftAlone({ metadata: { annotations = {}, labels = {} } }: Workload): boolean {
  const told = (key: string): string | undefined => (annotations[key] ?? labels[key])?.toLowerCase();
  const prefix = 'kustomize.toolkit.fluxcd.io';
  return told(`${prefix}/reconcile`) === 'disabled' || ['ignore', 'ifnotpresent'].includes(told(`${prefix}/ssa`) ?? '');
}

/** https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#replace-resource-instead-of-applying-changes */
function isReplaced({ metadata: { annotations = {} } }: Workload): boolean {
  const options = annotations['argocd.argoproj.io/sync-options'] ?? '';
  return options.split(',').some((option) => option.trim() === 'Replace=true');
}

/** The source that an applier takes objects from. */
const SOURCES: Readonly<Record<Applier['tool'], string>> = {
  'Argo CD': 'Git',
  Flux: 'Git',
  Helm: 'the chart',
  'Rancher Fleet': 'Git',
  'kubectl apply': 'the file',
};

/** When it is applied again. */
const WHEN: Readonly<Record<Applier['tool'], string>> = {
  'Argo CD': 'the next sync',
  Flux: 'the next reconciliation',
  Helm: 'the next "helm upgrade"',
  'Rancher Fleet': 'the next deployment of the bundle',
  'kubectl apply': 'the next "kubectl apply"',
};

/**
 * Why a filter stays: each merges what it wants into what is there.
 * - Argo CD compares as kubectl does, so keys that Git has never set are no difference and self-heal leaves them (argoproj/argo-cd issues
 *   7951 and 20765).
 * - The kustomize-controller applies by the server, and undoes besides only what kubectl and managers on its list have written
 *   (fluxcd/kustomize-controller internal/controller/kustomization_controller.go, `apply`).
 * - Helm merges three ways (helm/helm pkg/kube/client.go, `createPatch`) or applies by the server, as Helm 4 does by default for new
 *   releases; the helm-controller upgrades as Helm and corrects drift of fields that the chart has
 *   (https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection). Fleet deploys with Helm, too.
 */
const KEPT: Readonly<Record<Applier['tool'], string>> = {
  'Argo CD':
    'a sync, self-heal included, leaves keys alone that Git does not set, so the filter stays; only one that replaces the object (Replace=true) removes it',
  Flux: 'a reconciliation leaves keys alone that Git does not set, so the filter stays; only one that recreates or replaces the object (force) removes it',
  Helm: 'an upgrade leaves keys alone that the chart does not set, so the filter stays; only one that replaces the object (--force, in Helm 4 --force-replace) removes it',
  'Rancher Fleet':
    'a deployment of the bundle leaves keys alone that Git does not set, so the filter stays; only one that replaces the object (force) removes it',
  'kubectl apply': 'the file does not set its keys, so the filter stays',
};

/** What a template comes to that has the annotations of its source and the label of the filter: Envoy is told to read a file that is not there. */
const BROKEN = 'the mount of the filter is gone then, but not its label, and new pods cannot become ready';

const COMMIT = 'commit the files that "command: render" writes to Git';

/** What makes the filter part of the source: "render" writes the same objects to files, and a patch of the workload. */
const RENDER: Readonly<Record<Applier['tool'], string>> = {
  'Argo CD': COMMIT,
  Flux: COMMIT,
  Helm: 'add the files that "command: render" writes to the chart',
  'Rancher Fleet': COMMIT,
  'kubectl apply': 'apply the files that "command: render" writes as well',
};

/** Says what becomes of the filter, and what helps: the end of a sentence. */
export function describeEffect({ tool }: Applier, effect: Effect): string {
  const [source, when] = [SOURCES[tool], WHEN[tool]];
  const sets = `${source} sets ${listWords(MOUNT_ANNOTATIONS)} there, too, so ${when}`;
  const render = RENDER[tool];
  switch (effect) {
    case 'kept':
      return `${KEPT[tool]}. To be safe, ${render}.`;
    case 'replaced':
      return `${when} replaces the object (sync option Replace=true), and the filter is gone then. To keep it, ${render}, or take that option away.`;
    case 'conflict':
      return `${sets} stops with a conflict with "deploy-wasm-filter", or, with --force-conflicts, puts its own value back: ${BROKEN}. To keep it, ${render}.`;
    case 'overwritten':
      return tool === 'Argo CD'
        ? `${sets}, at once with self-heal, puts its own value back: ${BROKEN}. To keep it, ${render}, or let the application ignore these annotations and the label (ignoreDifferences with RespectIgnoreDifferences=true).`
        : `${sets} puts its own value back: ${BROKEN}. To keep it, ${render}.`;
  }
}
