import { CONFIG_MAP, ENVOY_FILTER } from '../../cluster/resources.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import { kindOf, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { Plan, PlannedWorkload } from '../plan/plan.ts';
import { type PlanPart, partDigest } from '../plan-digest.ts';
import { hasOutcome } from './outcome-of-write.ts';
import { expiryPart, withoutRun, writePart } from './plan-parts.ts';

/** The parts of a reviewed plan that are done, by what they are about. */
export interface DoneParts {
  readonly parts: ReadonlySet<PlanPart>;
  /** Whether pods of a workload were to be replaced, and are. */
  readonly hasPods: boolean;
}

/**
 * Returns which of the parts that a plan does not have any more are done, as is seen in the cluster: the object is there with the
 * content that was to be written, or is gone if it was to be deleted; the workload is a target as before, and has the revisions that it
 * was to get. What is not seen to be done is not in the answer, whatever else became of it.
 */
export function doneParts(
  { plan, snapshot }: { readonly plan: Plan; readonly snapshot: ClusterSnapshot },
  missing: readonly PlanPart[],
): DoneParts {
  const written = writtenDigests(plan, snapshot);
  const gone = goneIn(plan, snapshot);
  const settled = settledWorkloads(plan, snapshot);
  const outcomeOf = (part: PlanPart): SettledWorkload | undefined => settled.find((one) => hasOutcome(one, part));
  const isWrite = ({ what }: PlanPart): boolean => WRITES.some((action) => what.startsWith(action));

  const done = new Set<PlanPart>();
  const names = new Map<string, SettledWorkload>();
  for (const part of missing.filter(isWrite)) {
    const { what, digest } = part;
    const workload = part.shown === undefined ? undefined : outcomeOf(part);
    if (workload !== undefined) names.set(describeWorkload(workload.ref), workload);
    if (workload !== undefined || written(what) === digest || (what.startsWith(DELETE) && gone(what))) {
      done.add(part);
    }
  }
  // What else there is of a workload is done with the write to it.
  const pods = missing.filter(({ what }) => {
    const name = PODS.flatMap((start) => (what.startsWith(start) ? [what.slice(start.length)] : []))[0];
    return name !== undefined && names.has(name);
  });
  const expiries = new Map(
    [...names.values()].flatMap(({ ref, revisions }) =>
      revisions.map(({ revision, expiresMs }) => [expiryPart(revision.filter, ref), partDigest(expiresMs)] as const),
    ),
  );
  for (const part of missing) if (expiries.get(part.what) === part.digest) done.add(part);
  for (const part of pods) done.add(part);
  return { parts: done, hasPods: pods.length > 0 };
}

const DELETE = 'delete ';
const WRITES = ['create ', 'change ', DELETE];
const PODS = ['restart ', 'change in place '];

type SettledWorkload = Pick<PlannedWorkload, 'ref' | 'revisions' | 'observed'>;

/** The workloads that need no change: the targets, and those that have lost their filters because they are none any more. */
function settledWorkloads({ workloads }: Plan, snapshot: ClusterSnapshot): SettledWorkload[] {
  const planned = new Set(workloads.map(({ ref }) => workloadKey(ref)));
  const others = namespacesOf({ workloads }).flatMap((namespace) => snapshot.workloads(namespace));
  return [
    ...workloads.filter(({ patch }) => patch === undefined),
    ...others
      .filter(({ ref }) => !planned.has(workloadKey(ref)))
      .map(({ ref, workload }) => ({ ref, revisions: [], observed: workload })),
  ];
}

/** Returns what gives the digest of a part that wrote an object as it is now; `undefined` for an object that is not as planned. */
function writtenDigests(plan: Plan, snapshot: ClusterSnapshot): (what: string) => string | undefined {
  const contents = new Map<string, () => unknown>();
  const add = (kind: string, namespace: string, name: string, content: () => unknown): void => {
    for (const action of ['create', 'change'] as const)
      contents.set(writePart({ action, kind, namespace, name }), content);
  };
  for (const namespace of namespacesOf(plan)) {
    for (const { metadata, spec } of snapshot.foreignEnvoyFilters(namespace)) {
      add(ENVOY_FILTER.kind, namespace, metadata.name, () => ({ spec: { configPatches: spec.configPatches } }));
    }
  }
  for (const { write, namespace, podRevision, render } of plan.configMaps) {
    if (!write) add(CONFIG_MAP.kind, namespace, revisionName(podRevision), render);
  }
  for (const { write, namespace, podRevision, render } of plan.filterResources) {
    if (!write) add(resourceOf(podRevision).kind, namespace, revisionName(podRevision), () => render());
  }
  return (what) => {
    const content = contents.get(what);
    return content && partDigest(withoutRun(content()));
  };
}

/** Returns what tells whether an object that a part was to delete is gone, of a namespace that was looked at. */
function goneIn(plan: Plan, snapshot: ClusterSnapshot): (what: string) => boolean {
  const namespaces = namespacesOf(plan);
  const there = new Set(
    namespaces.flatMap((namespace) => [
      ...snapshot.configMaps(namespace).map(({ metadata }) => `${CONFIG_MAP.kind} ${namespace}/${metadata.name}`),
      ...snapshot.filterResources(namespace).map((one) => `${kindOf(one)} ${namespace}/${one.metadata.name}`),
      ...snapshot
        .foreignEnvoyFilters(namespace)
        .map(({ metadata }) => `${ENVOY_FILTER.kind} ${namespace}/${metadata.name}`),
    ]),
  );
  return (what) => {
    const object = what.slice(DELETE.length);
    return namespaces.some((namespace) => object.includes(` ${namespace}/`)) && !there.has(object);
  };
}

function namespacesOf({ workloads }: Pick<Plan, 'workloads'>): string[] {
  return [...new Set(workloads.map(({ ref }) => ref.namespace))];
}
