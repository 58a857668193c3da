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

async function ensureIn(namespace: string, plan: Plan, context: WriteContext): Promise<void> {
  const looks = Object.values(FILTER_RESOURCES).map((resource) => {
    const filterResources = plan.filterResources.filter(({ podRevision }) => resourceOf(podRevision) === resource);
    return filterResources.length > 0 && ensure(resource, namespace, filterResources, context);
  });
  await Promise.all([ensure(CONFIG_MAP, namespace, plan.configMaps, context), ...looks]);
}

async function ensure<T extends ConfigMap | FilterResource>(
  resource: Resource,
  namespace: string,
  planned: readonly PlannedObject<T>[],
  context: WriteContext,
): Promise<void> {
  const needed = planned.filter((object) => object.namespace === namespace);
  const { items } = await context.client.listMetadata(resource, namespace, { labelSelector: OWNED_SELECTOR });
  for (const object of needed) {
    const found = items.find(({ metadata }) => metadata.name === revisionName(object.podRevision));
    const marked = isMarked(found);
    if (found === undefined || marked) {
      await writeObject(resource, { ...object, write: true, exists: found !== undefined, marked }, context);
    }
  }
}
