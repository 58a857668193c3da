import type { Log } from '../base/log.ts';
import { bad, type Checked, describeProblem, good, type Problem } from '../base/problem.ts';
import { count, formatBytes, formatDuration } from '../base/text.ts';
import { VERSION } from '../base/version.ts';
import { Client, UNKNOWN_VERSION } from '../cluster/client.ts';
import { ApiError, callProblem } from '../cluster/errors.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import { Transport } from '../cluster/transport.ts';
import { deploy } from '../deploy/deploy.ts';
import { concludeRun, type FilterReport, type Report } from '../deploy/report.ts';
import type { ReadFile } from '../filter/load.ts';
import type { FilterModule } from '../filter/module.ts';
import { type Draft, type Environment, makeDraft } from './draft.ts';
import { type Inputs, type ReadInput, readInputs } from './inputs.ts';

/** What a run needs of the world around it. */
export interface Surroundings {
  readonly readInput: ReadInput;
  readonly environment: Environment;
  readonly readFile: ReadFile;
  readonly log: Log;
  /** Keeps a value out of every log. */
  readonly mask: (secret: string) => void;
  /** Aborts when the run is cancelled: nothing more is written. */
  readonly cancelled: AbortSignal;
  /** Aborts a little later: open requests are given up. */
  readonly abandoned: AbortSignal;
  /** Milliseconds, from any start. */
  readonly now: () => number;
}

/** Runs the action and gives its report, whatever happened; nothing is thrown. */
export async function run(world: Surroundings): Promise<Report> {
  const started = world.now();
  const { log } = world;
  const read = readInputs(world.readInput);
  const draft = await log.group('Inputs', async () => {
    const made = await makeDraft(read, world.readFile, world.environment);
    describeInputs(read.inputs, made, log);
    return made;
  });
  const base = {
    filters: draft.module ? [filterReport(read.inputs, draft.module)] : [],
    waited: read.inputs.wait,
    timeoutMs: read.inputs.timeoutMs,
  };
  const done = await callCluster(draft, world);
  for (const problem of done.problems) log.debug(`${describeProblem(problem)} ${stackOf(problem)}`);
  return { ...base, ...done, ...concludeRun(done), durationMs: world.now() - started };
}

type Called = Pick<Report, 'targets' | 'problems' | 'warnings' | 'requests' | 'cluster'>;

async function callCluster({ draft, access }: Draft, world: Surroundings): Promise<Called> {
  const draftProblems = draft.ok ? [] : draft.problems;
  const nothing = { targets: [], warnings: [], requests: { reads: 0, writes: 0 } };
  if (!access.ok) return { ...nothing, problems: [...draftProblems, ...access.problems] };
  const { value } = access;
  for (const secret of value.secrets) world.mask(secret);
  const transport = new Transport(value, {
    userAgent: `deploy-wasm-filter/${VERSION}`,
    environment: world.environment,
    signal: world.abandoned,
    debug: (line) => world.log.debug(line),
  });
  const client = new Client(transport);
  try {
    const connected = await connect(client, value, world.log);
    if (!connected.ok)
      return { ...nothing, problems: [...draftProblems, ...connected.problems], requests: client.requests };
    const outcome = await deploy(draft, {
      client,
      log: world.log,
      signal: world.cancelled,
      now: world.now,
    });
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

const CANCELLED: Problem = {
  kind: 'cancelled',
  message: 'The run was cancelled before anything was written.',
  remedy: 'Run it again.',
};

/** The first call: whether the server answers and takes the credentials, and its version. */
async function connect(client: Client, { context }: ClusterAccess, log: Log): Promise<Checked<string>> {
  try {
    const version = await client.version();
    log.info(`Context ${context}, Kubernetes ${version}.`);
    return good(version);
  } catch (error) {
    // The version is only for the report; some clusters do not show it to everybody.
    if (error instanceof ApiError && error.status === 403) return good(UNKNOWN_VERSION);
    return bad(callProblem(error, 'asking for the version of the API server'));
  }
}

function filterReport({ name, settings }: Inputs, { digest, bytes }: FilterModule): FilterReport {
  return { name, digest, bytes: bytes.length, settings };
}

function describeInputs({ name, wait, timeoutMs }: Inputs, { draft, module }: Draft, log: Log): void {
  if (module !== undefined) log.info(`Filter ${name}: ${formatBytes(module.bytes.length)}, ${module.digest}.`);
  const entries = draft.ok ? draft.request.filters.flatMap(({ targets }) => targets) : draft.targets;
  log.info(`Target list: ${count(entries.length, 'entry', 'entries')}.`);
  log.info(wait ? `The rollouts may take ${formatDuration(timeoutMs)}, all at once.` : 'Rollouts are not waited for.');
}

function stackOf({ cause }: Problem): string {
  return Error.isError(cause) ? (cause.stack ?? cause.message) : '';
}
