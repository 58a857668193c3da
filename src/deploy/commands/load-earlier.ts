import { mapLimited } from '../../base/concurrency.ts';
import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { CONFIG_MAP } from '../../cluster/resources.ts';
import { digestOf, type FilterModule } from '../../filter/module/module.ts';
import { DIGEST_ANNOTATION, FILTER_LABEL, REVISION_LABEL } from '../../mesh/identity/names.ts';
import { type ConfigMap, imageOf } from '../../mesh/objects/config-map.ts';
import type { DeployContext } from '../context.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { Plan } from '../plan/plan.ts';
import type { DeployRequest } from '../request.ts';

/** Modules are up to some tens of MiB each. */
const PARALLEL_MODULES = 2;

/** The request with what a plan of it needs of earlier bytes, and what is to be said of where they came from. */
export interface WithEarlier {
  readonly request: DeployRequest;
  readonly warnings: readonly Warning[];
}

/**
 * Gets the bytes of what tags named before, as far as a plan writes or checks them: a run that changes nothing needs none. Problems
 * are of those that are neither in their registry nor in the cluster.
 */
export async function loadEarlierModules(
  plan: Plan,
  request: DeployRequest,
  snapshot: ClusterSnapshot,
  context: DeployContext,
): Promise<PartialResult<WithEarlier>> {
  const { loadEarlier } = context;
  const needed = neededOf(plan);
  if (needed.length === 0 || loadEarlier === undefined) return partialResult({ request, warnings: [] }, []);
  const namespaces = new Set(plan.workloads.map(({ ref }) => ref.namespace));
  const diagnostics = new Diagnostics();
  const warnings: Warning[] = [];
  const loaded = await context.log.group('Get the bytes that stay', () =>
    mapLimited(needed, PARALLEL_MODULES, async ({ filter, module: wanted }) => {
      const held = (): Promise<Uint8Array | undefined> => heldInCluster(filter, wanted, namespaces, snapshot, context);
      const found = diagnostics.unwrap(await loadEarlier(filter, wanted, held));
      if (found === undefined) return [];
      const { module, whyFromCluster } = found;
      if (whyFromCluster !== undefined) warnings.push(fromCluster(filter, wanted, whyFromCluster));
      context.log.info(`${filter}: ${module.digest}, as its workloads run it.`);
      return [{ filter, module }];
    }),
  );
  const all = loaded.flat();
  const filters = request.filters.map((filter) => {
    const own = all.filter((one) => one.filter === filter.name);
    return own.length === 0
      ? filter
      : { ...filter, earlier: new Map(own.map(({ module }) => [module.digest, module])) };
  });
  return partialResult({ request: { ...request, filters }, warnings }, diagnostics.problems);
}

interface NeededModule {
  readonly filter: string;
  readonly module: FilterModule;
}

/** The earlier modules that are written, or tried once more with other settings, each once. */
function neededOf({ configMaps, filterResources }: Plan): NeededModule[] {
  const written = configMaps.filter(({ write }) => write);
  const pushed = filterResources.filter(({ pushedOver }) => pushedOver !== undefined);
  const needed = [...written, ...pushed]
    .filter(({ earlier }) => earlier)
    .map(({ revision: { filter, module } }): [string, NeededModule] => [
      `${filter} ${module.digest}`,
      { filter, module },
    ]);
  return [...new Map(needed).values()];
}

/** The bytes of a module, from a ConfigMap of its filter that holds them; `undefined` if there is none. */
async function heldInCluster(
  filter: string,
  { digest }: FilterModule,
  namespaces: ReadonlySet<string>,
  snapshot: ClusterSnapshot,
  { client }: DeployContext,
): Promise<Uint8Array | undefined> {
  for (const namespace of namespaces) {
    for (const found of snapshot.configMaps(namespace)) {
      const { labels = {}, annotations = {} } = found.metadata;
      if (labels[FILTER_LABEL] !== filter || annotations[DIGEST_ANNOTATION] !== digest) continue;
      if (imageOf(found) !== undefined) continue;
      const labelSelector = `${FILTER_LABEL}=${filter},${REVISION_LABEL}=${labels[REVISION_LABEL]}`;
      // The permission to list them is what a deployer has.
      const { items } = await client.list<ConfigMap>(CONFIG_MAP, namespace, { labelSelector });
      for (const { binaryData = {} } of items) {
        for (const text of Object.values(binaryData)) {
          const bytes = Buffer.from(text, 'base64');
          if (digestOf(bytes) === digest) return bytes;
        }
      }
    }
  }
  return undefined;
}

function fromCluster(filter: string, { source, digest }: FilterModule, why: string): Warning {
  const image = source?.kind === 'image' ? source.pinned : digest;
  const text = `The bytes that workloads run of ${filter}, ${image}, come from a ConfigMap of the cluster: ${why}. Once it is gone, too, nothing brings them back.`;
  return { topic: 'Earlier image', subject: `filter "${filter}"`, text };
}
