const WHOLE_CLUSTER = 'in the whole cluster';

/** `list deployments.apps in namespace "shop"`, read from the API server's sentence. */
export function missingPermission(message: string): string | undefined {
  const match = /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(message);
  if (match === null) return undefined;
  const [, verb, resource, group, namespace] = match;
  const where = namespace === undefined ? WHOLE_CLUSTER : `in namespace "${namespace}"`;
  return `${verb} ${resource}${group ? `.${group}` : ''} ${where}`;
}

/** What grants such a permission; a Role reaches no further than its namespace. */
export function grantOf(permission: string): string {
  return permission.endsWith(WHOLE_CLUSTER) ? 'a ClusterRole and ClusterRoleBinding' : 'a Role and RoleBinding';
}

/** Admission is for writes and connections alone (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/). */
const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** What to do about a refusal of a request with this verb, where `permission` is what it says that is missing. */
export function refusalRemedy(verb: string, permission: string | undefined): string {
  if (permission !== undefined)
    return `Grant the kubeconfig user the permission to ${permission} (${grantOf(permission)}).`;
  return READING.has(verb)
    ? 'The authorization of the API server, or something in front of it, rejects this; admission does not see reads. Contact the operator of the cluster.'
    : 'An admission webhook, a quota or a policy rejects it; the message says which. Change the rule, or what it rejects.';
}
