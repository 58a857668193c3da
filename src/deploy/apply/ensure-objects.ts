import { CONFIG_MAP, type Resource } from '../../cluster/resources.ts';
import { isMarked, OWNED_SELECTOR } from '../../mesh/identity/names.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { FILTER_RESOURCES, type FilterResource, resourceOf } from '../../mesh/objects/filter-resource.ts';
import type { Plan, PlannedObject, PlannedWorkload } from '../plan/plan.ts';
import { writeObject } from './objects.ts';
import type { WriteContext } from './workload.ts';

/**
 * Makes a function to call after a workload was patched: once per namespace, it looks whether the objects that its pods need
 * are still there. A run that collects garbage may have looked at the pod templates just before; see `collectGarbage`.
 */
export function makeEnsurer(plan: Plan, context: WriteContext): (planned: PlannedWorkload) => Promise<void> {
  const looked = new Map<string, Promise<void>>();
  return ({ ref: { namespace }, revisions }) => {
    if (revisions.length === 0) return Promise.resolve();
    const known = looked.get(namespace);
    if (known !== undefined) return known;
    // A look that fails says nothing; pods that lack their file show it themselves.
    const look = ensureIn(namespace, plan, context).catch(() => undefined);
    looked.set(namespace, look);
    return look;
  };
}

/** Looks at all of them at once, and writes as the run itself does: no proxy is told of a file before its ConfigMap is there. */
async function ensureIn(namespace: string, plan: Plan, context: WriteContext): Promise<void> {
  const [configMaps, ...filterResources] = await Promise.all([
    lostOf(CONFIG_MAP, namespace, plan.configMaps, context),
    ...Object.values(FILTER_RESOURCES).map((resource) => {
      const planned = plan.filterResources.filter(({ podRevision }) => resourceOf(podRevision) === resource);
      return lostOf(resource, namespace, planned, context);
    }),
  ]);
  for (const write of [...configMaps, ...filterResources.flat()]) await write();
}

/** The writes of those objects that are not there any more, or are marked to be deleted. Nothing is asked where none is needed. */
async function lostOf<T extends ConfigMap | FilterResource>(
  resource: Resource,
  namespace: string,
  planned: readonly PlannedObject<T>[],
  context: WriteContext,
): Promise<(() => Promise<unknown>)[]> {
  const needed = planned.filter((object) => object.namespace === namespace);
  if (needed.length === 0) return [];
  const { items } = await context.client.listMetadata(resource, namespace, { labelSelector: OWNED_SELECTOR });
  return needed.flatMap((object) => {
    const found = items.find(({ metadata }) => metadata.name === revisionName(object.podRevision));
    const marked = isMarked(found);
    if (found !== undefined && !marked) return [];
    return [() => writeObject(resource, { ...object, write: true, exists: found !== undefined, marked }, context)];
  });
}
