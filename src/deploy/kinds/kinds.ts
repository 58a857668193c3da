import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import { type KindName, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { TargetKind } from './kind.ts';
import { KINDS } from './list.ts';

/** The names of the kinds, for the parser of target lists. */
export const KIND_NAMES: readonly KindName[] = KINDS.map(({ resource, shortNames, selectedByDefault }) => ({
  ...resource,
  shortNames,
  selectedByDefault,
}));

/** The kinds whose objects have to be listed to know what runs a filter; the others are named by plugins. */
export const TEMPLATE_KINDS: readonly TargetKind[] = KINDS.filter(({ binding }) => !binding.inPlace);

const BY_NAME: ReadonlyMap<string, TargetKind> = new Map(KINDS.map((kind) => [kind.resource.kind, kind]));

/** Returns what a run has to know of the kind of a target. @throws Error for a kind that the parser of target lists does not know */
export function targetKind({ kind }: Pick<WorkloadRef, 'kind'>): TargetKind {
  const found = BY_NAME.get(kind);
  if (found === undefined) throw new Error(`${kind} is no kind of target`);
  return found;
}

/** Returns the objects of a kind in a namespace: none where the cluster does not know the kind. @throws ApiError */
export async function listIfInstalled(
  client: Client,
  { resource, notInstalled }: TargetKind,
  namespace: string,
): Promise<readonly Workload[]> {
  try {
    return (await client.list<Workload>(resource, namespace)).items;
  } catch (error) {
    if (notInstalled !== undefined && isApiError(error, 404)) return [];
    throw error;
  }
}

/** Returns where the rollout of a target stands. */
export function readinessOf(ref: Pick<WorkloadRef, 'kind'>, workload: Workload): Readiness {
  return targetKind(ref).readiness(workload);
}

/** The workload that a pod belongs to. */
export type PodOwner = Pick<WorkloadRef, 'kind' | 'name'>;

/** Returns the workload that a pod belongs to; `undefined` if none made it whose kind may be a target. */
export function ownerOf(pod: Pod): PodOwner | undefined {
  return ownersIn(pod, TEMPLATE_KINDS)[0];
}

/** Returns the targets that a pod of a namespace is one of, by `workloadKey`: the workload that made it, and a Gateway. */
export function targetsOf(pod: Pod, namespace: string): string[] {
  return ownersIn(pod, KINDS).map((owner) => workloadKey({ ...owner, namespace }));
}

/** Whether a pod of a target's namespace is one of the target's. */
export function belongsTo(pod: Pod, ref: WorkloadRef): boolean {
  return targetKind(ref).ownerOf(pod) === ref.name;
}

function ownersIn(pod: Pod, kinds: readonly TargetKind[]): PodOwner[] {
  return kinds.flatMap(({ resource: { kind }, ownerOf: nameOf }) => {
    const name = nameOf(pod);
    return name === undefined ? [] : [{ kind, name }];
  });
}
