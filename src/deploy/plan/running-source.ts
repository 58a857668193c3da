import { DIGEST_ANNOTATION } from '../../mesh/identity/names.ts';
import { parseSource, parseSourceText, type RecordedSource } from '../../mesh/identity/source.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import { mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type ClusterSnapshot, type ObservedFilter, type RevisionObjects, settingsIn } from '../observe/snapshot.ts';

/**
 * Where what a workload runs of a filter came from: `none`: it has no such filter; `elsewhere`: no registry; `unknown`: it has the
 * filter, but its ConfigMap is gone and nothing else tells.
 */
export type RunningSource =
  | { readonly state: 'none' }
  | { readonly state: 'elsewhere'; readonly digest: string | undefined }
  | { readonly state: 'unknown'; readonly revision: string }
  | ({ readonly state: 'known' } & ImageSource);

/** An image that a workload runs a filter of. */
export interface ImageSource extends RecordedSource {
  /** Digest of the filter as it was delivered. */
  readonly digest: string;
  /** Whether its proxies pull it. */
  readonly pulled: boolean;
}

/**
 * Returns where what a workload runs of a filter came from. Its own record says it, else the ConfigMap of what its pods carry; where
 * somebody has changed its label, that of the revision which is recorded.
 */
export function runningSource(current: ObservedFilter, snapshot: Pick<ClusterSnapshot, 'objectsOf'>): RunningSource {
  const { id, recorded, configMap, filter, ref } = current;
  const isCarried = id !== undefined && (configMap !== undefined || recorded?.revision === id);
  const revision = isCarried ? id : (recorded?.revision ?? id);
  if (revision === undefined) return { state: 'none' };
  const objects = isCarried ? current : snapshot.objectsOf(ref.namespace, { filter, id: revision });
  const own = recorded?.revision === revision ? parseSourceText(recorded.source) : undefined;
  const source = own ?? (objects.configMap && parseSource(objects.configMap));
  const digest = (own && recorded?.digest) ?? objects.configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
  if (source !== undefined && digest !== undefined) {
    return { state: 'known', ...source, digest, pulled: isPulled(current, objects) };
  }
  if (objects.configMap !== undefined) return { state: 'elsewhere', digest };
  return { state: 'unknown', revision: settingsIn(objects, revision) };
}

function isPulled({ filter, ref, workload }: ObservedFilter, { configMap, filterResource }: RevisionObjects): boolean {
  if (configMap !== undefined) return imageOf(configMap) !== undefined;
  if (targetKind(ref).binding.needsImage) return true;
  if (filterResource !== undefined) return isPlugin(filterResource);
  return mountedAt(workload.spec?.template ?? {}, filter) === undefined;
}
