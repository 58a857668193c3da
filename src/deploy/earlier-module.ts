import type { Result } from '../base/problem.ts';
import type { FilterModule } from '../filter/module/module.ts';

/** What a tag named before and workloads keep, once its bytes are here. */
export interface EarlierModule {
  readonly module: FilterModule;
  /** Why its bytes are those of a ConfigMap, as a clause; omitted where the registry still has them. */
  readonly whyFromCluster?: string;
}

/**
 * Gets the bytes of what an image was, by its digest, with everything that its filter asks of them. `wanted` says what they have to be;
 * `held` reads them from the cluster, where the registry does not have them any more.
 */
export type LoadEarlier = (
  filter: string,
  wanted: FilterModule,
  held: () => Promise<Uint8Array | undefined>,
) => Promise<Result<EarlierModule>>;
