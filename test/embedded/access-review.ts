/** Access reviews: may the caller, or somebody named, do this? (kubernetes: pkg/registry/authorization, pkg/apis/authorization/validation) */
import type { User } from './authn.ts';
import { isList, isObject, type Json, type JsonObject, objectAt, stringAt } from './json.ts';
import type { Attributes, Rbac } from './rbac.ts';
import { type FieldError, invalid, invalidValue } from './status-error.ts';

/** The kind that tells callers who they are, and the plural of its path. */
export const SELF_REVIEW = { plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' } as const;

/** The kinds by the plural of their path. */
export const REVIEWS: Readonly<Record<string, 'SelfSubjectAccessReview' | 'SubjectAccessReview'>> = {
  selfsubjectaccessreviews: 'SelfSubjectAccessReview',
  subjectaccessreviews: 'SubjectAccessReview',
};

/** Who the caller is (kubernetes: pkg/registry/authentication/selfsubjectreview). */
export function reviewSelf({ name, groups }: User): JsonObject {
  return {
    kind: SELF_REVIEW.kind,
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    status: { userInfo: { username: name, groups: [...groups] } },
  };
}

/** The review with its status filled in. @throws StatusError 422 for a review that asks for nothing, or for nobody */
export function reviewAccess(rbac: Rbac, kind: string, caller: User, body: Json): JsonObject {
  const spec = objectAt(body, 'spec');
  const errors = specErrors(kind, spec);
  if (errors.length > 0) throw invalid('authorization.k8s.io', kind, '', errors);
  const user = kind === 'SubjectAccessReview' ? subjectOf(spec) : caller;
  const decision = rbac.authorize(user, attributesOf(spec));
  return {
    kind,
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed: decision.allowed, ...(decision.reason === '' ? {} : { reason: decision.reason }) },
  };
}

function specErrors(kind: string, spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const asked = [spec.resourceAttributes, spec.nonResourceAttributes].filter((attributes) => isObject(attributes));
  if (asked.length === 0) {
    const text = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalidValue('spec.resourceAttributes', 'null', text));
  }
  const { name, groups } = subjectOf(spec);
  if (kind === 'SubjectAccessReview' && name === '' && groups.length === 0) {
    errors.push(invalidValue('spec.user', '', 'at least one of user or group must be specified'));
  }
  return errors;
}

/** Its groups are those that are named, no more: not even that of all authenticated users. */
function subjectOf(spec: JsonObject): User {
  return { name: stringAt(spec, 'user'), groups: (isList(spec.groups) ? spec.groups : []).map(String) };
}

function attributesOf(spec: JsonObject): Attributes {
  const resource = spec.resourceAttributes;
  if (isObject(resource)) {
    return {
      verb: stringAt(resource, 'verb'),
      group: stringAt(resource, 'group'),
      resource: stringAt(resource, 'resource'),
      subresource: stringAt(resource, 'subresource'),
      namespace: stringAt(resource, 'namespace'),
      name: stringAt(resource, 'name'),
    };
  }
  const path = stringAt(spec, 'nonResourceAttributes', 'path');
  const verb = stringAt(spec, 'nonResourceAttributes', 'verb');
  return { verb, group: '', resource: '', subresource: '', namespace: '', name: '', path };
}
