import type { ReadFile } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import { bad, type Checked, describeProblem, good, type Problem } from '../base/problem.ts';
import type { SecretKeeper } from '../base/redaction/redactor.ts';
import { formatBytes } from '../base/text.ts';
import { VERSION } from '../base/version.ts';
import { Client, type RequestCounts, UNKNOWN_VERSION } from '../cluster/client.ts';
import { ApiError, callProblem } from '../cluster/errors.ts';
import type { RunPlugin } from '../cluster/kubeconfig/plugin-runner.ts';
import type { ClusterAccess } from '../cluster/kubeconfig.ts';
import { describePath } from '../cluster/resources.ts';
import { Transport } from '../cluster/transport.ts';
import { deploy } from '../deploy/commands/deploy.ts';
import { examineWithoutCluster } from '../deploy/commands/examine.ts';
import { cancelledOutcome, NOTHING_COLLECTED, type Outcome } from '../deploy/commands/outcome.ts';
import { planCommand } from '../deploy/commands/plan.ts';
import { remove, sweep } from '../deploy/commands/remove.ts';
import { render } from '../deploy/commands/render.ts';
import type { Workspace } from '../deploy/commands/rendered-folder.ts';
import { status } from '../deploy/commands/status.ts';
import type { DeployContext } from '../deploy/context.ts';
import { concludeRun, type FilterReport, type Report } from '../deploy/report/report.ts';
import { type Memory, rememberingOptimizer } from '../filter/shrink/optimizer-cache.ts';
import { describeShrinking, type Optimizer } from '../filter/shrink/shrink.ts';
import type { Trial } from '../filter/trial/verdict.ts';
import type { Authority } from '../provenance/authority.ts';
import type { RunHelper } from '../registry/credentials.ts';
import { Registries } from '../registry/registries.ts';
import { type Inputs, type InputsRead, type ReadInput, readInputs } from './inputs/inputs.ts';
import { deliveredSettings } from './request/delivery.ts';
import { maskSecrets } from './request/known-secrets.ts';
import type { ModuleTools } from './request/module.ts';
import type { ModuleFetcher } from './request/origin.ts';
import { filterProver } from './request/provenance.ts';
import { type Draft, type Environment, makeDraft } from './request/request.ts';
import { describeInputs } from './run-log.ts';
import { type ProgressEvent, runPhase } from './runner/progress.ts';

/** What a run needs of the world around it. */
export interface Surroundings extends Workspace, SecretKeeper {
  readonly readInput: ReadInput;
  /** Reads a file of the user's own environment, which may lie anywhere; `readFile` reads those that the workflow names. */
  readonly readUserFile: ReadFile;
  readonly environment: Environment;
  readonly log: Log;
  /** Whose signatures count where a filter's attestation is asked for. */
  readonly authorities: readonly Authority[];
  /** Aborts when the run is cancelled: nothing more is written. */
  readonly cancelled: AbortSignal;
  /** Aborts a little later: open requests are given up. */
  readonly abandoned: AbortSignal;
  /** Milliseconds, from any start. */
  readonly now: () => number;
  /** The time of day. */
  readonly date: () => Date;
  /** Starts a filter as Envoy would; absent where nothing may be run. */
  readonly trial?: Trial;
  /** Rewrites a filter for size; absent where nothing may be run. */
  readonly optimize?: Optimizer;
  /** Where its results outlive the run; absent where there is no such place. */
  readonly optimizerMemory?: Memory;
  /** Runs a credential helper of Docker. */
  readonly runHelper: RunHelper;
  /** Runs an exec plugin of a kubeconfig. */
  readonly runPlugin: RunPlugin;
  /** Is told how far the run has come. */
  readonly note?: (event: ProgressEvent) => void;
  /** Gets modules from elsewhere than registries and web servers. */
  readonly fetcher?: ModuleFetcher;
}

const USER_AGENT = `deploy-wasm-filter/${VERSION}`;

/** A draft of a command that talks to a cluster. */
type ClusterDraft = Exclude<Draft, { command: 'render' }>;

/** Runs the action and gives its report, whatever happened; nothing is thrown. */
export async function run(given: Surroundings): Promise<Report> {
  const world = notingTrials(given);
  const read = readInputs(world.readInput, world.environment);
  await maskSecrets(read.inputs, world);
  world.note?.({ kind: 'command', command: read.inputs.command });
  const registries = openRegistries(read.inputs, world);
  try {
    return await runWith(registries, read, world);
  } finally {
    await registries.close();
  }
}

/** The same world, whose trials are a phase of the run. */
function notingTrials(world: Surroundings): Surroundings {
  const { trial, note } = world;
  if (trial === undefined || note === undefined) return world;
  return {
    ...world,
    trial: (request) => {
      note({ kind: 'phase', phase: 'checking the filter' });
      return trial(request);
    },
  };
}

async function runWith(registries: Registries, read: InputsRead, world: Surroundings): Promise<Report> {
  const started = world.now();
  const { log } = world;
  world.note?.({ kind: 'phase', phase: 'reading inputs' });
  const draft = await log.group('Inputs', async () => {
    const tools = { ...optimizing(world), prove: filterProver(world), fetcher: world.fetcher ?? registries };
    const made = await makeDraft(read, world.readFile, world.environment, tools, {
      ...world,
      readFile: world.readUserFile,
    });
    describeInputs(read, made, log);
    return made;
  });
  const called =
    draft.command === 'render' ? await renderOnly(draft, world) : await callCluster(draft, registries, world);
  const done = world.cancelled.aborted ? cancelledOutcome(called) : called;
  for (const problem of done.problems) log.debug(`${describeProblem(problem)} ${stackOf(problem)}`);
  return {
    command: draft.command,
    filters: 'module' in draft ? filterReports(read.inputs, draft) : [],
    policy: draft.policy,
    ...(read.faulty.size === 0 ? {} : { refusedInputs: [...read.faulty] }),
    ...done,
    warnings: [...draft.warnings, ...done.warnings],
    ...concludeRun({ command: draft.command, ...done }),
    durationMs: world.now() - started,
  };
}

/** The optimiser, which says that it has begun: it may take minutes. */
function optimizing({ optimize, optimizerMemory, log }: Surroundings): Pick<ModuleTools, 'optimize'> {
  if (optimize === undefined) return {};
  const aloud: Optimizer = (bytes) => {
    log.info(`Running wasm-opt -Oz on ${formatBytes(bytes.length)}.`);
    return optimize(bytes);
  };
  return {
    optimize: optimizerMemory === undefined ? aloud : rememberingOptimizer(aloud, optimizerMemory, log),
  };
}

type Called = Outcome & Pick<Report, 'requests' | 'cluster'>;

const NO_REQUESTS = { reads: 0, writes: 0 };

async function renderOnly({ draft }: Extract<Draft, { command: 'render' }>, world: Surroundings): Promise<Called> {
  const { log, cancelled: signal, trial } = world;
  const context = { log, signal, ...(trial === undefined ? {} : { trial }) };
  return { ...(await render(draft, world, context)), requests: NO_REQUESTS };
}

async function callCluster(draft: ClusterDraft, registries: Registries, world: Surroundings): Promise<Called> {
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
      ...(trial === undefined ? {} : { trial }),
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
  const context = { log, signal, ...(trial === undefined ? {} : { trial }) };
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
    if (error instanceof ApiError && error.status === 403) return good(UNKNOWN_VERSION);
    return bad(callProblem(error, 'asking for the version of the API server'));
  }
}

/** Connections to registries, with the login of the inputs or of Docker; none is opened before it is needed. */
function openRegistries({ from }: Inputs, world: Surroundings): Registries {
  const { login, insecureRegistries } = from;
  const { environment, readUserFile: readFile, runHelper, mask, log } = world;
  return new Registries({
    userAgent: USER_AGENT,
    environment,
    insecureHosts: insecureRegistries,
    // What comes too late for a write is not wanted any more.
    signal: world.cancelled,
    debug: (line) => log.debug(line),
    readFile,
    runHelper,
    mask,
    ...(login === undefined ? {} : { given: login }),
  });
}

function filterReports(
  { name, settings }: Inputs,
  { module, provenance, delivery }: Pick<Extract<Draft, { command: 'render' }>, 'module' | 'provenance' | 'delivery'>,
): FilterReport[] {
  if (module === undefined) return [];
  const { digest, bytes, source, original: from } = module;
  const { why, ...decided } = delivery ?? {};
  const original =
    from === undefined
      ? {}
      : { original: { digest: from.digest, bytes: from.bytes.length, how: describeShrinking(from) } };
  return [
    {
      name,
      digest,
      bytes: bytes.length,
      ...original,
      settings: deliveredSettings(settings, decided),
      ...(source === undefined ? {} : { source }),
      ...(provenance === undefined ? {} : { provenance }),
      ...(why === undefined ? {} : { delivered: why }),
    },
  ];
}

function stackOf({ cause }: Problem): string {
  return Error.isError(cause) ? (cause.stack ?? cause.message) : '';
}
