import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import { isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, describeProblem, type Result } from '../../base/problem.ts';
import type { RolloutPolicy, Unreachable } from '../../deploy/policy.ts';
import type {
  DeployRequest,
  FilterRequest,
  RemovalRequest,
  RenderRequest,
  RequestOrProblems,
  Scope,
  StatusRequest,
  Unknown,
} from '../../deploy/request.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { Delivery } from '../../mesh/objects/delivery.ts';
import type { TargetEntry } from '../../targets/target.ts';
import { type Inputs, type InputsRead, UNNAMED } from '../inputs/inputs.ts';
import { type ChosenCluster, clustersOf, contextNamespace, DEFAULT_NAMESPACE, loadClusters } from './clusters.ts';
import {
  decideDelivery,
  deliveredSettings,
  likelyDelivery,
  unusedInputWarnings,
  withGatewayTargets,
} from './delivery.ts';
import { type Environment, type KubeconfigAccess, uncheckedTls } from './kubeconfig.ts';
import { type LoadedModule, loadModule, type ModuleTools } from './module.ts';
import { loadOrigin } from './origin.ts';
import { type TargetLists, targetEntries } from './targets.ts';

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
  readonly warnings: readonly string[];
}

/** What a command that needs the filter has of it. */
interface RequestedFilter extends LoadedModule {
  /** `undefined` if it could not be decided. */
  readonly delivery: Delivery | undefined;
}

/** What the inputs come to, before the cluster is asked, by command. */
export type CommandRequest = RequestBasis &
  (
    | ({ readonly command: 'deploy' | 'plan' } & RequestedFilter & WithAccess<DeployRequest>)
    | ({ readonly command: 'status' } & WithAccess<StatusRequest>)
    | ({ readonly command: 'remove' } & WithAccess<RemovalRequest>)
    | ({ readonly command: 'sweep' } & WithAccess<RemovalRequest>)
    | ({ readonly command: 'render'; readonly request: RequestOrProblems<RenderRequest> } & RequestedFilter)
  );

/**
 * Loads what the inputs name (filter, its attestation, target list, kubeconfig) and makes the request of it, or gathers what is
 * wrong.
 */
export async function buildRequest(
  read: InputsRead,
  targetLists: TargetLists,
  readFile: ReadFile,
  environment: Environment,
  tools: ModuleTools,
  accessTools: Omit<KubeconfigAccess, 'environment'>,
): Promise<CommandRequest> {
  const { inputs } = read;
  const { command, policy, options } = inputs;
  const diagnostics = new Diagnostics();
  diagnostics.add(read.problems, uncheckedTls(environment));
  const basis = { policy, warnings: read.warnings };
  const run = runName(environment);

  if (command === 'render') {
    const { targets, file, delivery } = await makeFilter(
      inputs,
      targetLists,
      defaultNamespace(inputs, diagnostics),
      readFile,
      tools,
      diagnostics,
    );
    const request = {
      filters: [filterOf(inputs, file, delivery, targets)],
      check: options.check,
      folder: inputs.renderTo,
    };
    const draft = conclude(diagnostics, request, unknownOf(read, file));
    const warnings = [...read.warnings, ...unusedInputWarnings(inputs, delivery)];
    return { ...basis, warnings, command, request: draft, ...file, delivery };
  }

  const { kubeconfig, contexts, unreachable } = inputs;
  const wanted = { kubeconfig, clusters: clustersOf(contexts) };
  const clusters = await loadClusters(wanted, { ...accessTools, environment });
  const asked = { clusters, unreachable };
  const namespace = defaultNamespace(inputs, diagnostics, clusters);
  if (command === 'deploy' || command === 'plan') {
    const { targets, file, delivery } = await makeFilter(inputs, targetLists, namespace, readFile, tools, diagnostics);
    const request = { ...policy, ...options, filters: [filterOf(inputs, file, delivery, targets)], run };
    const draft = conclude(diagnostics, request, unknownOf(read, file));
    const warnings = [...read.warnings, ...waveWarnings(policy, targets), ...unusedInputWarnings(inputs, delivery)];
    return { ...basis, warnings, command, request: draft, ...asked, ...file, delivery };
  }

  const entries = targetEntries(targetLists, namespace, diagnostics);
  const namespaces = inputs.namespaces.length > 0 ? inputs.namespaces : [namespace];
  const scope: Scope = { ...(inputs.name !== '' && { filter: inputs.name }), entries, namespaces };
  if (command === 'status') {
    const { module, warnings } = await askAgain(inputs, readFile, tools);
    const { keepRevisions } = options;
    const request = { scope, verify: policy.verify, keepRevisions, ...defined({ module }) };
    const draft = conclude(diagnostics, request, unknownOf(read));
    return { ...basis, warnings: [...read.warnings, ...warnings], command, request: draft, ...asked };
  }
  const { wait, timeoutMs, maxParallel } = policy;
  const { missing } = inputs;
  const request = { scope, run, missing, wait, timeoutMs, ...defined({ maxParallel }) };
  const draft = conclude(diagnostics, request, unknownOf(read));
  return { ...basis, command, request: draft, ...asked };
}

/** What a command that brings a filter to its targets has of both. */
async function makeFilter(
  inputs: Inputs,
  targetLists: TargetLists,
  namespace: string,
  readFile: ReadFile,
  tools: ModuleTools,
  diagnostics: Diagnostics,
): Promise<{ targets: readonly TargetEntry[]; file: LoadedModule; delivery: Delivery | undefined }> {
  // The targets say how the filter can get to them; what is wrong with it is told first all the same.
  const ofTargets = new Diagnostics();
  const targets = targetEntries(targetLists, namespace, ofTargets);
  const aimedInputs = withGatewayTargets(targets, inputs);
  const file = await loadModule(aimedInputs, readFile, tools, diagnostics);
  diagnostics.add(ofTargets.problems);
  return { targets, file, delivery: decideDelivery(aimedInputs, file.module, targets, diagnostics) };
}

/** The request when nothing is wrong; else the problems, and what the other checks can go on with. */
function conclude<T>({ problems }: Diagnostics, request: T, unknown: ReadonlySet<Unknown>): RequestOrProblems<T> {
  return isNonEmpty(problems) ? { ok: false, problems, request, unknown } : { ok: true, request };
}

/** The settings that a trial run hands to the filter, or that decide whether a workload can run it. */
const TRIED = ['root-id', 'vm-id', 'configuration', 'direction', 'environment', 'capabilities'] as const;

function unknownOf({ inputs, faulty }: InputsRead, file?: LoadedModule): Set<Unknown> {
  return new Set<Unknown>([
    ...(inputs.name === '' ? (['name'] as const) : []),
    ...(faulty.has('mount-path') ? (['mount-path'] as const) : []),
    ...(TRIED.some((name) => faulty.has(name)) ? (['settings'] as const) : []),
    ...(file !== undefined && toCheck(file) === undefined ? (['module'] as const) : []),
  ]);
}

function toCheck({ module, loaded }: LoadedModule): FilterModule | undefined {
  return module ?? loaded;
}

/** What an image is now, for `status`, which goes on where the registry cannot be asked. */
async function askAgain(
  { from }: Inputs,
  readFile: ReadFile,
  { fetcher }: ModuleTools,
): Promise<{ readonly module?: FilterModule; readonly warnings: readonly string[] }> {
  if (from.origin?.kind !== 'image') return { warnings: [] };
  const asked = await loadOrigin(from, readFile, fetcher);
  if (asked.ok) return { ...defined({ module: asked.value }), warnings: [] };
  const reported = asked.problems.map(describeProblem);
  return { warnings: reported.map((problem) => `Whether the tag has moved is unknown: ${problem}`) };
}

/** Stands in for a module that could not be had. */
const NO_MODULE: FilterModule = { bytes: new Uint8Array(), digest: `sha256:${'0'.repeat(64)}` };

/** Without a module, a name or a delivery there are problems, and what stands in for them is never carried out. */
function filterOf(
  inputs: Inputs,
  file: LoadedModule,
  delivery: Delivery | undefined,
  targets: readonly TargetEntry[],
): FilterRequest {
  const settings = deliveredSettings(inputs.settings, delivery ?? likelyDelivery(withGatewayTargets(targets, inputs)));
  const { push } = file;
  return {
    name: inputs.name || UNNAMED,
    module: toCheck(file) ?? NO_MODULE,
    settings,
    targets,
    ...defined({ push }),
  };
}

/** The namespace of targets that name none. */
function defaultNamespace(
  { namespaces: [first] }: Inputs,
  diagnostics: Diagnostics,
  clusters?: Result<readonly ChosenCluster[]>,
): string {
  if (first !== undefined) return first;
  return (clusters?.ok ? diagnostics.unwrap(contextNamespace(clusters.value)) : undefined) ?? DEFAULT_NAMESPACE;
}

function waveWarnings({ wait }: RolloutPolicy, targets: readonly TargetEntry[]): string[] {
  if (wait || new Set(targets.map(({ wave }) => wave)).size < 2) return [];
  return ['The targets have waves, but with "wait: false" no wave waits for the previous one.'];
}

/** How a run is recorded on the workloads it changes: `owner/repo/123456/1`, or `local` outside a workflow. */
function runName({ GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT }: Environment): string {
  if (!GITHUB_RUN_ID) return 'local';
  return [GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT ?? '1'].filter(Boolean).join('/');
}
