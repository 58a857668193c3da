/** What a user of the cluster may be allowed to do, as a rule of a Role or a ClusterRole says it. */
export interface Permission {
  readonly verb: string;
  /** The API group, empty for the core one. */
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  /** Omitted for the whole cluster. */
  readonly namespace?: string;
}

/** Returns it in the words of kubectl: `patch deployments.apps in namespace "shop"`, `create pods/exec in namespace "shop"`. */
export function describePermission(permission: Permission): string {
  const { namespace } = permission;
  return `${describeAction(permission)} ${namespace === undefined ? 'in the whole cluster' : `in namespace "${namespace}"`}`;
}

/** Returns what may be done, without where: `patch deployments.apps`. */
export function describeAction({ verb, group, resource }: Permission): string {
  const [plural = '', subresource] = resource.split('/');
  return `${verb} ${plural}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
}

const SHOWING: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Whether who has it can only see what is there: it is no write, and connects to no pod, as `get pods/exec` does. */
export function onlyShows({ verb, resource }: Permission): boolean {
  return SHOWING.has(verb) && !/\/(?:exec|proxy)$/.test(resource);
}

/** Stands in a Role for each namespace that a target list chooses, where these may not be listed: no namespace is called so. */
export const EACH_NAMESPACE = 'NAMESPACE';
