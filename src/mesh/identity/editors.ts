import { isObject, pick } from '../../base/json.ts';
import { listWords } from '../../base/text.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
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

/** Whether this action has written an object at all, as the API server records it; files of `render` are applied by others. */
export function isWrittenByUs({ metadata }: KubernetesObject): boolean {
  return (metadata.managedFields ?? []).some(({ manager }) => manager === OURS);
}

/**
 * Whether somebody else than this action has put a label on a pod template, as the API server records it: `kubectl rollout undo` brings
 * the record of an earlier run back with its template. False where nobody is known to hold the label.
 */
export function isLabelledByOthers({ metadata }: KubernetesObject, label: string): boolean {
  const holders = (metadata.managedFields ?? []).filter(({ fieldsV1 }) =>
    isObject(pick(fieldsV1, 'f:spec', 'f:template', 'f:metadata', 'f:labels', `f:${label}`)),
  );
  return holders.length > 0 && holders.every(({ manager }) => manager !== OURS);
}

/** When this action has last written an object, by the clock of the API server, to the second. */
export function writtenAt({ metadata }: KubernetesObject): Date | undefined {
  const times = (metadata.managedFields ?? []).flatMap(({ manager, time }) =>
    manager === OURS && time !== undefined ? [time] : [],
  );
  const last = times.sort().at(-1) ?? metadata.creationTimestamp;
  return last === undefined ? undefined : new Date(last);
}

/** That an object was edited, and by whom, as a clause. */
export function describeEdit(name: string, object: KubernetesObject): string {
  const editors = editorsOf(object);
  return `${name} was edited${editors.length === 0 ? '' : ` by ${listWords(editors, 'and')}`}`;
}

/** The same, only where it is known who it was. */
export function describeEditors(name: string, object: KubernetesObject): string[] {
  return editorsOf(object).length === 0 ? [] : [describeEdit(name, object)];
}

/** Fields that are not told may be any. */
function holdsOurs(fields: unknown): boolean {
  if (!isObject(fields) || 'f:spec' in fields) return true;
  const metadata = fields['f:metadata'];
  const labels = isObject(metadata) ? metadata['f:labels'] : undefined;
  return isObject(labels) && OUR_LABELS.some((label) => `f:${label}` in labels);
}
