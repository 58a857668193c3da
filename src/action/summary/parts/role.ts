import { dump } from 'js-yaml';
import { kubectl } from '../../../base/kubectl.ts';
import { EACH_NAMESPACE, type Permission } from '../../../base/permission.ts';
import type { Problem } from '../../../base/problem.ts';
import { listWords } from '../../../base/text.ts';
import type { Command, Report } from '../../../deploy/report/report.ts';
import { countOf, plain } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, code, codes, details, fence } from './markdown.ts';

/** Equal in every run of a command: a Role that is applied replaces that of an earlier run, whose rules it has, too. */
const NAMES: Readonly<Record<Command, string>> = {
  deploy: 'deploy-wasm-filter',
  plan: 'deploy-wasm-filter',
  status: 'deploy-wasm-filter-status',
  remove: 'deploy-wasm-filter-remove',
  sweep: 'deploy-wasm-filter-sweep',
  render: 'deploy-wasm-filter-render',
  check: 'deploy-wasm-filter-check',
};
const RBAC = 'rbac.authorization.k8s.io';
const API_VERSION = `${RBAC}/v1`;
/** Roles up to this length are shown open. */
const MAX_OPEN_LINES = 60;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * Returns what grants all that the command needs, to paste into a file, where a problem says that some of it is
 * missing: a Role and a RoleBinding for each namespace, and a ClusterRole with its binding for what no namespace has. Empty if
 * nothing is missing.
 */
export function renderRole(
  { command, permissions: needed = [], clusters }: Pick<Report, 'command' | 'permissions' | 'clusters'>,
  problems: readonly Pick<Problem, 'permission' | 'user'>[],
  limits: Limits,
): string {
  const missing = problems.flatMap(({ permission }) => permission ?? []);
  if (missing.length === 0) return '';
  // Several clusters may each know the user by another name.
  const [first, ...others] = new Set(problems.flatMap((problem) => problem.user ?? []));
  const user = others.length === 0 ? first : undefined;
  const places = [...Map.groupBy([...missing, ...needed], ({ namespace }) => namespace)];
  const shown = places.slice(0, limits.subjects);
  const left = places.length - shown.length;
  const objects = shown.flatMap(([namespace, permissions]) =>
    objectsOf(
      namespace,
      rulesOf(permissions, limits),
      { name: NAMES[command], subject: subjectOf(user, limits) },
      limits,
    ),
  );
  const yaml = objects.map((object) => dump(object, { lineWidth: -1, noRefs: true, flowLevel: 3 })).join('---\n');
  const steps = [
    ...(user === undefined
      ? ['replace USER by the name that <code>kubectl auth whoami</code> prints with the kubeconfig of this run']
      : []),
    ...(shown.some(([namespace]) => namespace === EACH_NAMESPACE)
      ? [`repeat what is in namespace ${EACH_NAMESPACE} for each namespace that the target list chooses`]
      : []),
  ];
  const contexts = clusters.flatMap(({ state, kubectlContext }) =>
    state === 'connected' ? (kubectlContext ?? []) : [],
  );
  // Which of several clusters lack it is told beside each problem.
  const apply =
    contexts.length > 1
      ? 'kubectl apply -f role.yaml --context CONTEXT'
      : kubectl('kubectl apply -f role.yaml', contexts[0]);
  const who = steps.length === 0 ? '' : `${listWords(steps, 'and')}, then `;
  return details(
    `Role with all that this run needs: ${who}${code(apply)} as a user who may create Roles${contexts.length > 1 ? `, with each CONTEXT whose cluster lacks some of it (${codes(contexts, limits.subjects, limits.name)})` : ''}`,
    blocks(fence(yaml, 'yaml'), left > 0 ? `… and ${countOf(left, 'more namespace')}.` : ''),
    yaml.split('\n').length <= MAX_OPEN_LINES,
  );
}

/** Whom a binding is for, as it names them. */
interface Subject {
  readonly kind: 'User' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

/** Several users of a cluster have a ClusterRoleBinding each, or the one that is applied last would take the permission from the others. */
function boundName({ namespace, name }: Subject): string {
  const full = namespace === undefined ? name : `${namespace}:${name}`;
  return full.replace(/[^A-Za-z0-9:._@-]/g, '-');
}

/** Whom a binding is for; USER where the API server did not name anybody. */
function subjectOf(user: string | undefined, limits: Limits): Subject {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? '') ?? [];
  if (name !== undefined && namespace !== undefined)
    return { kind: 'ServiceAccount', name: plain(name, limits.name), namespace: plain(namespace, limits.name) };
  return { kind: 'User', name: user === undefined ? 'USER' : plain(user, limits.name), apiGroup: RBAC };
}

/** A rule for each resource and its verbs; resources of a group with equal verbs share one. */
function rulesOf(permissions: readonly Permission[], limits: Limits): Rule[] {
  const byResource = Map.groupBy(permissions, ({ group, resource }) => `${group} ${resource}`);
  const rules = [...byResource.values()].flatMap((ofResource): Rule[] => {
    const [first] = ofResource;
    if (first === undefined) return [];
    return [
      {
        apiGroups: [plain(first.group, limits.name)],
        resources: [plain(first.resource, limits.name)],
        verbs: [...new Set(ofResource.map(({ verb }) => plain(verb, limits.name)))].sort(),
      },
    ];
  });
  const merged = Map.groupBy(rules, ({ apiGroups, verbs }) => JSON.stringify([apiGroups, verbs]));
  return [...merged]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, alike]) => {
      const [first] = alike;
      return first === undefined ? [] : [{ ...first, resources: alike.flatMap(({ resources }) => resources).sort() }];
    });
}

function objectsOf(
  namespace: string | undefined,
  rules: readonly Rule[],
  { name, subject }: { readonly name: string; readonly subject: Subject },
  limits: Limits,
): object[] {
  const cluster = namespace === undefined ? 'Cluster' : '';
  const kind = `${cluster}Role`;
  const metadata = { name, ...(namespace !== undefined && { namespace: plain(namespace, limits.name) }) };
  return [
    { apiVersion: API_VERSION, kind, metadata, rules },
    {
      apiVersion: API_VERSION,
      kind: `${cluster}RoleBinding`,
      metadata: namespace === undefined ? { name: `${name}:${boundName(subject)}` } : metadata,
      roleRef: { apiGroup: RBAC, kind, name },
      subjects: [subject],
    },
  ];
}
