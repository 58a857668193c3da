import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import { isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, describeProblem, type Problem, type Result } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import type { LoadEarlier } from '../../deploy/earlier-module.ts';
import type { RolloutPolicy, Unreachable } from '../../deploy/policy.ts';
import type {
  CheckRequest,
  DeployRequest,
  RemovalRequest,
  RenderRequest,
  RequestOrProblems,
  Scope,
  StatusRequest,
  Unknown,
} from '../../deploy/request.ts';
import { DEFAULT_TAG } from '../../registry/reference.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { FilterInputs, InputsRead } from '../inputs/inputs.ts';
import { isByTag } from '../inputs/origin.ts';
import { earlierLoader } from './earlier.ts';
import { readExpectedPlan } from './expected-plan.ts';
import {
  filterRequestOf,
  filterToCheck,
  filterWarnings,
  loginWarnings,
  prepareFilters,
  type RequestedFilter,
  unknownOf,
} from './filters.ts';
import { type Environment, type KubeconfigAccess, uncheckedTls } from './kubeconfig.ts';
import {
  type ChosenCluster,
  contextNamespace,
  DEFAULT_NAMESPACE,
  loadClusters,
  type WantedClusters,
} from './load-clusters.ts';
import type { ModuleTools } from './module.ts';
import { loadOrigin } from './origin.ts';
import { type AskedFilter, targetEntries } from './targets.ts';
import { type AskedAgain, askWanted } from './wanted.ts';

export type { Environment } from './kubeconfig.ts';

/** A request that needs no file of the filter. */
interface WithAccess<T> {
  readonly request: RequestOrProblems<T>;
  readonly clusters: Result<readonly ChosenCluster[]>;
  /** What the run makes of a cluster that does not answer. */
  readonly unreachable: Unreachable;
}

/** What every request has for the report. */
interface RequestBasis {
  readonly policy: RolloutPolicy;
  readonly warnings: readonly Warning[];
}

/** What a command that brings filters has of them. */
interface WithFilters {
  readonly filters: readonly RequestedFilter[];
}

/** What the inputs come to, before the cluster is asked, by command. */
export type CommandRequest = RequestBasis &
  (
    | ({ readonly command: 'deploy' | 'plan'; readonly loadEarlier: LoadEarlier } & WithFilters &
        WithAccess<DeployRequest>)
    | ({ readonly command: 'status' } & WithAccess<StatusRequest>)
    | ({ readonly command: 'remove' } & WithAccess<RemovalRequest>)
    | ({ readonly command: 'sweep' } & WithAccess<RemovalRequest>)
    | ({ readonly command: 'render'; readonly request: RequestOrProblems<RenderRequest> } & WithFilters)
    | ({ readonly command: 'check'; readonly request: RequestOrProblems<CheckRequest> } & WithFilters)
  );

/** Everything that a run was asked for. */
export interface Asked {
  readonly read: InputsRead;
  /** Those of the manifests, then that of the inputs. */
  readonly filters: readonly AskedFilter[];
  /** Whether a manifest has more filters, which the input "name" has not chosen. */
  readonly isChoice: boolean;
  /** What is wrong with the manifests. */
  readonly problems: readonly Problem[];
  /** What is called; or why nobody knows. */
  readonly clusters: Result<WantedClusters>;
}

/** What making a request needs of the world. */
export interface RequestTools extends ModuleTools {
  readonly readFile: ReadFile;
  readonly environment: Environment;
  readonly access: Omit<KubeconfigAccess, 'environment'>;
  /** When the run started, as `toISOString` writes it. */
  readonly started: string;
}

/** A request while it is made: what was asked for, what is wrong with it so far, and what requests of all commands have. */
interface Making {
  readonly asked: Asked;
  readonly tools: RequestTools;
  readonly diagnostics: Diagnostics;
  readonly basis: RequestBasis;
}

type Access = Omit<WithAccess<unknown>, 'request'>;

/**
 * Loads what the inputs and manifests name (filters, their attestations, the kubeconfig) and makes the request of it, or gathers what
 * is wrong.
 */
export async function buildRequest(asked: Asked, tools: RequestTools): Promise<CommandRequest> {
  const { read } = asked;
  const { command, policy, kubeconfig, unreachable } = read.inputs;
  const { environment } = tools;
  const diagnostics = new Diagnostics();
  diagnostics.add(read.problems, asked.problems, uncheckedTls(environment));
  const basis = { policy, warnings: [...read.warnings, ...loginWarnings(asked.filters)] };
  const making = { asked, tools, diagnostics, basis };
  if (command === 'render' || command === 'check') return fileRequest(command, making);

  const clusters = asked.clusters.ok
    ? await loadClusters({ kubeconfig, clusters: asked.clusters.value }, { ...tools.access, environment })
    : asked.clusters;
  const access = { clusters, unreachable };
  if (command === 'deploy' || command === 'plan') return changeRequest(command, making, access);
  return command === 'status' ? statusRequest(making, access) : removalRequest(command, making, access);
}

/** Loads the filters; `clusters` say which namespace is meant where none is named. */
function prepare(
  { asked, tools, diagnostics }: Making,
  clusters?: Result<readonly ChosenCluster[]>,
): Promise<RequestedFilter[]> {
  const namespaceOf = ({ inputs }: AskedFilter): string => defaultNamespace(inputs, diagnostics, clusters);
  return prepareFilters(asked.filters, { ...tools, ...asked.read.inputs.runOptions, namespaceOf }, diagnostics);
}

/** The request of a command that asks no cluster. */
async function fileRequest(command: 'render' | 'check', making: Making): Promise<CommandRequest> {
  const { asked, diagnostics, basis } = making;
  const { renderTo, proxies } = asked.read.inputs;
  const filters = await prepare(making);
  const unknown = unknownOf(asked.filters, filters);
  const warnings = [...basis.warnings, ...filterWarnings(filters)];
  if (command === 'render') {
    const request = { filters: filters.map(filterRequestOf), folder: renderTo };
    const said = [...renderedWaves(filters.flatMap((filter) => filter.entries)), ...warnings];
    return { ...basis, warnings: said, command, request: conclude(diagnostics, request, unknown), filters };
  }
  const request = { filters: filters.map(filterToCheck), proxies };
  return { ...basis, warnings, command, request: conclude(diagnostics, request, unknown), filters };
}

async function changeRequest(command: 'deploy' | 'plan', making: Making, access: Access): Promise<CommandRequest> {
  const { asked, tools, diagnostics, basis } = making;
  const { policy, runOptions } = asked.read.inputs;
  const { environment, started } = tools;
  const filters = await prepare(making, access.clusters);
  const expected = diagnostics.unwrap(await readExpectedPlan(asked.read.inputs.expectPlan, tools.readFile));
  const run = runName(environment);
  const request = {
    ...policy,
    ...runOptions,
    ...defined({ expectPlan: expected }),
    filters: filters.map(filterRequestOf),
    run,
    started,
  };
  const draft = conclude(diagnostics, request, unknownOf(asked.filters, filters));
  const entries = filters.flatMap((filter) => filter.entries);
  const warnings = [...basis.warnings, ...waveWarnings(policy, entries), ...filterWarnings(filters)];
  const loadEarlier = earlierLoader(filters, tools);
  return { ...basis, warnings, command, request: draft, ...access, filters, loadEarlier };
}

async function statusRequest({ asked, tools, diagnostics, basis }: Making, access: Access): Promise<CommandRequest> {
  const { policy, runOptions } = asked.read.inputs;
  const { clusters } = access;
  const scopes = asked.filters.map((filter) => scopeOf(filter, clusters, diagnostics));
  const namespaceOf = ({ inputs }: AskedFilter): string => defaultNamespace(inputs, new Diagnostics(), clusters);
  const asking = await mapLimited(asked.filters, PARALLEL_REGISTRIES, (filter) =>
    filter.asDeployed === undefined
      ? askAgain(filter.inputs, tools)
      : askWanted(filter, filter.asDeployed, !asked.isChoice, { ...tools, ...runOptions, namespaceOf }),
  );
  const request = {
    scopes: scopes.map((scope, at) => ({
      ...scope,
      ...defined({ tagged: asking[at]?.tagged, wanted: asking[at]?.wanted }),
    })),
    verify: policy.verify,
    keepRevisions: runOptions.keepRevisions,
  };
  const draft = conclude(diagnostics, request, unknownOf(asked.filters));
  const warnings = [...basis.warnings, ...asking.flatMap((one) => one.warnings)];
  return { ...basis, warnings, command: 'status', request: draft, ...access };
}

function removalRequest(
  command: 'remove' | 'sweep',
  { asked, tools, diagnostics, basis }: Making,
  access: Access,
): CommandRequest {
  const { missing, policy } = asked.read.inputs;
  const { wait, timeoutMs, maxParallel, promote } = policy;
  const { environment, started } = tools;
  const scopes = asked.filters.map((filter) => scopeOf(filter, access.clusters, diagnostics));
  const run = runName(environment);
  const request = { scopes, run, started, missing, wait, timeoutMs, promote, ...defined({ maxParallel }) };
  const draft = conclude(diagnostics, request, unknownOf(asked.filters));
  return { ...basis, command, request: draft, ...access };
}

/** Returns what `status`, `remove` and `sweep` are about because of one filter, or of the inputs where they name none. */
function scopeOf(
  { inputs, targets }: AskedFilter,
  clusters: Result<readonly ChosenCluster[]>,
  diagnostics: Diagnostics,
): Scope {
  const namespace = defaultNamespace(inputs, diagnostics, clusters);
  return {
    ...(inputs.name !== '' && { filter: inputs.name }),
    entries: targetEntries(targets, namespace, diagnostics),
    namespaces: inputs.namespaces.length > 0 ? inputs.namespaces : [namespace],
  };
}

/** The request when nothing is wrong; else the problems, each once, and what the other checks can go on with. */
function conclude<T>(diagnostics: Diagnostics, request: T, unknown: ReadonlySet<Unknown>): RequestOrProblems<T> {
  // What several filters have of the inputs, or of the defaults of their manifest, is wrong with each of them.
  const distinct = new Map(diagnostics.problems.map((problem) => [describeProblem(problem), problem]));
  const problems = [...distinct.values()];
  return isNonEmpty(problems) ? { ok: false, problems, request, unknown } : { ok: true, request };
}

const PARALLEL_REGISTRIES = 4;

/** What an image is now, for `status`, which goes on where the registry cannot be asked. */
async function askAgain({ from, options }: FilterInputs, { readFile, fetcher }: RequestTools): Promise<AskedAgain> {
  if (from.origin?.kind !== 'image') return { warnings: [] };
  const asked = await loadOrigin(from, readFile, fetcher);
  if (asked.ok) {
    const onNewDigest = isByTag(from) ? options.onNewDigest : 'deploy';
    return { ...(asked.value !== undefined && { tagged: { module: asked.value, onNewDigest } }), warnings: [] };
  }
  const { host, repository, tag = DEFAULT_TAG } = from.origin.reference;
  const subject = `${host}/${repository}:${tag}`;
  const reported = asked.problems.map(describeProblem);
  return {
    warnings: reported.map((problem) => ({
      topic: 'Tag not checked',
      subject,
      text: `Whether the tag has moved is unknown: ${problem}`,
    })),
  };
}

/** The namespace of targets that name none. */
function defaultNamespace(
  { namespaces: [first] }: FilterInputs,
  diagnostics: Diagnostics,
  clusters?: Result<readonly ChosenCluster[]>,
): string {
  if (first !== undefined) return first;
  return (clusters?.ok ? diagnostics.unwrap(contextNamespace(clusters.value)) : undefined) ?? DEFAULT_NAMESPACE;
}

function waveWarnings({ wait }: RolloutPolicy, targets: readonly TargetEntry[]): Warning[] {
  if (wait || new Set(targets.map(({ wave }) => wave)).size < 2) return [];
  const text = 'The targets have waves, but with "wait: false" no wave waits for the previous one.';
  return [{ topic: 'Waves without waiting', text }];
}

/** Files have no order in which somebody who applies them waits. */
function renderedWaves(targets: readonly TargetEntry[]): Warning[] {
  const waves = targets.flatMap(({ wave, clusters = [{ wave: 0 }] }) => clusters.map((cluster) => wave + cluster.wave));
  if (new Set(waves).size < 2) return [];
  const text =
    'The targets have waves, but files have none: whoever applies them replaces the pods of all targets at once. To go wave by wave, render the targets of the first wave alone, and add those of the next one once the files are applied; or use "deploy".';
  return [{ topic: 'Waves that are not rendered', text }];
}

/** How a run is recorded on the workloads it changes: `owner/repo/123456/1`, or `local` outside a workflow. */
function runName({ GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT }: Environment): string {
  if (!GITHUB_RUN_ID) return 'local';
  return [GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT ?? '1'].filter(Boolean).join('/');
}
