import { defined } from '../base/defined.ts';
import type { Log } from '../base/log.ts';
import { fail, ok, type Problem, type Result } from '../base/problem.ts';
import { Client, type RequestCounts, UNKNOWN_VERSION } from '../cluster/client.ts';
import { callProblem, isApiError } from '../cluster/errors.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import { describePath } from '../cluster/resources.ts';
import { Transport } from '../cluster/transport.ts';
import { deploy } from '../deploy/commands/deploy.ts';
import { examineWithoutCluster } from '../deploy/commands/examine.ts';
import { stoppedOutcome } from '../deploy/commands/outcome.ts';
import { planCommand } from '../deploy/commands/plan.ts';
import { remove, sweep } from '../deploy/commands/remove.ts';
import { status } from '../deploy/commands/status.ts';
import type { DeployContext } from '../deploy/context.ts';
import type { CommandOutcome } from '../deploy/report/conclude.ts';
import type { ClusterConnection, ReportBase } from '../deploy/report/report.ts';
import type { Registries } from '../registry/registries.ts';
import type { CommandRequest } from './request/request.ts';
import { runPhase } from './runner/progress.ts';
import { type Runtime, USER_AGENT } from './runtime.ts';

/** A request of a command that talks to a cluster. */
type ClusterCommand = Exclude<CommandRequest, { command: 'render' }>;

/** What a command has found and done, and what it asked of the cluster. */
export interface Called extends Pick<ReportBase, 'requests' | 'cluster'> {
  readonly outcome: CommandOutcome;
}

export const NO_CLUSTER: ClusterConnection = { state: 'none' };

export const NO_REQUESTS = { reads: 0, writes: 0 };

/** Opens the connection to the cluster, runs the command over it, and closes it. Never throws: what went wrong is a problem of the outcome. */
export async function callCluster(command: ClusterCommand, registries: Registries, runtime: Runtime): Promise<Called> {
  const requestProblems = command.request.ok ? [] : command.request.problems;
  if (!command.access.ok) return withoutCluster(command, command.access.problems, runtime, NO_REQUESTS);
  const { value } = command.access;
  const transport = new Transport(value, {
    userAgent: USER_AGENT,
    signal: runtime.abandoned,
    debug: (line) => runtime.log.debug(line),
  });
  const client = new Client(transport, {
    onWrite: (path) => runtime.note?.({ kind: 'write', object: describePath(path) }),
    onPhase: (phase) => runtime.note?.({ kind: 'phase', phase: runPhase(phase) }),
  });
  try {
    const connected = await connect(client, value, runtime.log);
    if (!connected.ok) return await withoutCluster(command, connected.problems, runtime, client.requests);
    const { log, cancelled: signal, now, date, trial } = runtime;
    const context: DeployContext = {
      client,
      log,
      signal,
      now,
      date,
      mask: runtime.mask,
      pushImage: ({ image, reference }) => {
        runtime.note?.({ kind: 'phase', phase: 'pushing to the registry' });
        return registries.push(image, reference);
      },
      ...defined({ trial }),
    };
    const outcome = await runCommand(command, context);
    const cluster = { state: 'connected', context: value.context, version: connected.value } as const;
    const warnings = [...value.weaknesses, ...outcome.warnings];
    return { outcome: { ...outcome, warnings }, cluster, requests: client.requests };
  } catch (error) {
    const unwritten = runtime.cancelled.aborted && client.requests.writes === 0;
    const problem = unwritten ? CANCELLED : callProblem(error, 'talking to the cluster');
    const outcome = stoppedOutcome(command.command, [...requestProblems, problem]);
    return { outcome, cluster: NO_CLUSTER, requests: client.requests };
  } finally {
    await transport.close();
  }
}

/** What can be said of a command whose cluster cannot be asked. */
async function withoutCluster(
  command: ClusterCommand,
  problems: readonly Problem[],
  { log, cancelled: signal, trial }: Runtime,
  requests: RequestCounts,
): Promise<Called> {
  const context = { log, signal, ...defined({ trial }) };
  const deploying = command.command === 'deploy' || command.command === 'plan';
  const filter = deploying ? await examineWithoutCluster(command.request, context) : { problems: [], warnings: [] };
  const requestProblems = command.request.ok ? [] : command.request.problems;
  const all = [...requestProblems, ...problems, ...filter.problems];
  return { outcome: stoppedOutcome(command.command, all, filter.warnings), cluster: NO_CLUSTER, requests };
}

function runCommand(command: ClusterCommand, context: DeployContext): Promise<CommandOutcome> {
  switch (command.command) {
    case 'deploy':
      return deploy(command.request, context);
    case 'plan':
      return planCommand(command.request, context);
    case 'status':
      return status(command.request, context);
    case 'remove':
      return remove(command.request, context);
    case 'sweep':
      return sweep(command.request, context);
  }
}

const CANCELLED: Problem = {
  kind: 'cancelled',
  message: 'The run was cancelled before anything was written.',
  remedy: 'Re-run the job.',
};

/** The first call: whether the server answers and takes the credentials, and its version. */
async function connect(client: Client, { context }: ClusterAccess, log: Log): Promise<Result<string>> {
  try {
    const version = await client.version();
    log.info(`Context ${context}, Kubernetes ${version}.`);
    return ok(version);
  } catch (error) {
    // The version is only for the report; some clusters do not show it to everybody.
    if (isApiError(error, 403)) return ok(UNKNOWN_VERSION);
    return fail(callProblem(error, 'asking for the version of the API server'));
  }
}
