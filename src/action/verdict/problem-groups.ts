import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import { aboutSubject, type MessageForm, type Problem, type ProblemKind } from '../../base/problem.ts';
import { thousands } from '../../base/text.ts';
import type { MissingPermission } from '../../deploy/report/plan-report.ts';
import { type Report, reportedTargets } from '../../deploy/report/report.ts';
import { toldProblems } from '../../deploy/report/told-problems.ts';
import { describeWorkload } from '../../targets/target.ts';
import { groupPermissions, isPermissionProblem, type PermissionProblem } from './missing-permissions.ts';
import { countOf } from './text.ts';

/** What the cluster says about one workload's problem. */
export interface SubjectDiagnosis {
  readonly subject: string;
  readonly lines: readonly string[];
}

/** One thing that is wrong, and everything it is wrong with. */
export interface ProblemEntry {
  readonly message: string;
  /** How the message stands beside the subject, where it is one. */
  readonly form?: MessageForm;
  /** What the message goes on with, a line each; omitted for a whole sentence. */
  readonly items?: readonly string[];
  /** What it is about, each once; empty when the problem speaks of the run as a whole. */
  readonly subjects: readonly string[];
}

/** Entries that have the same remedy. */
export interface RemedyGroup {
  readonly remedy?: string;
  /** Set where the Role of the summary grants what is missing; the remedy is then what else there is to know. */
  readonly role?: true;
  /** What to do before that Role is applied; omitted for nothing. */
  readonly first?: string;
  readonly entries: readonly ProblemEntry[];
  readonly diagnoses: readonly SubjectDiagnosis[];
}

/** The problems of one kind. */
export interface KindGroup {
  readonly kind: ProblemKind;
  /** How many subjects the kind has or, where none has one, messages; of permissions, how many lines. */
  readonly count: number;
  readonly remedies: readonly RemedyGroup[];
}

/** What a kind of problem is called in headings, in the order in which they are told. */
export const KIND_TITLES: Readonly<Record<ProblemKind, string>> = {
  rollback: 'Rollback failed',
  'rolled-back-not-ready': 'Rolled back, but not ready',
  internal: 'Bug in this action',
  input: 'Inputs',
  filter: 'Filter',
  test: 'Tests of the filter',
  provenance: 'Provenance of the filter',
  unreviewed: 'Differences from the reviewed plan',
  registry: 'Registry',
  targets: 'Target list',
  kubeconfig: 'Kubeconfig',
  credentials: 'Kubeconfig',
  connection: 'Connection to the cluster',
  permission: 'Permissions',
  cluster: 'Cluster',
  mount: 'Cannot be mounted',
  workload: 'Cannot be rolled out',
  deleted: 'Deleted during the run',
  conflict: 'Conflicts',
  rollout: 'Rollout',
  promotion: 'Not promoted',
  'no-effect': 'Filter without effect',
  verification: 'Verification',
  proxy: 'Configuration that proxies reject',
  cancelled: 'Cancelled',
};

/** What has gone wrong so and so often, by kind: the clause that ends a headline. */
const KIND_CLAUSES: Readonly<Record<ProblemKind, (n: number) => string>> = {
  rollback: () => 'a rollback failed',
  'rolled-back-not-ready': () => 'a workload that was rolled back is not ready',
  internal: () => 'a bug in this action',
  input: (n) => (n === 1 ? 'an input is not valid' : `${thousands(n)} inputs are not valid`),
  filter: () => 'the filter cannot be used',
  test: (n) => (n === 1 ? 'a test failed' : `${thousands(n)} tests failed`),
  provenance: () => "the filter's provenance could not be verified",
  unreviewed: () => 'not the reviewed plan',
  registry: () => 'the registry could not be used',
  targets: (n) => (n === 1 ? 'a target cannot be used' : `${thousands(n)} targets cannot be used`),
  kubeconfig: () => 'the kubeconfig cannot be used',
  credentials: () => 'the API server rejects the credentials',
  connection: () => 'the cluster could not be reached',
  permission: (n) => `the kubeconfig user lacks ${n === 1 ? 'a permission' : 'permissions'}`,
  cluster: (n) => (n === 1 ? 'a request to the cluster failed' : 'requests to the cluster failed'),
  mount: () => 'the filter cannot be mounted',
  workload: (n) => `${n === 1 ? 'a workload' : `${thousands(n)} workloads`} cannot be rolled out`,
  deleted: (n) => `${n === 1 ? 'a workload was' : `${thousands(n)} workloads were`} deleted during the run`,
  conflict: () => 'it conflicts with something else in the cluster',
  rollout: (n) => `${n === 1 ? 'a workload' : `${thousands(n)} workloads`} did not become ready`,
  promotion: (n) => `${n === 1 ? 'a rollout still waits' : `${thousands(n)} rollouts still wait`} for promotion`,
  'no-effect': () => 'the filter would have no effect',
  verification: () => 'verification failed',
  proxy: () => 'proxies reject their configuration',
  cancelled: () => 'the run was cancelled',
};

/** Returns what went wrong in few words: a clause where all problems are of one kind, else how many there are; a run that failed has one at least. */
export function causeWords(report: Report): string {
  const clause = sharedClause(report);
  if (clause !== undefined) return clause;
  const groups = groupProblems(report);
  const [only] = groups;
  if (only !== undefined && groups.length === 1) return KIND_CLAUSES[only.kind](only.count);
  return countOf(Math.max(1, countProblems(groups)), 'problem');
}

/** Returns the clause that all problems have of their own; `undefined` where they have none, or several. */
export function sharedClause(report: Report): string | undefined {
  const [clause, ...clauses] = new Set(reportedProblems(report).map((problem) => problem.clause));
  return clauses.length === 0 ? clause : undefined;
}

interface ReportedProblem {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly form: MessageForm | undefined;
  readonly remedy: string;
  readonly subject: string | undefined;
  readonly diagnosis: readonly string[];
}

/** No page shows more of a text. Comparing thousands of texts of megabytes would take longer than a cancelled run has. */
const MAX_CHARACTERS = 4_000;

function withDiagnosis(
  { kind, message, form, remedy = '', subject }: Problem,
  diagnosis: readonly string[] = [],
): ReportedProblem {
  return {
    kind,
    message: message.slice(0, MAX_CHARACTERS),
    form,
    remedy: remedy.slice(0, MAX_CHARACTERS),
    subject: subject?.slice(0, MAX_CHARACTERS),
    diagnosis,
  };
}

/** Every problem that a reader is told: those of the run, the permissions that a plan misses, failures, and failed rollbacks. */
export function reportedProblems(report: Report): Problem[] {
  return reportedOf(report).map(({ problem }) => problem);
}

interface ReportedWithDiagnosis {
  readonly problem: Problem;
  readonly diagnosis?: readonly string[];
}

function reportedOf(report: Report): ReportedWithDiagnosis[] {
  return [
    ...report.problems.map((problem) => ({ problem })),
    ...missingPermissionsOf(report).map((permission) => ({ problem: missingPermissionProblem(permission) })),
    ...reportedTargets(report).flatMap((target) =>
      toldProblems(target).map(
        (problem, index): ReportedWithDiagnosis => ({
          problem: aboutSubject(problem, describeWorkload(target.ref)),
          ...(index === 0 && { diagnosis: target.diagnosis }),
        }),
      ),
    ),
  ];
}

/** The permissions that `deploy` would lack; only a plan has them apart from its problems. */
function missingPermissionsOf(report: Report): readonly MissingPermission[] {
  return report.command === 'plan' && report.plan.state === 'made' ? report.plan.missingPermissions : [];
}

function missingPermissionProblem({ cluster, user, ...permission }: MissingPermission): Problem {
  const problem: Problem = {
    kind: 'permission',
    permission,
    ...defined({ user }),
    message: `The kubeconfig user cannot ${describePermission(permission)}.`,
    remedy: 'Grant the permission before you run "deploy".',
  };
  return cluster === undefined ? problem : aboutSubject(problem, `cluster ${cluster}`);
}

/** Gathers all problems of a report by kind, remedy and message, so that what many workloads share is told once. */
export function groupProblems(report: Report): KindGroup[] {
  const kinds = groupBy(reportedOf(report), ({ problem }) => problem.kind);
  const order = Object.keys(KIND_TITLES);
  return [...kinds]
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([kind, ofKind]) => {
      const others = ofKind.filter(({ problem }) => !isPermissionProblem(problem));
      const reported = others.map(({ problem, diagnosis }) => withDiagnosis(problem, diagnosis));
      const remedies = [
        ...roleGroup(ofKind.map(({ problem }) => problem).filter(isPermissionProblem)),
        ...[...groupBy(reported, (one) => one.remedy)].map(([remedy, ofRemedy]) => remedyGroup(remedy, ofRemedy)),
      ];
      return { kind, remedies, count: countSubjects(remedies) };
    });
}

/** What a Role grants, as one group; none where nothing is missing. */
function roleGroup(problems: readonly PermissionProblem[]): RemedyGroup[] {
  if (problems.length === 0) return [];
  const { users, doubts, notes } = groupPermissions(problems);
  return [
    {
      role: true,
      ...(doubts !== '' && { first: doubts }),
      ...(notes !== '' && { remedy: notes }),
      entries: users.map(({ message, items, subject }) => ({
        message,
        form: 'sentence',
        ...(items.length > 0 && { items }),
        subjects: subject === undefined ? [] : [subject],
      })),
      diagnoses: [],
    },
  ];
}

function remedyGroup(remedy: string, reported: readonly ReportedProblem[]): RemedyGroup {
  return {
    ...(remedy !== '' && { remedy }),
    entries: [...groupBy(reported, (one) => one.message)].map(([message, ofMessage]) => ({
      message,
      ...defined({ form: ofMessage[0]?.form }),
      subjects: [...new Set(ofMessage.flatMap(({ subject }) => (subject === undefined ? [] : [subject])))],
    })),
    diagnoses: reported.flatMap(({ subject = '', diagnosis }) =>
      diagnosis.length === 0 ? [] : [{ subject, lines: diagnosis }],
    ),
  };
}

/** How many different things are wrong: what many workloads share with one subject counts once. */
function countProblems(groups: readonly KindGroup[]): number {
  const entries = groups.flatMap(({ remedies }) => remedies.flatMap((group) => group.entries));
  return entries.reduce((sum, { subjects, items }) => sum + (items?.length ?? Math.max(1, subjects.length)), 0);
}

function countSubjects(remedies: readonly RemedyGroup[]): number {
  const entries = remedies.flatMap((group) => group.entries);
  const lines = entries.reduce((sum, { items = [] }) => sum + items.length, 0);
  const subjects = new Set(entries.flatMap((entry) => entry.subjects));
  return lines || subjects.size || entries.length;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
