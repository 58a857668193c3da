import { defined } from '../base/defined.ts';
import { append } from '../base/lists.ts';
import { describeProblem, internalProblem, type Problem } from '../base/problem.ts';
import type { Warning } from '../base/warning.ts';
import type { RequestCounts } from '../cluster/client.ts';
import type { ClusterTask, RunContext } from '../deploy/commands/cluster-task.ts';
import { deploy } from '../deploy/commands/deploy.ts';
import { examineWithoutCluster } from '../deploy/commands/examine.ts';
import { stoppedOutcome } from '../deploy/commands/outcome.ts';
import { planCommand } from '../deploy/commands/plan.ts';
import { remove, sweep } from '../deploy/commands/remove.ts';
import { status } from '../deploy/commands/status.ts';
import type { CommandOutcome } from '../deploy/report/conclude.ts';
import { outcomeInContext, problemInContext } from '../deploy/report/kubectl-context.ts';
import {
  type ClusterOutcome,
  inProblem,
  mergeDeploy,
  mergePlan,
  mergeRemoval,
  mergeStatus,
} from '../deploy/report/merge.ts';
import type { ClusterConnection, ReportBase } from '../deploy/report/report.ts';
import { type DeployRequest, type RequestOrProblems, requestProblems } from '../deploy/request.ts';
import { type ClusterRequest, requestIn } from '../deploy/request-in-cluster.ts';
import { sharedTrial } from '../filter/trial/shared-trial.ts';
import type { Registries } from '../registry/registries.ts';
import { inClusterName } from '../targets/target.ts';
import { type ClusterSession, clusterIdOf, connect, openSession } from './cluster-session.ts';
import type { CommandRequest } from './request/request.ts';
import type { TestingRuntime } from './runtime.ts';

/** A request of a command that talks to clusters. */
type ClusterCommand = Exclude<CommandRequest, { command: 'render' | 'check' }>;

/** What a command has found and done, and what it asked of the clusters. */
export interface Called extends Pick<ReportBase, 'requests' | 'clusters'> {
  readonly outcome: CommandOutcome;
}

export const NO_REQUESTS = { reads: 0, writes: 0 };

/** Opens the connections to all clusters, runs the command over them, and closes them. Never throws: what went wrong is a problem of the outcome. */
export async function callClusters(
  command: ClusterCommand,
  registries: Registries,
  given: TestingRuntime,
  beforeWrites?: RunContext['beforeWrites'],
): Promise<Called> {
  const { trial } = given;
  const runtime = trial === undefined ? given : { ...given, trial: sharedTrial(trial) };
  if (!command.clusters.ok) return withoutClusters(command, command.clusters.problems, runtime, []);
  const { value: clusters } = command.clusters;
  const sessions = clusters.map((cluster) =>
    openSession(cluster, clusters.length > 1 ? cluster.name : undefined, runtime),
  );
  try {
    const reached = await reach(sessions, command.unreachable);
    if (reached.problems.length > 0) return await withoutClusters(command, reached.problems, runtime, sessions);
    const outcome = await runCommand(command, reached.sessions, {
      log: runtime.log,
      signal: runtime.cancelled,
      pushImage: ({ image, reference }) => {
        runtime.note?.({ kind: 'phase', phase: 'pushing to the registry' });
        return registries.push(image, reference);
      },
      date: runtime.date,
      ...defined({ beforeWrites, expectWrites: command.command === 'deploy' ? given.expectWrites : undefined }),
    });
    const warnings = [...reached.warnings, ...outcome.warnings];
    return { outcome: { ...outcome, warnings }, clusters: reached.connections, requests: requestsOf(sessions) };
  } catch (error) {
    return {
      outcome: stoppedOutcome(command.command, [internalProblem(error)]),
      clusters: [],
      requests: requestsOf(sessions),
    };
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** Which clusters answer, and what keeps the run from beginning. */
interface Reached {
  readonly sessions: readonly ClusterSession[];
  readonly connections: readonly ClusterConnection[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/** Asks all clusters at once. One that does not answer keeps the run from beginning, or is left out, which is warned of. */
async function reach(
  sessions: readonly ClusterSession[],
  unreachable: ClusterCommand['unreachable'],
): Promise<Reached> {
  const answers = await Promise.all(sessions.map(async (session) => ({ session, answer: await connect(session) })));
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  const connections: ClusterConnection[] = [];
  const reachedSessions: ClusterSession[] = [];
  const skips = unreachable === 'skip' && answers.some(({ answer }) => answer.ok);
  for (const { session, answer } of answers) {
    const {
      name,
      access: { context, kubectlContext, weaknesses },
    } = session.cluster;
    const cluster = { name, context, ...defined({ kubectlContext }) };
    const failed = answer.ok ? [] : answer.problems.map((problem) => problemInContext(problem, kubectlContext));
    if (answer.ok) {
      reachedSessions.push(session);
      connections.push({ state: 'connected', ...cluster, version: answer.value });
      append(
        warnings,
        weaknesses.map((weakness) => ({
          topic: 'Kubeconfig',
          subject: `context ${context}`,
          text: inClusterName(session.name, weakness),
        })),
      );
    } else if (skips && failed.every(({ kind }) => kind === 'connection')) {
      const why = failed.map(describeProblem).join(' ');
      connections.push({ state: 'skipped', ...cluster, why });
      const text = `Cluster ${name} was skipped, because it does not answer: ${why}`;
      warnings.push({ topic: 'Skipped', subject: `cluster ${name}`, text });
    } else
      append(
        problems,
        failed.map((problem) => inProblem(problem, session.name)),
      );
  }
  const twice = problems.length === 0 ? await findTwice(reachedSessions) : [];
  return { sessions: reachedSessions, connections, warnings, problems: [...problems, ...twice] };
}

/** That two names mean one cluster: what one changes, the other would find changed by somebody else. */
async function findTwice(sessions: readonly ClusterSession[]): Promise<Problem[]> {
  if (sessions.length < 2) return [];
  const identities = await Promise.all(
    sessions.map(async (session) => (await clusterIdOf(session)) ?? addressOf(session)),
  );
  return [...Map.groupBy(sessions, (_, index) => identities[index])].flatMap(([, [first, ...others]]) =>
    others.map(
      (other): Problem => ({
        kind: 'kubeconfig',
        subject: `cluster ${other.cluster.name}`,
        message: `is the same as cluster ${first?.cluster.name}: both lead to ${other.cluster.access.server}.`,
        remedy: 'Name each cluster once.',
      }),
    ),
  );
}

/** A server that is reached by another proxy is another one. */
function addressOf({
  cluster: {
    access: { server, proxy },
  },
}: ClusterSession): string {
  return `${server} ${proxy?.url.href ?? ''}`;
}

/** What can be said of a command none of whose clusters is asked. */
async function withoutClusters(
  command: ClusterCommand,
  problems: readonly Problem[],
  { log, cancelled: signal, trial, tests }: TestingRuntime,
  sessions: readonly ClusterSession[],
): Promise<Called> {
  const context = { log, signal, ...defined({ trial, tests }) };
  const deploying = command.command === 'deploy' || command.command === 'plan';
  const filter = deploying ? await examineWithoutCluster(command.request, context) : { problems: [], warnings: [] };
  const all = [...requestProblems(command.request), ...problems, ...filter.problems];
  return {
    outcome: stoppedOutcome(command.command, all, filter.warnings),
    clusters: [],
    requests: requestsOf(sessions),
  };
}

async function runCommand(
  command: ClusterCommand,
  sessions: readonly ClusterSession[],
  run: RunContext & Pick<TestingRuntime, 'date'>,
): Promise<CommandOutcome> {
  switch (command.command) {
    case 'deploy':
      return mergeDeploy(named(sessions, await deploy(deploymentTasks(sessions, command), run)));
    case 'plan':
      return mergePlan(named(sessions, await planCommand(deploymentTasks(sessions, command), run)));
    case 'status':
      return mergeStatus(named(sessions, await status(tasksOf(sessions, command.request), run)));
    case 'remove':
      return mergeRemoval('remove', named(sessions, await remove(tasksOf(sessions, command.request), run)));
    case 'sweep':
      return mergeRemoval('sweep', named(sessions, await sweep(tasksOf(sessions, command.request), run, run.date())));
  }
}

function deploymentTasks(
  sessions: readonly ClusterSession[],
  { request, loadEarlier }: Extract<ClusterCommand, { command: 'deploy' | 'plan' }>,
): ClusterTask<DeployRequest>[] {
  return tasksOf(sessions, request).map((task) => ({ ...task, context: { ...task.context, loadEarlier } }));
}

function tasksOf<T extends ClusterRequest>(
  sessions: readonly ClusterSession[],
  requested: RequestOrProblems<T>,
): ClusterTask<T>[] {
  return sessions.map(({ context, cluster, name }) => ({
    requested: { ...requested, request: requestIn(requested.request, cluster.name) },
    context,
    cluster: name,
    addedWave: cluster.wave,
  }));
}

function named<O extends CommandOutcome>(
  sessions: readonly ClusterSession[],
  outcomes: readonly O[],
): ClusterOutcome<O>[] {
  return outcomes.map((outcome, index) => ({
    cluster: sessions[index]?.name,
    outcome: outcomeInContext(outcome, sessions[index]?.cluster.access.kubectlContext),
  }));
}

function requestsOf(sessions: readonly ClusterSession[]): RequestCounts {
  const all = sessions.map(({ context }) => context.client.requests);
  return {
    reads: all.reduce((sum, { reads }) => sum + reads, 0),
    writes: all.reduce((sum, { writes }) => sum + writes, 0),
  };
}
