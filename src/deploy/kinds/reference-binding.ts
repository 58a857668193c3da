import { defined } from '../../base/defined.ts';
import type { ArgoRollout, WorkloadReference } from '../../cluster/argo-rollout.ts';
import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { Workload } from '../../cluster/objects.ts';
import { DEPLOYMENT } from '../../cluster/resources.ts';
import type { FilterBinding } from './binding.ts';
import { templateBinding } from './template-binding.ts';

/** A Rollout whose pod template is that of a Deployment: both as they are, and on top what the run looks at. */
interface ReferringRollout extends ArgoRollout {
  readonly parts: { readonly rollout: ArgoRollout; readonly source: Workload };
}

/**
 * The pod template of a Rollout, which is its own or that of the workload in `spec.workloadRef`. In the second case that workload is
 * what is written, with our state, and the Rollout is what is waited for.
 */
export const referenceBinding: FilterBinding = {
  ...templateBinding,
  templateSource: DEPLOYMENT,

  view: (listed, { templateSources }) => viewRollouts(listed, templateSources),
  candidates: (_, listed = [], { templateSources }) => viewRollouts(listed, templateSources),
  sourceOf: (workload) => {
    const { workloadRef } = partsOf(workload).rollout.spec ?? {};
    return workloadRef !== undefined && isSupported(workloadRef) ? workloadRef.name : undefined;
  },
  templateHolder: (workload) => partsOf(workload).source ?? workload,
  alsoRestarts: (workload) => {
    const { source } = partsOf(workload);
    const wanted = source === undefined ? 0 : (source.spec?.replicas ?? 1);
    return source === undefined || wanted === 0
      ? undefined
      : { kind: DEPLOYMENT.kind, name: source.metadata.name, count: wanted };
  },
  refresh: (shown, known) => {
    if (isReferring(shown)) return shown;
    const { source } = partsOf(known);
    return source === undefined ? shown : viewRollout(shown, source);
  },

  read: async (client, resource, ref) => {
    const rollout = await client.get<Workload>(resource, ref.namespace, ref.name);
    const name = referenceBinding.sourceOf(rollout);
    const source = name === undefined ? undefined : await readSource(client, ref.namespace, name);
    return source === undefined ? rollout : viewRollout(rollout, source);
  },
  writes: (ref, observed, patch) => {
    const name = referenceBinding.sourceOf(observed);
    return name === undefined
      ? templateBinding.writes(ref, observed, patch)
      : [{ action: 'change', kind: DEPLOYMENT.kind, name }];
  },
  write: async (client, resource, ref, target, options) => {
    const { rollout, source } = partsOf(target.observed);
    if (source === undefined) return templateBinding.write(client, resource, ref, target, options);
    const { metadata } = source;
    const written = await templateBinding.write(
      client,
      DEPLOYMENT,
      { ...ref, name: metadata.name },
      { ...target, observed: source },
      options,
    );
    return { ...written, object: viewRollout(rollout, written.object) };
  },
  permissions: (resource, observed) =>
    templateBinding.permissions(referenceBinding.sourceOf(observed) === undefined ? resource : DEPLOYMENT, observed),
};

/** Returns the workload that has the pod template of a Rollout; `undefined` if that is its own, or is not there. */
export function templateSourceOf(workload: Workload): Workload | undefined {
  return partsOf(workload).source;
}

/** Whether the pod template of a reference can be changed: Argo Rollouts takes those of ReplicaSets and PodTemplates, too. */
export function isSupported({ apiVersion = '', kind }: WorkloadReference): boolean {
  return kind === DEPLOYMENT.kind && apiVersion.split('/')[0] === DEPLOYMENT.group;
}

function viewRollouts(listed: readonly Workload[], sources: readonly Workload[]): readonly Workload[] {
  const byName = new Map(sources.map((source) => [source.metadata.name, source]));
  return listed.map((rollout) => {
    const source = byName.get(referenceBinding.sourceOf(rollout) ?? '');
    return source === undefined ? rollout : viewRollout(rollout, source);
  });
}

/** Whoever changes the template leaves traces on the object that has it. */
function viewRollout(rollout: ArgoRollout, source: Workload): ReferringRollout {
  const { annotations, managedFields } = source.metadata;
  return {
    ...rollout,
    metadata: {
      ...rollout.metadata,
      annotations: { ...rollout.metadata.annotations, ...annotations },
      ...defined({ managedFields }),
    },
    spec: {
      ...rollout.spec,
      selector: rollout.spec?.selector ?? source.spec?.selector ?? {},
      template: source.spec?.template ?? {},
    },
    parts: { rollout, source },
  };
}

function partsOf(workload: Workload): { readonly rollout: ArgoRollout; readonly source?: Workload } {
  return isReferring(workload) ? workload.parts : { rollout: workload };
}

function isReferring(workload: Workload): workload is ReferringRollout {
  return 'parts' in workload;
}

async function readSource(client: Client, namespace: string, name: string): Promise<Workload | undefined> {
  try {
    return await client.get<Workload>(DEPLOYMENT, namespace, name);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
