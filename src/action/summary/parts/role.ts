import { dump } from 'js-yaml';
import type { Permission } from '../../../base/permission.ts';
import { countOf, plain } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, details, fence } from './markdown.ts';

/** Not the name of a Role that may be there already, whose rules it would replace. */
const NAME = 'deploy-wasm-filter-missing';
const SUBJECTS = [{ kind: 'User', name: 'USER', apiGroup: 'rbac.authorization.k8s.io' }];
/** A Role up to this length is shown open. */
const MAX_OPEN_LINES = 40;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * The Role that grants what is missing, to paste into a file: a Role and a RoleBinding for a namespace, and where several namespaces
 * lack the same, one ClusterRole that a RoleBinding in each of them refers to. Empty if nothing is missing.
 */
export function renderRole(permissions: readonly Permission[], limits: Limits): string {
  if (permissions.length === 0) return '';
  const shown = permissions.slice(0, limits.subjects);
  const left = permissions.length - shown.length;
  const byNamespace = Map.groupBy(shown, ({ namespace }) => plain(namespace, limits.name));
  const byRules = Map.groupBy(
    [...byNamespace].map(([namespace, missing]) => ({ namespace, rules: rulesOf(missing, limits) })),
    ({ rules }) => JSON.stringify(rules),
  );
  const objects = [...byRules.values()].flatMap((group, index) => objectsOf(group, index));
  const yaml = objects.map((object) => dump(object, { lineWidth: -1, noRefs: true, flowLevel: 3 })).join('---\n');
  const lines = yaml.split('\n').length;
  return details(
    'Role to grant it: replace USER by the name that <code>kubectl auth whoami</code> prints, then <code>kubectl apply -f role.yaml</code>',
    blocks(fence(yaml, 'yaml'), left > 0 ? `… and ${countOf(left, 'more permission')}.` : ''),
    lines <= MAX_OPEN_LINES,
  );
}

/** What a namespace lacks, a rule for each resource and its verbs; resources with equal verbs share one. */
function rulesOf(missing: readonly Permission[], limits: Limits): Rule[] {
  const byResource = Map.groupBy(missing, ({ group, resource }) => `${group} ${resource}`);
  const rules = [...byResource.values()].flatMap((group): Rule[] => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        apiGroups: [plain(first.group, limits.name)],
        resources: [plain(first.resource, limits.name)],
        verbs: [...new Set(group.map(({ verb }) => plain(verb, limits.name)))].sort(),
      },
    ];
  });
  const merged = Map.groupBy(rules, ({ apiGroups, verbs }) => JSON.stringify([apiGroups, verbs]));
  return [...merged.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, resources: group.flatMap(({ resources }) => resources).sort() }];
  });
}

function objectsOf(
  group: readonly { readonly namespace: string; readonly rules: readonly Rule[] }[],
  index: number,
): object[] {
  const [first] = group;
  if (first === undefined) return [];
  const name = index === 0 ? NAME : `${NAME}-${index + 1}`;
  const kind = group.length === 1 ? 'Role' : 'ClusterRole';
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return [
    {
      apiVersion,
      kind,
      metadata: { name, ...(kind === 'Role' && { namespace: first.namespace }) },
      rules: first.rules,
    },
    ...group.map(({ namespace }) => ({
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: SUBJECTS,
    })),
  ];
}
