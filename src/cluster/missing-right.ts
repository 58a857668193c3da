const WHOLE_CLUSTER = 'in the whole cluster';

/** `list deployments.apps in namespace "shop"`, read from the API server's sentence. */
export function missingRight(message: string): string | undefined {
  const match = /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(message);
  if (match === null) return undefined;
  const [, verb, resource, group, namespace] = match;
  const where = namespace === undefined ? WHOLE_CLUSTER : `in namespace "${namespace}"`;
  return `${verb} ${resource}${group ? `.${group}` : ''} ${where}`;
}

/** What grants such a right; a Role reaches no further than its namespace. */
export function grantOf(right: string): string {
  return right.endsWith(WHOLE_CLUSTER) ? 'a ClusterRole and ClusterRoleBinding' : 'a Role and RoleBinding';
}
