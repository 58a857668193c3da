import { makeLimiter, mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import { dataKey } from '../../base/json.ts';
import { Diagnostics, type Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import type { FilterCheck } from '../../deploy/filter-checks.ts';
import type { SettingsChange } from '../../deploy/policy.ts';
import type { FilterRequest, FilterToCheck, Unknown } from '../../deploy/request.ts';
import { toldInManifest } from '../../filter/module/load.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { Delivery } from '../../mesh/objects/delivery.ts';
import type { TargetEntry } from '../../targets/target.ts';
import { UNNAMED } from '../inputs/inputs.ts';
import { isByTag } from '../inputs/origin.ts';
import { ignoring } from '../inputs/policy.ts';
import { problemsAt, settingPlaces } from '../inputs/reader.ts';
import { type InputName, isFilterInput } from '../inputs/table.ts';
import {
  decideDelivery,
  deliveredSettings,
  likelyDelivery,
  unusedInputWarnings,
  withGatewayTargets,
} from './delivery.ts';
import { type LoadedModule, loadModule, type ModuleInputs, type ModuleTools } from './module.ts';
import { type AskedFilter, targetEntries } from './targets.ts';

/** A filter that was asked for, and what became of getting it ready. */
export interface RequestedFilter extends LoadedModule {
  readonly asked: AskedFilter;
  readonly entries: readonly TargetEntry[];
  /** `undefined` if it could not be decided. */
  readonly delivery: Delivery | undefined;
  /** Whether nothing is wrong with its targets and its delivery. */
  readonly isSettled: boolean;
}

/** What getting filters ready needs. */
export interface FilterTools extends ModuleTools {
  readonly readFile: ReadFile;
  /** Of targets that name none. */
  readonly namespaceOf: (asked: AskedFilter) => string;
  readonly settingsChange: SettingsChange;
}

/** Modules are up to some tens of MiB each, and a registry is somebody else's. */
const PARALLEL_MODULES = 4;
/** Each takes a core for minutes. */
const PARALLEL_OPTIMIZERS = 2;

/**
 * Gets filters ready, several at a time, each module once however many filters are of it. What is wrong is told to `diagnostics`, in
 * the order of the filters.
 */
export async function prepareFilters(
  filters: readonly AskedFilter[],
  tools: FilterTools,
  diagnostics: Diagnostics,
): Promise<RequestedFilter[]> {
  const load = moduleLoader(tools);
  const prepared = await mapLimited(filters, PARALLEL_MODULES, async (asked) => {
    const own = new Diagnostics();
    return { filter: await prepareFilter(asked, load, tools, own), problems: own.problems };
  });
  for (const { problems } of prepared) diagnostics.add(problems);
  return prepared.map(({ filter }) => filter);
}

type LoadOnce = (inputs: ModuleInputs, diagnostics: Diagnostics) => Promise<LoadedModule>;

function moduleLoader({ readFile, optimize, ...tools }: FilterTools): LoadOnce {
  const limiter = makeLimiter(PARALLEL_OPTIMIZERS);
  const limited: ModuleTools = {
    ...tools,
    ...(optimize !== undefined && { optimize: (bytes) => limiter(() => optimize(bytes)) }),
  };
  const loading = new Map<string, Promise<{ readonly module: LoadedModule; readonly found: Diagnostics }>>();
  return async (inputs, diagnostics) => {
    const { from, shrink, provenance, delivery } = inputs;
    const key = dataKey([from, shrink, provenance, delivery.delivery, delivery.gateways]);
    const started = loading.get(key) ?? loadWith(inputs);
    loading.set(key, started);
    const { module, found } = await started;
    diagnostics.add(found.problems);
    return module;
  };
  async function loadWith(inputs: ModuleInputs): Promise<{ module: LoadedModule; found: Diagnostics }> {
    const found = new Diagnostics();
    return { module: await loadModule(inputs, readFile, limited, found), found };
  }
}

async function prepareFilter(
  asked: AskedFilter,
  load: LoadOnce,
  { namespaceOf, settingsChange }: FilterTools,
  diagnostics: Diagnostics,
): Promise<RequestedFilter> {
  // The targets say how the filter can get to them; what is wrong with it is told first all the same.
  const settling = new Diagnostics();
  const entries = targetEntries(asked.targets, namespaceOf(asked), settling);
  const aimed = { ...asked, inputs: withGatewayTargets(entries, asked.inputs) };
  const loading = new Diagnostics();
  const loaded = await load(aimed.inputs, loading);
  diagnostics.add(problemsAt(asked.place('filter'), loadProblems(asked, loading.problems)));
  const delivery = decideDelivery(aimed, settingsChange, loaded.module, entries, settling);
  settling.unwrap(aimed.tests);
  diagnostics.add(settling.problems);
  return { ...loaded, asked: aimed, entries, delivery, isSettled: settling.ok };
}

/** What is wrong with a module; with a path, as where it is written. Filters of several manifests may share the module. */
function loadProblems({ inputs, place }: AskedFilter, problems: readonly Problem[]): readonly Problem[] {
  const { at } = place('filter');
  if (at === undefined || inputs.from.origin?.kind !== 'file') return problems;
  return problems.map((problem) => (problem.kind === 'filter' ? toldInManifest(problem, at.file) : problem));
}

/** Stands in for a module that could not be had. */
const NO_MODULE: FilterModule = { bytes: new Uint8Array(), digest: `sha256:${'0'.repeat(64)}` };

/** Without a module, a name or a delivery there are problems, and what stands in for them is never carried out. */
export function filterRequestOf({
  asked: { inputs, place, tests },
  entries,
  delivery,
  ...file
}: RequestedFilter): FilterRequest {
  const { push } = file;
  return {
    name: inputs.name || UNNAMED,
    ...defined({ places: settingPlaces(place) }),
    module: toCheck(file) ?? NO_MODULE,
    settings: deliveredSettings(inputs.settings, delivery ?? likelyDelivery(inputs)),
    targets: entries,
    ...inputs.options,
    ...(tests.ok && tests.value.length > 0 && { tests: tests.value }),
    ...(!isByTag(inputs.from) && { onNewDigest: 'deploy' }),
    delivery: inputs.delivery,
    ...defined({ push }),
  };
}

function toCheck({ module, loaded }: LoadedModule): FilterModule | undefined {
  return module ?? loaded;
}

/** The settings that a trial run hands to the filter, or that decide whether a workload can run it. */
const TRIED = ['root-id', 'vm-id', 'configuration', 'direction', 'environment', 'capabilities'] as const;

/** Returns what a request has stand-ins for. */
export function unknownOf(filters: readonly AskedFilter[], loaded: readonly LoadedModule[] = []): Set<Unknown> {
  const isFaulty = (names: readonly InputName[]): boolean =>
    filters.some(({ faulty }) => names.some((name) => faulty.has(name)));
  return new Set<Unknown>([
    ...(filters.some(({ inputs }) => inputs.name === '') ? (['name'] as const) : []),
    ...(isFaulty(['mount-path']) ? (['mount-path'] as const) : []),
    ...(isFaulty(TRIED) ? (['settings'] as const) : []),
    ...(loaded.some((file) => toCheck(file) === undefined) ? (['module'] as const) : []),
  ]);
}

/** The inputs that say which module it is. */
const MODULE_INPUTS: readonly InputName[] = ['filter', 'sha256', 'push-to', 'shrink', 'attestation'];

/** Returns a filter as `check` looks at it: as far as it is known, and which checks the inputs fail already. */
export function filterToCheck(filter: RequestedFilter): FilterToCheck {
  const { asked, module, isSettled } = filter;
  const faulty = [...asked.faulty].filter(isFilterInput);
  const isOfModule = (name: InputName): boolean => MODULE_INPUTS.includes(name);
  const failed: FilterCheck[] = [];
  if (!asked.isValid || !isSettled || faulty.some((name) => !isOfModule(name))) failed.push('inputs');
  if (module === undefined || faulty.some(isOfModule)) failed.push('module');

  return { ...filterRequestOf(filter), unknown: unknownOf([asked], [filter]), failed };
}

/** What has no effect, although nothing is wrong with it. */
export function filterWarnings(filters: readonly RequestedFilter[]): Warning[] {
  return [...unusedInputWarnings(filters), ...filters.flatMap(({ asked }) => untestedWarning(asked))];
}

/** Tests are a part of the check. */
function untestedWarning({ inputs: { options, tests }, place }: AskedFilter): Warning[] {
  const given = [
    ...(tests.list.trim() === '' ? [] : (['tests'] as const)),
    ...(tests.files.length === 0 ? [] : (['tests-file'] as const)),
  ];
  return options.check || given.length === 0 ? [] : [ignoring(given, 'with "check: off"', settingPlaces(place))];
}

/** A login that goes to no registry, as no filter is in one or pushed to one. */
export function loginWarnings(filters: readonly Pick<AskedFilter, 'inputs' | 'faulty'>[]): Warning[] {
  const logins = filters.flatMap(({ inputs }) => inputs.from.login ?? []);
  const isUsed = logins.length === 0 || logins.some(({ host }) => host !== undefined);
  const isUnclear = filters.some(({ faulty }) => faulty.has('filter') || faulty.has('push-to'));
  return isUsed || isUnclear ? [] : [ignoring(['registry-username', 'registry-password'], 'without an image')];
}
