import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import { type Checked, describeProblem, Findings } from '../../base/problem.ts';
import type { ClusterAccess } from '../../cluster/kubeconfig.ts';
import type { RolloutPolicy } from '../../deploy/policy.ts';
import type {
  DeployRequest,
  DraftRequest,
  FilterRequest,
  RemovalRequest,
  RenderRequest,
  Scope,
  StatusRequest,
  Unknown,
} from '../../deploy/request.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { Delivery } from '../../mesh/objects/delivery.ts';
import type { TargetEntry } from '../../targets/target.ts';
import { type Inputs, type InputsRead, UNNAMED } from '../inputs/inputs.ts';
import { aimedAt, decideDelivery, deliveredSettings, likelyDelivery, roadWarnings } from './delivery.ts';
import { type AccessWorld, type Environment, loadAccess, uncheckedTls } from './kubeconfig.ts';
import { type FileDraft, loadModule, type ModuleTools } from './module.ts';
import { loadOrigin } from './origin.ts';
import { type TargetTexts, targetEntries } from './targets.ts';

export type { Environment } from './kubeconfig.ts';

/** A request that needs no file of the filter. */
interface ClusterDraft<T> {
  readonly draft: DraftRequest<T>;
  readonly access: Checked<ClusterAccess>;
}

/** What every draft has for the report. */
interface DraftBasis {
  readonly policy: RolloutPolicy;
  readonly warnings: readonly string[];
}

/** What a command that needs the filter has of it. */
interface FilterDraft extends FileDraft {
  /** Undefined where it could not be decided. */
  readonly delivery: Delivery | undefined;
}

/** What the inputs come to, before the cluster is asked, by command. */
export type Draft = DraftBasis &
  (
    | ({ readonly command: 'deploy' | 'plan' } & FilterDraft & ClusterDraft<DeployRequest>)
    | ({ readonly command: 'status' } & ClusterDraft<StatusRequest>)
    | ({ readonly command: 'remove' } & ClusterDraft<RemovalRequest>)
    | ({ readonly command: 'sweep' } & ClusterDraft<RemovalRequest>)
    | ({ readonly command: 'render'; readonly draft: DraftRequest<RenderRequest> } & FilterDraft)
  );

/**
 * Loads what the inputs name (filter, its attestation, target list, kubeconfig) and makes the request of it, or gathers what is
 * wrong.
 */
export async function makeDraft(
  read: InputsRead,
  targetTexts: TargetTexts,
  readFile: ReadFile,
  environment: Environment,
  tools: ModuleTools,
  accessTools: Omit<AccessWorld, 'environment'>,
): Promise<Draft> {
  const { inputs } = read;
  const { command, policy, options } = inputs;
  const findings = new Findings();
  findings.add(read.problems, uncheckedTls(environment));
  const basis = { policy, warnings: read.warnings };
  const run = runName(environment);

  if (command === 'render') {
    const { targets, file, delivery } = await makeFilter(
      inputs,
      targetTexts,
      defaultNamespace(inputs),
      readFile,
      tools,
      findings,
    );
    const request = {
      filters: [filterOf(inputs, file, delivery, targets)],
      check: options.check,
      folder: inputs.renderTo,
    };
    const draft = conclude(findings, request, unknownOf(read, file));
    const warnings = [...read.warnings, ...roadWarnings(inputs, delivery)];
    return { ...basis, warnings, command, draft, ...file, delivery };
  }

  const access = await loadAccess(inputs, { ...accessTools, environment });
  const namespace = defaultNamespace(inputs, access);
  if (command === 'deploy' || command === 'plan') {
    const { targets, file, delivery } = await makeFilter(inputs, targetTexts, namespace, readFile, tools, findings);
    const request = { ...policy, ...options, filters: [filterOf(inputs, file, delivery, targets)], run };
    const draft = conclude(findings, request, unknownOf(read, file));
    const warnings = [...read.warnings, ...waveWarnings(policy, targets), ...roadWarnings(inputs, delivery)];
    return { ...basis, warnings, command, draft, access, ...file, delivery };
  }

  const entries = targetEntries(targetTexts, namespace, findings);
  const namespaces = inputs.namespaces.length > 0 ? inputs.namespaces : [namespace];
  const scope: Scope = { ...(inputs.name !== '' && { filter: inputs.name }), entries, namespaces };
  if (command === 'status') {
    const { module, warnings } = await askAgain(inputs, readFile, tools);
    const { keepRevisions } = options;
    const request = { scope, verify: policy.verify, keepRevisions, ...defined({ module }) };
    const draft = conclude(findings, request, unknownOf(read));
    return { ...basis, warnings: [...read.warnings, ...warnings], command, draft, access };
  }
  const { wait, timeoutMs, maxParallel } = policy;
  const { missing } = inputs;
  const request = { scope, run, missing, wait, timeoutMs, ...defined({ maxParallel }) };
  const draft = conclude(findings, request, unknownOf(read));
  return { ...basis, command, draft, access };
}

/** What a command that brings a filter to its targets has of both. */
async function makeFilter(
  inputs: Inputs,
  targetTexts: TargetTexts,
  namespace: string,
  readFile: ReadFile,
  tools: ModuleTools,
  findings: Findings,
): Promise<{ targets: readonly TargetEntry[]; file: FileDraft; delivery: Delivery | undefined }> {
  // The targets say how the filter can get to them; what is wrong with it is told first all the same.
  const ofTargets = new Findings();
  const targets = targetEntries(targetTexts, namespace, ofTargets);
  const aimed = aimedAt(targets, inputs);
  const file = await loadModule(aimed, readFile, tools, findings);
  findings.add(ofTargets.problems);
  return { targets, file, delivery: decideDelivery(aimed, file.module, targets, findings) };
}

/** The request when nothing is wrong; else the problems, and what the other checks can go on with. */
function conclude<T>({ clean, problems }: Findings, request: T, unknown: ReadonlySet<Unknown>): DraftRequest<T> {
  return clean ? { ok: true, request } : { ok: false, problems, request, unknown };
}

/** The settings that a trial run hands to the filter, or that decide whether a workload can run it. */
const TRIED = ['root-id', 'vm-id', 'configuration', 'direction', 'environment', 'capabilities'] as const;

function unknownOf({ inputs, faulty }: InputsRead, file?: FileDraft): Set<Unknown> {
  return new Set<Unknown>([
    ...(inputs.name === '' ? (['name'] as const) : []),
    ...(faulty.has('mount-path') ? (['mount-path'] as const) : []),
    ...(TRIED.some((name) => faulty.has(name)) ? (['settings'] as const) : []),
    ...(file !== undefined && toCheck(file) === undefined ? (['module'] as const) : []),
  ]);
}

function toCheck({ module, loaded }: FileDraft): FilterModule | undefined {
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
  const told = asked.problems.map(describeProblem);
  return { warnings: told.map((problem) => `Whether the tag has moved is unknown: ${problem}`) };
}

/** Stands in for a module that could not be had. */
const NO_MODULE: FilterModule = { bytes: new Uint8Array(), digest: `sha256:${'0'.repeat(64)}` };

/** Without a module, a name or a delivery there are problems, and what stands in for them is never carried out. */
function filterOf(
  inputs: Inputs,
  file: FileDraft,
  delivery: Delivery | undefined,
  targets: readonly TargetEntry[],
): FilterRequest {
  const settings = deliveredSettings(inputs.settings, delivery ?? likelyDelivery(aimedAt(targets, inputs)));
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
function defaultNamespace({ namespaces }: Inputs, access?: Checked<ClusterAccess>): string {
  return namespaces[0] ?? (access?.ok === true ? access.value.namespace : undefined) ?? 'default';
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
