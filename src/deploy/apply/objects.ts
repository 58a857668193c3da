import { mapLimited } from '../../base/concurrency.ts';
import { applyExactly } from '../../cluster/apply-exactly.ts';
import { CONFIG_MAP, type Resource } from '../../cluster/resources.ts';
import { GARBAGE_ANNOTATION } from '../../mesh/identity/names.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { type Inserter, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { keepWarnings } from '../kinds/admission-warnings.ts';
import { objectKey, type Plan, type PlannedObject } from '../plan/plan.ts';
import { PARALLEL_WRITES, type WriteContext, type WriteResult } from './workload.ts';
import { writeProblem } from './write-problem.ts';

/** What became of the shared objects, by namespace and name: `shop/add-header-0123456789`. */
export interface WrittenObjects {
  readonly configMaps: ReadonlyMap<string, WriteResult>;
  readonly inserters: ReadonlyMap<string, WriteResult>;
}

/**
 * Writes the ConfigMaps, then the inserters. No inserter is written unless every ConfigMap is there, so no proxy is told
 * to read a file that it cannot get. Those whose settings are pushed into running pods are left to `pushSettings`.
 */
export async function writeObjects(plan: Plan, context: WriteContext): Promise<WrittenObjects> {
  const configMaps = await writeAll(() => CONFIG_MAP, plan.configMaps, false, context);
  const inserters = await writeAll(
    ({ carrier }) => resourceOf(carrier),
    plan.inserters.filter(({ pushedOver }) => pushedOver === undefined),
    anyFailed(configMaps),
    context,
  );
  return { configMaps, inserters };
}

/** Whether an object that others need is not there. */
export function anyFailed(results: ReadonlyMap<string, WriteResult>): boolean {
  return [...results.values()].some(({ state }) => state === 'failed' || state === 'skipped');
}

async function writeAll<T extends ConfigMap | Inserter>(
  of: (object: PlannedObject<T>) => Resource,
  planned: readonly PlannedObject<T>[],
  blocked: boolean,
  context: WriteContext,
): Promise<Map<string, WriteResult>> {
  const results = await mapLimited(planned, PARALLEL_WRITES, async (object): Promise<[string, WriteResult]> => {
    const skipped = object.write && (blocked || context.signal.aborted);
    return [
      objectKey(object.namespace, object.carrier),
      skipped ? { state: 'skipped' } : await writeObject(of(object), object, context),
    ];
  });
  return new Map(results);
}

/**
 * Writes one object if it has to be. An object of ours that others have edited is put right by force: it is a revision's, so
 * nobody else has a say in what it holds; one that is not ours is never overwritten.
 */
export async function writeObject<T extends ConfigMap | Inserter>(
  of: Resource,
  { write, marked, exists, namespace, carrier, render }: PlannedObject<T>,
  { client, warnings, onWritten }: WriteContext,
): Promise<WriteResult> {
  if (!write) return { state: 'unchanged' };
  const name = `${of.kind} ${objectKey(namespace, carrier)}`;
  try {
    if (marked) await unmark(of, namespace, revisionName(carrier), client);
    const wanted = render();
    const written = await applyExactly(client, of, namespace, wanted, { force: exists });
    keepWarnings(written.warnings, warnings);
    onWritten(`${name} applied`);
    return { state: 'done' };
  } catch (error) {
    return { state: 'failed', problem: writeProblem(error, name) };
  }
}

/** Takes away the mark of a run that means to delete an object, so that its conditional deletion fails. */
export async function unmark(
  of: Resource,
  namespace: string,
  name: string,
  client: WriteContext['client'],
): Promise<void> {
  await client.mergePatch(of, namespace, name, { metadata: { annotations: { [GARBAGE_ANNOTATION]: null } } });
}
