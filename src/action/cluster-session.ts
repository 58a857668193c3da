import { defined } from '../base/defined.ts';
import type { Log } from '../base/log.ts';
import { bad, type Checked, good, type Problem } from '../base/problem.ts';
import { Client, type RequestCounts, UNKNOWN_VERSION } from '../cluster/client.ts';
import { callProblem, isApiError } from '../cluster/errors.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import { describePath } from '../cluster/resources.ts';
import { Transport } from '../cluster/transport.ts';
import { deploy } from '../deploy/commands/deploy.ts';
import { examineWithoutCluster } from '../deploy/commands/examine.ts';
import { NOTHING_COLLECTED, type Outcome } from '../deploy/commands/outcome.ts';
import { planCommand } from '../deploy/commands/plan.ts';
import { remove, sweep } from '../deploy/commands/remove.ts';
import { status } from '../deploy/commands/status.ts';
import type { DeployContext } from '../deploy/context.ts';
import type { Report } from '../deploy/report/report.ts';
import type { Registries } from '../registry/registries.ts';
import type { Draft } from './request/request.ts';
import { runPhase } from './runner/progress.ts';
import { type Surroundings, USER_AGENT } from './runtime.ts';

/** A draft of a command that talks to a cluster. */
type ClusterDraft = Exclude<Draft, { command: 'render' }>;

/** What a command comes to, and what it asked of the cluster. */
export type Called = Outcome & Pick<Report, 'requests' | 'cluster'>;

export const NO_REQUESTS = { reads: 0, writes: 0 };

/** Opens the connection to the cluster, runs the command over it, and closes it. Never throws: what went wrong is a problem of the outcome. */
export async function callCluster(draft: ClusterDraft, registries: Registries, world: Surroundings): Promise<Called> {
  const draftProblems = draft.draft.ok ? [] : draft.draft.problems;
  const nothing = { targets: [], warnings: [], collected: NOTHING_COLLECTED, requests: NO_REQUESTS };
  if (!draft.access.ok) return withoutCluster(draft, draft.access.problems, world, NO_REQUESTS);
  const { value } = draft.access;
  const transport = new Transport(value, {
    userAgent: USER_AGENT,
    signal: world.abandoned,
    debug: (line) => world.log.debug(line),
  });
  const client = new Client(transport, {
    onWrite: (path) => world.note?.({ kind: 'write', object: describePath(path) }),
    onPhase: (phase) => world.note?.({ kind: 'phase', phase: runPhase(phase) }),
  });
  try {
    const connected = await connect(client, value, world.log);
    if (!connected.ok) return await withoutCluster(draft, connected.problems, world, client.requests);
    const { log, cancelled: signal, now, date, trial } = world;
    const context: DeployContext = {
      client,
      log,
      signal,
      now,
      date,
      mask: world.mask,
      pushImage: ({ image, reference }) => {
        world.note?.({ kind: 'phase', phase: 'pushing to the registry' });
        return registries.push(image, reference);
      },
      ...defined({ trial }),
    };
    const outcome = await carryOutCommand(draft, context);
    const cluster = { context: value.context, version: connected.value };
    return { ...outcome, warnings: [...value.weaknesses, ...outcome.warnings], cluster, requests: client.requests };
  } catch (error) {
    const unwritten = world.cancelled.aborted && client.requests.writes === 0;
    const problem = unwritten ? CANCELLED : callProblem(error, 'talking to the cluster');
    return { ...nothing, problems: [...draftProblems, problem], requests: client.requests };
  } finally {
    await transport.close();
  }
}

/** What can be said of a command whose cluster cannot be asked. */
async function withoutCluster(
  draft: ClusterDraft,
  problems: readonly Problem[],
  { log, cancelled: signal, trial }: Surroundings,
  requests: RequestCounts,
): Promise<Called> {
  const context = { log, signal, ...defined({ trial }) };
  const deploying = draft.command === 'deploy' || draft.command === 'plan';
  const filter = deploying ? await examineWithoutCluster(draft.draft, context) : { problems: [], warnings: [] };
  const ofDraft = draft.draft.ok ? [] : draft.draft.problems;
  return {
    targets: [],
    collected: NOTHING_COLLECTED,
    ...filter,
    problems: [...ofDraft, ...problems, ...filter.problems],
    requests,
  };
}

function carryOutCommand(draft: ClusterDraft, context: DeployContext): Promise<Outcome> {
  switch (draft.command) {
    case 'deploy':
      return deploy(draft.draft, context);
    case 'plan':
      return planCommand(draft.draft, context);
    case 'status':
      return status(draft.draft, context);
    case 'remove':
      return remove(draft.draft, context);
    case 'sweep':
      return sweep(draft.draft, context);
  }
}

const CANCELLED: Problem = {
  kind: 'cancelled',
  message: 'The run was cancelled before anything was written.',
  remedy: 'Re-run the job.',
};

/** The first call: whether the server answers and takes the credentials, and its version. */
async function connect(client: Client, { context }: ClusterAccess, log: Log): Promise<Checked<string>> {
  try {
    const version = await client.version();
    log.info(`Context ${context}, Kubernetes ${version}.`);
    return good(version);
  } catch (error) {
    // The version is only for the report; some clusters do not show it to everybody.
    if (isApiError(error, 403)) return good(UNKNOWN_VERSION);
    return bad(callProblem(error, 'asking for the version of the API server'));
  }
}
