import { mapLimited } from '../../base/concurrency.ts';
import { applyExactly } from '../../cluster/apply-exactly.ts';
import { CONFIG_MAP, type Resource } from '../../cluster/resources.ts';
import { GARBAGE_ANNOTATION } from '../../mesh/identity/names.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import { type ConfigMap, withBytes } from '../../mesh/objects/config-map.ts';
import { type FilterResource, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { keepAdmission } from '../kinds/admission-warnings.ts';
import { objectKey, type Plan, type PlannedObject } from '../plan/plan.ts';
import { PARALLEL_WRITES, type WriteContext, type WriteResult } from './workload.ts';
import { writeProblem } from './write-problem.ts';

/** What happened to the shared objects, by namespace and name: `shop/add-header-0123456789`. */
export interface WrittenObjects {
  readonly configMaps: ReadonlyMap<string, WriteResult>;
  readonly filterResources: ReadonlyMap<string, WriteResult>;
}

/**
 * Writes the ConfigMaps, then the filter resources. No filter resource is written unless every ConfigMap is there, so no proxy is
 * told to read a file that it cannot get. Those whose settings are pushed into running pods are left to `pushSettings`.
 */
export async function writeObjects(plan: Plan, context: WriteContext): Promise<WrittenObjects> {
  const configMaps = await writeAll(() => CONFIG_MAP, plan.configMaps, false, context);
  const filterResources = await writeAll(
    ({ podRevision }) => resourceOf(podRevision),
    plan.filterResources.filter(({ pushedOver }) => pushedOver === undefined),
    anyFailed(configMaps),
    context,
  );
  return { configMaps, filterResources };
}

/** Whether an object that others need is not there. */
export function anyFailed(results: ReadonlyMap<string, WriteResult>): boolean {
  return [...results.values()].some(({ state }) => state === 'failed' || state === 'skipped');
}

async function writeAll<T extends ConfigMap | FilterResource>(
  resource: (object: PlannedObject<T>) => Resource,
  planned: readonly PlannedObject<T>[],
  blocked: boolean,
  context: WriteContext,
): Promise<Map<string, WriteResult>> {
  const results = await mapLimited(planned, PARALLEL_WRITES, async (object): Promise<[string, WriteResult]> => {
    const skipped = object.write && (blocked || context.signal.aborted);
    return [
      objectKey(object.namespace, object.podRevision),
      skipped ? { state: 'skipped' } : await writeObject(resource(object), object, context),
    ];
  });
  return new Map(results);
}

/**
 * Writes one object if it has to be. An object of this action that others have edited is repaired by force: it is a revision's,
 * so nobody else has a say in what it holds; one that is not ours is never overwritten.
 */
export async function writeObject<T extends ConfigMap | FilterResource>(
  resource: Resource,
  { write, marked, exists, namespace, podRevision, render }: PlannedObject<T>,
  { client, warnings, onWritten }: WriteContext,
): Promise<WriteResult> {
  if (!write) return { state: 'unchanged' };
  const name = `${resource.kind} ${objectKey(namespace, podRevision)}`;
  try {
    if (marked) await unmark(resource, namespace, revisionName(podRevision), client);
    const wanted = withBytes(render());
    const written = await applyExactly(client, resource, namespace, wanted, { force: exists });
    keepAdmission(written.warnings, warnings);
    onWritten(`${name} applied`);
    return { state: 'done' };
  } catch (error) {
    return { state: 'failed', problem: writeProblem(error, name) };
  }
}

/** Takes away the mark of a run that means to delete an object, so that its conditional deletion fails. */
export async function unmark(
  resource: Resource,
  namespace: string,
  name: string,
  client: WriteContext['client'],
): Promise<void> {
  await client.mergePatch(resource, namespace, name, { metadata: { annotations: { [GARBAGE_ANNOTATION]: null } } });
}
