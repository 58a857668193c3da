/** `SelfSubjectAccessReview`: may the caller do this? */
import type { User } from './authn.ts';
import { isObject, type Json, type JsonObject, objectAt, stringAt } from './json.ts';
import type { Rbac } from './rbac.ts';
import { badRequest } from './status-error.ts';

/** The review with its status filled in. */
export function reviewAccess(rbac: Rbac, user: User, body: Json): JsonObject {
  const spec = objectAt(body, 'spec');
  const resource = spec.resourceAttributes;
  const nonResource = spec.nonResourceAttributes;
  if (!isObject(resource) && !isObject(nonResource)) {
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified');
  }
  const decision = rbac.authorize(
    user,
    isObject(resource)
      ? {
          verb: stringAt(resource, 'verb'),
          group: stringAt(resource, 'group'),
          resource: stringAt(resource, 'resource'),
          subresource: stringAt(resource, 'subresource'),
          namespace: stringAt(resource, 'namespace'),
          name: stringAt(resource, 'name'),
        }
      : {
          verb: stringAt(nonResource, 'verb'),
          group: '',
          resource: '',
          subresource: '',
          namespace: '',
          name: '',
          path: stringAt(nonResource, 'path'),
        },
  );
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed: decision.allowed, ...(decision.reason === '' ? {} : { reason: decision.reason }) },
  };
}
