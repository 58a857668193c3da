import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import { isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, describeProblem, type Problem, type Result } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
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
    | ({ readonly command: 'deploy' | 'plan' } & WithFilters & WithAccess<DeployRequest>)
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

/**
 * Loads what the inputs and manifests name (filters, their attestations, the kubeconfig) and makes the request of it, or gathers what
 * is wrong.
 */
export async function buildRequest(asked: Asked, tools: RequestTools): Promise<CommandRequest> {
  const { read } = asked;
  const { command, policy, runOptions, kubeconfig, unreachable } = read.inputs;
  const { environment, started } = tools;
  const diagnostics = new Diagnostics();
  diagnostics.add(read.problems, asked.problems, uncheckedTls(environment));
  const basis = { policy, warnings: [...read.warnings, ...loginWarnings(asked.filters)] };
  const run = runName(environment);
  const prepare = (clusters?: Result<readonly ChosenCluster[]>): Promise<RequestedFilter[]> =>
    prepareFilters(
      asked.filters,
      { ...tools, ...runOptions, namespaceOf: ({ inputs }) => defaultNamespace(inputs, diagnostics, clusters) },
      diagnostics,
    );

  if (command === 'render') {
    const filters = await prepare();
    const request = { filters: filters.map(filterRequestOf), folder: read.inputs.renderTo };
    const draft = conclude(diagnostics, request, unknownOf(asked.filters, filters));
    const warnings = [...basis.warnings, ...filterWarnings(filters)];
    return { ...basis, warnings, command, request: draft, filters };
  }

  if (command === 'check') {
    const filters = await prepare();
    const request = { filters: filters.map(filterToCheck), proxies: read.inputs.proxies };
    const draft = conclude(diagnostics, request, unknownOf(asked.filters, filters));
    const warnings = [...basis.warnings, ...filterWarnings(filters)];
    return { ...basis, warnings, command, request: draft, filters };
  }

  const { clusters: wanted } = asked;
  const clusters = wanted.ok
    ? await loadClusters({ kubeconfig, clusters: wanted.value }, { ...tools.access, environment })
    : wanted;
  const access = { clusters, unreachable };
  if (command === 'deploy' || command === 'plan') {
    const filters = await prepare(clusters);
    const request = { ...policy, ...runOptions, filters: filters.map(filterRequestOf), run, started };
    const draft = conclude(diagnostics, request, unknownOf(asked.filters, filters));
    const entries = filters.flatMap((filter) => filter.entries);
    const warnings = [...basis.warnings, ...waveWarnings(policy, entries), ...filterWarnings(filters)];
    return { ...basis, warnings, command, request: draft, ...access, filters };
  }

  const scopes = asked.filters.map((filter) => scopeOf(filter, clusters, diagnostics));
  if (command === 'status') {
    const namespaceOf = ({ inputs }: AskedFilter): string => defaultNamespace(inputs, new Diagnostics(), clusters);
    // Which one of a manifest's filters the input "name" has chosen says nothing of the others.
    const withOthers = read.own !== undefined || read.inputs.name === '';
    const asking = await mapLimited(asked.filters, PARALLEL_REGISTRIES, (filter) =>
      filter.asDeployed === undefined
        ? askAgain(filter.inputs, tools)
        : askWanted(filter, filter.asDeployed, withOthers, { ...tools, ...runOptions, namespaceOf }),
    );
    const request = {
      scopes: scopes.map((scope, at) => ({
        ...scope,
        ...defined({ module: asking[at]?.module, wanted: asking[at]?.wanted }),
      })),
      verify: policy.verify,
      keepRevisions: runOptions.keepRevisions,
    };
    const draft = conclude(diagnostics, request, unknownOf(asked.filters));
    const warnings = [...basis.warnings, ...asking.flatMap((one) => one.warnings)];
    return { ...basis, warnings, command, request: draft, ...access };
  }
  const { wait, timeoutMs, maxParallel, promote } = policy;
  const { missing } = read.inputs;
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
async function askAgain({ from }: FilterInputs, { readFile, fetcher }: RequestTools): Promise<AskedAgain> {
  if (from.origin?.kind !== 'image') return { warnings: [] };
  const asked = await loadOrigin(from, readFile, fetcher);
  if (asked.ok) return { ...defined({ module: asked.value }), warnings: [] };
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

/** How a run is recorded on the workloads it changes: `owner/repo/123456/1`, or `local` outside a workflow. */
function runName({ GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT }: Environment): string {
  if (!GITHUB_RUN_ID) return 'local';
  return [GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT ?? '1'].filter(Boolean).join('/');
}
