/** Checks of `metadata` (k8s.io/apimachinery/pkg/api/validation/objectmeta.go). */
import type { ObjectMeta } from '../objects.ts';
import type { Resource } from '../resources.ts';
import { type FieldError, forbiddenField, invalidValue, requiredField, tooLongField } from '../status-error.ts';
import { labelKeyErrors, labelNameErrors, labelValueErrors, segmentErrors, subdomainErrors } from './names.ts';

/** Annotations of one object may not be larger than this in total, keys included. */
export const ANNOTATIONS_LIMIT = 256 * 1024;

const NAME_CHECKS = { subdomain: subdomainErrors, label: labelNameErrors, segment: segmentErrors } as const;

/** Problems of labels at a field. */
export function labelErrors(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const message of labelKeyErrors(key)) errors.push(invalidValue(field, key, message));
    for (const message of labelValueErrors(value)) errors.push(invalidValue(field, value, message));
  }
  return errors;
}

/** Problems of annotations at a field. */
export function annotationErrors(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const message of labelKeyErrors(key.toLowerCase())) errors.push(invalidValue(field, key, message));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > ANNOTATIONS_LIMIT) errors.push(tooLongField(field, ANNOTATIONS_LIMIT));
  return errors;
}

/** Problems of the metadata of an object that is about to be written. */
export function metadataErrors(resource: Resource, metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const prefix = metadata.generateName ?? '';
  // A trailing dash is fine in a prefix: characters follow.
  for (const message of prefix === '' ? [] : NAME_CHECKS[resource.nameRule](prefix.replace(/-$/, 'a'))) {
    errors.push(invalidValue('metadata.generateName', prefix, message));
  }
  if (metadata.name === '' || metadata.name === undefined) {
    errors.push(requiredField('metadata.name', 'name or generateName is required'));
  } else {
    for (const message of NAME_CHECKS[resource.nameRule](metadata.name)) {
      errors.push(invalidValue('metadata.name', metadata.name, message));
    }
  }
  errors.push(...labelErrors(metadata.labels, 'metadata.labels'));
  errors.push(...annotationErrors(metadata.annotations, 'metadata.annotations'));
  for (const finalizer of metadata.finalizers ?? []) {
    for (const message of labelKeyErrors(finalizer))
      errors.push(invalidValue('metadata.finalizers', finalizer, message));
  }
  for (const owner of metadata.ownerReferences ?? []) {
    const field = 'metadata.ownerReferences';
    if (!owner.apiVersion) errors.push(invalidValue(`${field}.apiVersion`, '', 'version must not be empty'));
    for (const key of ['kind', 'name', 'uid'] as const) {
      if (!owner[key]) errors.push(invalidValue(`${field}.${key}`, '', 'must not be empty'));
    }
  }
  return errors;
}

/** Problems of what an update changes in the metadata. */
export function metadataUpdateErrors(before: ObjectMeta, after: ObjectMeta): FieldError[] {
  if (before.deletionTimestamp === undefined) return [];
  const extra = (after.finalizers ?? []).filter((finalizer) => !(before.finalizers ?? []).includes(finalizer));
  if (extra.length === 0) return [];
  const shown = `[]string{${extra.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`;
  const why = 'no new finalizers can be added if the object is being deleted, found new finalizers';
  return [forbiddenField('metadata.finalizers', `${why} ${shown}`)];
}
