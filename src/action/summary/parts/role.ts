import { dump } from 'js-yaml';
import { dataKey } from '../../../base/json.ts';
import { kubectl } from '../../../base/kubectl.ts';
import { describePermission, EACH_NAMESPACE, onlyShows, type Permission } from '../../../base/permission.ts';
import type { Problem } from '../../../base/problem.ts';
import { optionalPermissions } from '../../../deploy/preflight/all-permissions.ts';
import type { Command, PlanReport, Report } from '../../../deploy/report/report.ts';
import { countOf, plain } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, code, codes, details, fence } from './markdown.ts';

/** Equal in every run of a command, whatever its inputs: `kubectl auth reconcile` adds to what is there. */
const NAMES: Readonly<Record<Command, string>> = {
  deploy: 'deploy-wasm-filter',
  plan: 'deploy-wasm-filter-plan',
  status: 'deploy-wasm-filter-status',
  remove: 'deploy-wasm-filter-remove',
  sweep: 'deploy-wasm-filter-sweep',
  render: 'deploy-wasm-filter-render',
  check: 'deploy-wasm-filter-check',
};
const RBAC = 'rbac.authorization.k8s.io';
const API_VERSION = `${RBAC}/v1`;
/** Unlike `kubectl apply`, it leaves the rules and the subjects that the objects of these names have already. */
const RECONCILE = 'kubectl auth reconcile -f role.yaml';
/** The commands that look into proxies. */
const VERIFYING: ReadonlySet<Command> = new Set(['deploy', 'plan', 'status']);
const OPTIONAL = 'Optional, for stronger evidence: with it, a run looks into every proxy';
const OPTIONAL_SCOUTS = ', and tries filters in scouts first';
/** Roles up to this length are shown open. */
const MAX_OPEN_LINES = 60;

/** What of a report says which permissions its run needs, and who needs them. */
type RoleReport = Pick<Report, 'command' | 'permissions' | 'clusters' | 'users'> & {
  readonly account?: PlanReport['account'];
  readonly policy: Pick<Report['policy'], 'verify' | 'scout'>;
};

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * Returns what grants all that the command needs, to paste into a file, where a problem says that some of it is missing: a Role and
 * a RoleBinding for each namespace that lacks some, and a ClusterRole with its binding for what no namespace has. An account that only
 * reads is offered nothing else. It takes from nobody what an earlier Role, or that of a run with other inputs, has granted, and gives
 * nobody else anything: its name is that of no other account's. Empty if nothing is missing.
 */
export function renderRole(
  { command, permissions = [], clusters, policy, users = [], account }: RoleReport,
  problems: readonly Pick<Problem, 'permission' | 'user'>[],
  limits: Limits,
): string {
  const offers = (permission: Permission): boolean => account === undefined || onlyShows(permission);
  const missing = problems.flatMap(({ permission }) => permission ?? []).filter(offers);
  if (missing.length === 0) return '';
  // Several clusters may each know the user by another name.
  const [first, ...others] = new Set([...users, ...problems.flatMap((problem) => problem.user ?? [])]);
  const user = others.length === 0 ? first : undefined;
  const lacking = new Set([...missing.map(({ namespace }) => namespace), EACH_NAMESPACE]);
  const offered = [...missing, ...permissions.filter(offers)].filter(({ namespace }) => lacking.has(namespace));
  const places = [...Map.groupBy(offered, ({ namespace }) => namespace)];
  const shown = places.slice(0, limits.subjects);
  const left = places.length - shown.length;
  const verify = !VERIFYING.has(command)
    ? 'off'
    : account !== undefined && policy.verify === 'required'
      ? 'auto'
      : policy.verify;
  // An account that only reads makes no pods.
  const isWriter = account === undefined && (command === 'deploy' || command === 'plan');
  const scout = isWriter ? policy.scout : 'off';
  const subject = subjectOf(user, limits);
  // What may come to have permissions to write is another Role than that of an account that only reads.
  const base = command === 'plan' && !offered.every(onlyShows) ? NAMES.deploy : NAMES[command];
  const documents = shown.flatMap(([namespace, granted]) => {
    const optional = namespace === undefined ? [] : optionalPermissions({ verify, scout }, namespace);
    const [role, binding] = objectsOf(
      namespace,
      rulesOf(granted, limits),
      { name: `${base}:${boundName(subject)}`, subject },
      limits,
    );
    return [`${yamlOf(role)}${optionalRules(optional, granted, limits)}`, yamlOf(binding)];
  });
  const yaml = documents.join('---\n');
  const contexts = clusters.flatMap(({ state, kubectlContext }) =>
    state === 'connected' ? (kubectlContext ?? []) : [],
  );
  const several = contexts.length > 1;
  const shownCommand = (command: string): string =>
    code(several ? `${command} --context CONTEXT` : kubectl(command, contexts[0]));
  // Which of several clusters lack it is told beside each problem.
  const everywhere = several
    ? ` with each CONTEXT whose cluster lacks a permission (${codes(contexts, limits.subjects, limits.name)})`
    : '';
  const steps = [
    'Save this as <code>role.yaml</code>.',
    ...(user === undefined
      ? [
          `Replace USER by the name that ${shownCommand('kubectl auth whoami')} prints with the kubeconfig of this run${several ? ', with CONTEXT as in the last step' : ''}; in names of Roles and bindings, put <code>-</code> for each <code>/</code> and <code>%</code> of it.`,
        ]
      : []),
    ...(shown.some(([namespace]) => namespace === EACH_NAMESPACE)
      ? [
          `Repeat what is in namespace ${EACH_NAMESPACE} for each namespace that the target list chooses, also for one that has a Role here, with its name in place of ${EACH_NAMESPACE}.`,
        ]
      : []),
    `As a user who may create Roles, run ${shownCommand(RECONCILE)}${everywhere}. It only adds permissions, to this user alone${account !== undefined ? ' and none to write' : ''}. It creates a namespace that does not exist.`,
  ];
  return details(
    'Role with all permissions that this run needs',
    blocks(
      steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
      fence(yaml, 'yaml'),
      left > 0 ? `… and ${countOf(left, 'more namespace')}.` : '',
    ),
    yaml.split('\n').length <= MAX_OPEN_LINES,
  );
}

/** Returns rules that somebody may put into a Role, as comments with the reason; empty where it has them. */
function optionalRules(optional: readonly Permission[], permissions: readonly Permission[], limits: Limits): string {
  const has = new Set(permissions.map(describePermission));
  const further = optional.filter((permission) => !has.has(describePermission(permission)));
  if (further.length === 0) return '';
  const lines = [
    `${OPTIONAL}${further.some(({ resource }) => resource === 'pods') ? OPTIONAL_SCOUTS : ''}.`,
    ...yamlOf({ rules: rulesOf(further, limits) })
      .trimEnd()
      .split('\n')
      .slice(1),
  ];
  return lines.map((line) => `  # ${line.replace(/^ {2}/, '')}\n`).join('');
}

function yamlOf(object: object): string {
  return dump(object, { lineWidth: -1, noRefs: true, flowLevel: 3 });
}

/** Whom a binding is for, as it names them. */
interface Subject {
  readonly kind: 'User' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

/** What names are told apart by: with a Role that others are bound to, these would get what is added to it. */
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
  const merged = Map.groupBy(rules, ({ apiGroups, verbs }) => dataKey([apiGroups, verbs]));
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
): readonly [role: object, binding: object] {
  const cluster = namespace === undefined ? 'Cluster' : '';
  const kind = `${cluster}Role`;
  const metadata = { name, ...(namespace !== undefined && { namespace: plain(namespace, limits.name) }) };
  return [
    { apiVersion: API_VERSION, kind, metadata, rules },
    {
      apiVersion: API_VERSION,
      kind: `${cluster}RoleBinding`,
      metadata,
      roleRef: { apiGroup: RBAC, kind, name },
      subjects: [subject],
    },
  ];
}
