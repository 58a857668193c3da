import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import type { EarlierProgress } from '../../cluster/progress.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import { type KindName, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { TargetKind } from './kind.ts';
import { KINDS } from './list.ts';

/** The kinds of a run, and what is made of them once. */
interface Catalogue {
  readonly all: readonly TargetKind[];
  readonly ofTemplates: readonly TargetKind[];
  readonly names: readonly KindName[];
  readonly byName: ReadonlyMap<string, TargetKind>;
}

let catalogue = catalogueOf(KINDS);

/**
 * Makes these the kinds of targets that there are, in the order in which messages list them. A run is handed them from outside and
 * calls this before anything else: a process has one run.
 */
export function useKinds(kinds: readonly TargetKind[]): void {
  catalogue = catalogueOf(kinds);
}

/** Kinds are told apart by their names alone, in target lists and everywhere. @throws Error for two of one name */
function catalogueOf(all: readonly TargetKind[]): Catalogue {
  const byName = new Map(all.map((kind) => [kind.resource.kind, kind]));
  if (byName.size < all.length) throw new Error('two kinds of targets have the same name');
  return {
    all,
    ofTemplates: all.filter(({ binding }) => !binding.inPlace),
    names: all.map(({ resource, shortNames, selectedByDefault }) => ({ ...resource, shortNames, selectedByDefault })),
    byName,
  };
}

/** Returns the kinds that a target may be of. */
export function targetKinds(): readonly TargetKind[] {
  return catalogue.all;
}

/** Returns the kinds whose objects have to be listed to know what runs a filter; the others are named by plugins. */
export function templateKinds(): readonly TargetKind[] {
  return catalogue.ofTemplates;
}

/** Returns the names of the kinds, for the parser of target lists. */
export function kindNames(): readonly KindName[] {
  return catalogue.names;
}

/** Returns what a run has to know of the kind of a target. @throws Error for a kind that the parser of target lists does not know */
export function targetKind({ kind }: Pick<WorkloadRef, 'kind'>): TargetKind {
  const found = catalogue.byName.get(kind);
  if (found === undefined) throw new Error(`${kind} is no kind of target`);
  return found;
}

/**
 * Returns the objects of a kind in a namespace: none where the cluster does not know the kind. An API server rejects what nobody has
 * granted before it looks whether there is such a thing. @throws ApiError
 */
export async function listIfInstalled(
  client: Client,
  { resource, notInstalled }: TargetKind,
  namespace: string,
): Promise<readonly Workload[]> {
  try {
    return (await client.list<Workload>(resource, namespace)).items;
  } catch (error) {
    if (notInstalled !== undefined && isApiError(error, 404)) return [];
    if (notInstalled !== undefined && isApiError(error, 403) && !(await client.serves(resource))) return [];
    throw error;
  }
}

/** Returns the kinds with a pod template that the cluster has; one of which it does not tell counts as there. */
export async function installedKinds(client: Client): Promise<readonly TargetKind[]> {
  const kinds = templateKinds();
  const served = await Promise.all(
    // What is wrong with the server is said of the requests that the run is for.
    kinds.map(({ resource, notInstalled }) => notInstalled === undefined || client.serves(resource).catch(() => true)),
  );
  return kinds.filter((_, index) => served[index]);
}

/** Returns where the rollout of a target stands; `earlier` is what `TargetKind.readiness` calls so. */
export function readinessOf(ref: Pick<WorkloadRef, 'kind'>, workload: Workload, earlier?: EarlierProgress): Readiness {
  return targetKind(ref).readiness(workload, earlier);
}

/** The workload that a pod belongs to. */
export type PodOwner = Pick<WorkloadRef, 'kind' | 'name'>;

/** Returns the workload that a pod belongs to; `undefined` if none made it whose kind may be a target. */
export function ownerOf(pod: Pod): PodOwner | undefined {
  return ownersIn(pod, templateKinds())[0];
}

/** Returns the targets that a pod of a namespace is one of, by `workloadKey`: the workload that made it, and a Gateway. */
export function targetKeysOf(pod: Pod, namespace: string): string[] {
  return ownersIn(pod, targetKinds()).map((owner) => workloadKey({ ...owner, namespace }));
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
