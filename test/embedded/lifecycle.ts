/** What every object goes through before it is stored: identity, system fields, generation, checks (apiserver: pkg/registry/rest). */
import { randomBytes, randomUUID } from 'node:crypto';
import { applyDefaults } from './defaults.ts';
import { type KubeObject, timestamp } from './objects.ts';
import { groupVersion, type Resource } from './resources.ts';
import { badRequest, conflict, invalid, invalidValue, MODIFIED } from './status-error.ts';
import { nextGeneration, prepareForCreate, prepareForUpdate } from './strategy.ts';
import { validationErrors } from './validation/index.ts';
import { typeFault } from './validation/shape.ts';

const NAME_CHARS = 'bcdfghjklmnpqrstvwxz2456789';

/** A random suffix as `metadata.generateName` gets it. */
export function nameSuffix(): string {
  return [...randomBytes(5)].map((byte) => NAME_CHARS[byte % NAME_CHARS.length]).join('');
}

/** The body has to be of the resource's kind and of the name and namespace in the path. */
export function checkIdentity(
  resource: Resource,
  namespace: string,
  name: string | undefined,
  object: KubeObject,
): void {
  const expected = groupVersion(resource);
  if (object.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${object.apiVersion ?? ''}) does not match the expected API version (${expected})`,
    );
  }
  if (object.kind !== resource.kind) {
    throw badRequest(
      `${object.kind ?? ''} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`,
    );
  }
  const given = object.metadata.namespace;
  if (resource.namespaced && given !== undefined && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const givenName = object.metadata.name;
  if (name !== undefined && givenName !== undefined && givenName !== '' && givenName !== name) {
    throw badRequest(`the name of the object (${givenName}) does not match the name on the URL (${name})`);
  }
  const fault = typeFault(resource, object);
  if (fault !== undefined) {
    throw badRequest(
      `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: ${fault}`,
    );
  }
}

/** System fields, first status, defaults and checks of a new object. */
export function newObject(resource: Resource, namespace: string, object: KubeObject): KubeObject {
  const metadata = object.metadata;
  if ((metadata.name ?? '') === '' && metadata.generateName !== undefined)
    metadata.name = metadata.generateName + nameSuffix();
  for (const key of ['resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const)
    delete metadata[key];
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp();
  if (resource.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  if (resource.generation) metadata.generation = 1;
  prepareForCreate(resource, object);
  applyDefaults(resource, object);
  const errors = validationErrors(resource, object);
  if (errors.length > 0) throw invalid(resource.group, resource.kind, metadata.name ?? '', errors);
  return object;
}

/** The updated object with the fields a client cannot change put back, its generation counted and its content checked. */
export function nextObject(resource: Resource, changed: KubeObject, live: KubeObject, subresource: string): KubeObject {
  const name = live.metadata.name;
  const version = changed.metadata.resourceVersion ?? '';
  if (version === '' && resource.custom) {
    throw invalid(resource.group, resource.kind, name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  const uid = changed.metadata.uid;
  if (uid !== undefined && uid !== live.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
    );
  }
  if (version !== '' && version !== live.metadata.resourceVersion) throw conflict(resource, name, MODIFIED);
  const prepared = prepareForUpdate(resource, changed, live, subresource);
  const next: KubeObject = { ...prepared, metadata: { ...prepared.metadata, name } };
  const system = [
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'resourceVersion',
  ] as const;
  for (const key of system) {
    const value = live.metadata[key];
    if (value === undefined) delete next.metadata[key];
    else Object.assign(next.metadata, { [key]: value });
  }
  if (subresource === '') applyDefaults(resource, next);
  const generation = subresource === 'status' ? live.metadata.generation : nextGeneration(resource, next, live);
  if (generation === undefined) delete next.metadata.generation;
  else next.metadata.generation = generation;
  const errors = validationErrors(resource, next, live);
  if (errors.length > 0) throw invalid(resource.group, resource.kind, name, errors);
  return next;
}
