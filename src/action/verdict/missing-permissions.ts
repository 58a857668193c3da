import { dataKey } from '../../base/json.ts';
import { describeAction, describePermission, type Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';

/** Where the Role is, for readers of annotations and of the log, who could not copy it from there. */
export const ROLE_ADVICE = 'Apply the Role that the job summary shows.';

/** A problem that a Role solves. */
export interface PermissionProblem extends Problem {
  readonly permission: Permission;
}

/** All that one user lacks, in one cluster where a run has several. */
export interface MissingPermissions {
  /** The cluster; omitted where the run has one only. */
  readonly subject?: string;
  /** Who lacks what: a whole sentence for one permission, else what goes before the items. */
  readonly message: string;
  /** As in `create and patch configmaps in namespaces "edge" and "shop"`; empty for one permission. */
  readonly items: readonly string[];
}

/** What is told of permissions that are missing. */
export interface MissingPermissionGroup {
  readonly users: readonly MissingPermissions[];
  /** What to rule out before they are granted; empty for nothing. */
  readonly doubts: string;
  /** What they are for, or what does without them; empty for nothing. */
  readonly notes: string;
}

/** Whether a problem is that a permission is missing and nothing else: a Role is all that it takes. */
export function isPermissionProblem(problem: Problem): problem is PermissionProblem {
  return problem.kind === 'permission' && problem.permission !== undefined;
}

/** Gathers what is missing, by who lacks it: one list to grant instead of a problem for each verb, resource and namespace. */
export function groupPermissions(problems: readonly PermissionProblem[]): MissingPermissionGroup {
  const notes = new Set(problems.flatMap(({ permissionNote }) => permissionNote ?? []));
  const doubts = new Set(problems.flatMap(({ permissionDoubt }) => permissionDoubt ?? []));
  const byUser = Map.groupBy(problems, ({ subject = '', user = '' }) => dataKey([subject, user]));
  return { users: [...byUser.values()].map(missingOf), doubts: [...doubts].join(' '), notes: [...notes].join(' ') };
}

function missingOf(problems: readonly PermissionProblem[]): MissingPermissions {
  const [first] = problems;
  const user = first?.user === undefined ? '' : ` "${first.user}"`;
  const items = permissionItems(problems.map(({ permission }) => permission));
  const [only] = items;
  const about = first?.subject === undefined ? {} : { subject: first.subject };
  const message = `The kubeconfig user${user} cannot`;
  return items.length === 1 ? { ...about, message: `${message} ${only}.`, items: [] } : { ...about, message, items };
}

/** Returns permissions in words; those with equal verbs on a resource share an item, and its namespaces. */
export function permissionItems(permissions: readonly Permission[]): string[] {
  const places = Map.groupBy(permissions, ({ group, resource, namespace }) => dataKey([group, resource, namespace]));
  const rules = [...places.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const verbs = [...new Set(all.map(({ verb }) => verb))].sort();
    return [{ ...first, verb: listWords(verbs, 'and') }];
  });
  const alike = Map.groupBy(rules, ({ verb, group, resource, namespace }) =>
    dataKey([verb, group, resource, namespace === undefined]),
  );
  return [...alike.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined
      ? []
      : [inNamespaces(first, [...new Set(all.flatMap(({ namespace }) => namespace ?? []))])];
  });
}

/** `get pods in namespace "a"`, `get pods in namespaces "a" and "b"`. */
function inNamespaces(permission: Permission, namespaces: readonly string[]): string {
  if (namespaces.length < 2) return describePermission(permission);
  const names = listWords(
    namespaces.map((name) => `"${name}"`),
    'and',
  );
  return `${describeAction(permission)} in namespaces ${names}`;
}
