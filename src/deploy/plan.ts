import { bad, type Checked, Findings, good, type Problem } from '../base/problem.ts';
import type { Right } from '../cluster/client.ts';
import type { Workload } from '../cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, type Resource, WORKLOADS } from '../cluster/resources.ts';
import { type ConfigMap, holdsRevision, renderConfigMap } from '../mesh/config-map.ts';
import { type EnvoyFilter, isSameEnvoyFilter, renderEnvoyFilter } from '../mesh/envoy-filter.ts';
import { makeRevision, type Revision, revisionName } from '../mesh/revision.ts';
import { patchWorkload, revisionOn, type WorkloadPatch } from '../mesh/template.ts';
import { resolveTargets } from '../targets/resolve.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../targets/target.ts';
import type { Observation } from './observe.ts';
import type { DeployRequest } from './request.ts';

/** A ConfigMap or EnvoyFilter of a revision in a namespace. */
export interface PlannedObject<T extends ConfigMap | EnvoyFilter> {
  readonly revision: Revision;
  readonly namespace: string;
  /** Whether it has to be written. */
  readonly write: boolean;
  /** Makes its body, which may be a megabyte: only for those that are written. */
  readonly render: () => T;
}

/** A workload and the revisions that it shall run. */
export interface PlannedWorkload {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly Revision[];
  /** What has to be changed; undefined for nothing. */
  readonly patch: WorkloadPatch | undefined;
  /** The revisions it ran before, by filter. */
  readonly before: ReadonlyMap<string, string>;
}

/** Everything a run will write, and everything it wants to be there. */
export interface Plan {
  readonly configMaps: readonly PlannedObject<ConfigMap>[];
  readonly envoyFilters: readonly PlannedObject<EnvoyFilter>[];
  readonly workloads: readonly PlannedWorkload[];
}

/** How many objects a plan writes. */
export function countWrites({ configMaps, envoyFilters, workloads }: Plan): number {
  const objects = [...configMaps, ...envoyFilters].filter(({ write }) => write).length;
  return objects + workloads.filter(({ patch }) => patch !== undefined).length;
}

/**
 * What to write so that every target of the request runs its filters. A pure function: equal requests and observations
 * give equal plans. Problems are those of targets, mounts and workloads that cannot be rolled.
 */
export function makePlan(request: DeployRequest, observation: Observation): Checked<Plan> {
  const findings = new Findings();
  const wanted = new Map<string, { ref: WorkloadRef; observed: Workload; revisions: Revision[] }>();
  for (const filter of request.filters) {
    // A target that is not there must not hide what is wrong with the others.
    const { targets, problems } = resolveTargets(filter.targets, observation.catalogue, filter.settings);
    findings.add(...problems);
    for (const { ref, workload, override } of targets) {
      const entry = wanted.get(workloadKey(ref)) ?? { ref, observed: workload, revisions: [] };
      entry.revisions.push(makeRevision(filter.name, filter.module, { ...filter.settings, ...override }));
      wanted.set(workloadKey(ref), entry);
    }
  }
  const workloads = [...wanted.values()].map((entry) => findings.take(planWorkload(entry, request)));
  if (!findings.clean) return bad(...findings.problems);
  const needed = revisionsByNamespace([...wanted.values()]);
  return good({
    configMaps: needed.map(({ revision, namespace }) => ({
      revision,
      namespace,
      write: !observation.configMaps(namespace).some((configMap) => holdsRevision(configMap, revision)),
      render: () => renderConfigMap(revision, namespace),
    })),
    envoyFilters: needed.map(({ revision, namespace }) => {
      const rendered = renderEnvoyFilter(revision, namespace);
      const observed = observation
        .envoyFilters(namespace)
        .find(({ metadata }) => metadata.name === rendered.metadata.name);
      return {
        revision,
        namespace,
        write: observed === undefined || !isSameEnvoyFilter(observed, rendered),
        render: () => rendered,
      };
    }),
    workloads: workloads.filter((workload) => workload !== undefined),
  });
}

/** Plans one workload; also used to plan it anew after somebody else has changed it. */
export function planWorkload(
  { ref, observed, revisions }: { ref: WorkloadRef; observed: Workload; revisions: readonly Revision[] },
  request: Pick<DeployRequest, 'run' | 'wait'>,
): Checked<PlannedWorkload> {
  const name = describeWorkload(ref);
  const findings = new Findings();
  const patch = findings.take(patchWorkload(observed, revisions, request.run, name));
  if (patch?.spec !== undefined) findings.add(...rolloutObstacles(ref, observed, request.wait));
  if (!findings.clean) return bad(...findings.problems);
  const before = revisions.flatMap(({ filter }) => {
    const revision = revisionOn(observed, filter);
    return revision === undefined ? [] : [[filter, revision] as const];
  });
  return good({ ref, observed, revisions, patch, before: new Map(before) });
}

/** Why a changed template would never reach the pods. */
function rolloutObstacles(ref: WorkloadRef, { metadata, spec }: Workload, wait: boolean): Problem[] {
  const problem = (message: string, remedy: string): Problem => ({
    kind: 'workload',
    subject: describeWorkload(ref),
    message,
    remedy,
  });
  if (metadata.deletionTimestamp !== undefined) {
    return [problem('is being deleted.', 'Take it out of the target list.')];
  }
  if (spec?.paused === true) {
    return [
      problem(
        'is paused, so no pod would get the filter.',
        `Resume it (kubectl rollout resume -n ${ref.namespace} deployment/${ref.name}).`,
      ),
    ];
  }
  if (spec?.updateStrategy?.type === 'OnDelete' && wait) {
    return [
      problem(
        'has the update strategy OnDelete: its pods are replaced only when somebody deletes them, so the filter cannot be proven.',
        'Use RollingUpdate, or set "wait: false" and replace the pods yourself.',
      ),
    ];
  }
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0 && wait) {
    return [
      problem(
        `has the partition ${partition}: its pods below that ordinal keep the old template, so not every pod would get the filter.`,
        'Set the partition to 0, or set "wait: false" and lower it yourself.',
      ),
    ];
  }
  return [];
}

/** Each revision once per namespace that has a workload with it. */
function revisionsByNamespace(
  workloads: readonly { ref: WorkloadRef; revisions: readonly Revision[] }[],
): { revision: Revision; namespace: string }[] {
  const needed = new Map<string, { revision: Revision; namespace: string }>();
  for (const { ref, revisions } of workloads) {
    for (const revision of revisions) {
      needed.set(`${ref.namespace}/${revisionName(revision)}`, { revision, namespace: ref.namespace });
    }
  }
  return [...needed.values()];
}

/** The rights that the plan's writes need. Server-side apply of an object that is not there needs `create` and `patch`. */
export function neededRights({ configMaps, envoyFilters, workloads }: Plan): Right[] {
  const rights = new Map<string, Right>();
  const add = (resource: Resource, namespace: string, verbs: readonly string[]): void => {
    for (const verb of verbs) rights.set(`${verb} ${resource.plural} ${namespace}`, { verb, resource, namespace });
  };
  for (const { namespace, write } of configMaps) if (write) add(CONFIG_MAP, namespace, ['create', 'patch']);
  for (const { namespace, write } of envoyFilters) if (write) add(ENVOY_FILTER, namespace, ['create', 'patch']);
  for (const { ref, patch } of workloads) if (patch !== undefined) add(WORKLOADS[ref.kind], ref.namespace, ['patch']);
  return [...rights.values()];
}
