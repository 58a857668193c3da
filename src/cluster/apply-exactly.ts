import { mergePatchTo, sameJson } from '../base/json.ts';
import type { ApplyOptions, Client, Written } from './client.ts';
import type { KubernetesObject } from './objects.ts';
import type { Resource } from './resources.ts';

/**
 * Makes an object, or brings it to just the spec that is wanted: server-side apply leaves fields that others have added, by force
 * too, so they are taken out afterwards. @throws ApiError
 */
export async function applyExactly<T extends KubernetesObject & { readonly spec?: unknown }>(
  client: Client,
  resource: Resource,
  namespace: string,
  wanted: T,
  options: ApplyOptions,
): Promise<Written<T>> {
  const written = await client.apply<T>(resource, namespace, wanted, options);
  if (options.dryRun === true || !('spec' in wanted) || sameJson(written.object.spec, wanted.spec)) return written;
  const spec = mergePatchTo(written.object.spec, wanted.spec);
  const repaired = await client.mergePatch<T>(resource, namespace, wanted.metadata.name, { spec });
  return { object: repaired.object, warnings: [...written.warnings, ...repaired.warnings] };
}
