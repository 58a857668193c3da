import { isObject } from '../base/json.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { ownedLabels } from './names.ts';

/** Our field manager; whoever else has written what is ours of an object has edited it. */
const OURS = 'deploy-wasm-filter';
const OUR_LABELS = Object.keys(ownedLabels('', ''));

/**
 * Who, besides this action, holds fields of an object that are ours to say, its spec and our labels: `kubectl-edit`, by the names
 * that the API server records. Other labels and annotations, and a status, are others' business.
 */
export function editorsOf({ metadata }: KubernetesObject): string[] {
  const managers = (metadata.managedFields ?? []).flatMap(({ manager, fieldsV1 }) =>
    manager === undefined || !holdsOurs(fieldsV1) ? [] : manager,
  );
  return [...new Set(managers.filter((manager) => manager !== OURS))].sort();
}

/** Fields that are not told may be any. */
function holdsOurs(fields: unknown): boolean {
  if (!isObject(fields) || 'f:spec' in fields) return true;
  const metadata = fields['f:metadata'];
  const labels = isObject(metadata) ? metadata['f:labels'] : undefined;
  return isObject(labels) && OUR_LABELS.some((label) => `f:${label}` in labels);
}
