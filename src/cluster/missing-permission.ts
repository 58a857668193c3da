import { defined } from '../base/defined.ts';
import { describePermission, type Permission } from '../base/permission.ts';

/** A refusal by RBAC: what is missing, and who lacks it. */
export interface Refusal {
  readonly permission: Permission;
  /** As in `system:serviceaccount:shop:ci`; omitted where the sentence does not name the user. */
  readonly user?: string;
}

/** Returns what the API server's sentence says that is missing; `undefined` if it speaks of something else. */
export function missingPermission(message: string): Refusal | undefined {
  const match =
    /(?:User "([^"]*)" )?cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(
      message,
    );
  if (match === null) return undefined;
  const [, user, verb = '', resource = '', group = '', namespace] = match;
  return { permission: { verb, group, resource, ...defined({ namespace }) }, ...(user && { user }) };
}

/** Whether a Role is to grant it: who may impersonate everybody may do everything, so that one is for people to think about. */
export function isGrantable({ verb }: Permission): boolean {
  return verb !== 'impersonate';
}

/** What grants a permission; a Role reaches no further than its namespace. */
function grantOf({ namespace }: Permission): string {
  return namespace === undefined ? 'a ClusterRole and ClusterRoleBinding' : 'a Role and RoleBinding';
}

/** Admission is for writes and connections alone (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/). */
const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Whether a request with this verb only reads, so that admission never sees it. */
export function isRead(verb: string): boolean {
  return READING.has(verb);
}

/** What to do about a refusal of a request with this verb, where `permission` is what it says that is missing. */
export function refusalRemedy(verb: string, permission: Permission | undefined): string {
  if (permission !== undefined)
    return `Grant the kubeconfig user the permission to ${describePermission(permission)} (${grantOf(permission)}).`;
  return isRead(verb)
    ? 'Contact the operator of the cluster: the authorization of the API server, or something in front of it, rejects this.'
    : 'Change the rule that the message names, or what it rejects: an admission webhook, a quota or a policy.';
}
