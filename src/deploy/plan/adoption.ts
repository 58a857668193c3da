import { defined } from '../../base/defined.ts';
import type { Json } from '../../base/json.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { PodTemplate, Workload } from '../../cluster/objects.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import { pluginName } from '../../mesh/proxy/ecds.ts';
import { statedDigest } from '../../mesh/proxy/wasm-code.ts';
import { filtersOn, revisionOn } from '../../mesh/template/template.ts';
import { type AdoptedVolume, adoptedVolumes, annotatedMounts, mountOf } from '../../mesh/unmanaged/adopted-volumes.ts';
import { type Adopt, type AdoptionChoice, chooseAdopted } from '../../mesh/unmanaged/adoption-choice.ts';
import {
  type ConcernedProxies,
  dependentsOf,
  isRemovedBy,
  remainingPatches,
  sharersOf,
} from '../../mesh/unmanaged/adoption-limits.ts';
import {
  hasNameOf,
  type OurFilter,
  selectsTemplate,
  type UnmanagedFilter,
  unmanagedKey,
} from '../../mesh/unmanaged/unmanaged.ts';
import { findPlugins, type UnmanagedPlugin } from '../../mesh/unmanaged/unmanaged-plugins.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import {
  type ClusterSnapshot,
  type ObservedFilter,
  type ObservedWorkload,
  observedFilter,
} from '../observe/snapshot.ts';
import { envoyFiltersFor, unmanagedOn } from '../observe/unmanaged-view.ts';
import type { FilterRequest } from '../request.ts';
import * as say from './adoption-problems.ts';
import * as warn from './adoption-warnings.ts';
import { perWorkload, type WorkloadWarning } from './workload-warnings.ts';

/** A target of a filter, with the revision that it shall run and the one that its pods carry for that. */
export interface AdoptingTarget extends ObservedFilter {
  readonly revision: Revision;
  /** The id of the revision that the pods carry, which names our EnvoyFilter. */
  readonly podRevision: string;
}

/** What one workload loses to ours. */
export interface WorkloadAdoption {
  readonly filters: readonly UnmanagedFilter[];
  readonly volumes: readonly AdoptedVolume[];
}

/** What a filter takes over, by `workloadKey`, and what is to be said before anything is written. */
export interface Adoption {
  readonly byWorkload: ReadonlyMap<string, WorkloadAdoption>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/** A target with what runs there already. */
interface Examined extends AdoptingTarget {
  readonly found: readonly UnmanagedFilter[];
  /** What an earlier run has begun to take over. */
  readonly begun: readonly UnmanagedFilter[];
  readonly choice: AdoptionChoice;
  readonly plugins: readonly UnmanagedPlugin[];
  readonly isNew: boolean;
  /** Whether a running proxy has a filter of our name that nothing which may be read puts there. */
  readonly unseen: boolean;
}

/**
 * Judges the Wasm filters that run on the targets of a filter and are not this action's: which of them ours takes the place of, which
 * would make it run twice, which may be the same one. A pure function.
 */
export function planAdoption(
  filter: FilterRequest,
  targets: readonly AdoptingTarget[],
  snapshot: ClusterSnapshot,
): Adoption {
  const { adopt } = filter;
  const ours = oursOf(filter);
  const examined = targets.map((target) => examine(target, ours, adopt, snapshot));
  const adopting = examined.filter(({ choice }) => choice.adopted.length > 0);
  return {
    byWorkload: new Map(
      adopting.map((one) => [workloadKey(one.ref), { filters: one.choice.adopted, volumes: volumesOf(one, snapshot) }]),
    ),
    problems: [
      ...examined.flatMap((one) => targetProblems(one, filter, adopt)),
      ...groupsOf(examined).flatMap((group) => problemsOfGroup(group, filter, snapshot)),
      ...say.unusedNames(filter, examined, snapshot),
    ],
    warnings: perWorkload(
      examined.flatMap((one) =>
        targetWarnings(one, ours).map((warning) => ({ ...warning, subject: describeWorkload(one.ref) })),
      ),
    ),
  };
}

function oursOf({ name, module, settings }: FilterRequest): OurFilter {
  const { original, source } = module;
  const image = settings.image?.reference ?? (source?.kind === 'image' ? source.pinned : undefined);
  const pinned = image === undefined ? undefined : /sha256:[0-9a-f]{64}$/.exec(image)?.[0];
  const digests = [module.digest, original?.digest, pinned].filter((digest) => digest !== undefined);
  return { name, rootId: settings.rootId, digests };
}

function examine(target: AdoptingTarget, ours: OurFilter, adopt: Adopt, snapshot: ClusterSnapshot): Examined {
  const { ref, workload, id: running, filterResource } = target;
  const { namespace } = ref;
  const template = templateOf(workload);
  const found = remainingOn(target, ours.name, snapshot);
  const mounts = annotatedMounts(template);
  const begun = found.filter((filter) => {
    if (running === undefined) return false;
    if (filterResource !== undefined && !isPlugin(filterResource) && isRemovedBy(filter, filterResource)) return true;
    // Its file is gone from the pods already.
    const lost = filter.code.kind === 'file' && mountOf(filter.code.file, mounts) === undefined;
    return lost && hasNameOf(filter, ours.name);
  });
  const choice = chooseAdopted(found, ours, adopt, {
    begun: (filter) => begun.includes(filter),
    digestOf: (filter) => moduleDigestOf(filter, target, snapshot),
  });
  const isNew = running === undefined;
  const gateway = targetKind(ref).binding.targetRef(ref);
  const plugins = isNew ? findPlugins(template, snapshot.unmanaged.plugins(namespace), gateway) : [];
  const names = isNew ? (snapshot.unmanaged.chains(workloadKey(ref)) ?? []).flatMap((chain) => chain.httpFilters) : [];
  const known =
    unmanagedOn(target, snapshot).some(({ httpFilter }) => httpFilter === ours.name) ||
    plugins.some((plugin) => plugin.name === ours.name);
  const unseen = !known && names.some((one) => one === ours.name || pluginName(one) === `${namespace}.${ours.name}`);
  return { ...target, found, begun, choice, plugins, isNew, unseen };
}

/** Those of `unmanagedOn` that no filter of this action but `ours` runs in the place of. */
export function remainingOn(
  target: ObservedWorkload,
  ours: string,
  snapshot: ClusterSnapshot,
): readonly UnmanagedFilter[] {
  const filterResources = filtersOn(target.workload).flatMap((filter) => {
    const filterResource = filter === ours ? undefined : observedFilter(filter, target, snapshot).filterResource;
    return filterResource === undefined || isPlugin(filterResource) ? [] : [filterResource];
  });
  return unmanagedOn(target, snapshot).filter(
    (one) => !filterResources.some((filterResource) => isRemovedBy(one, filterResource)),
  );
}

/** The digest of the module of somebody's filter, where its ConfigMap was read or its configuration states it. */
export function moduleDigestOf(
  { code }: UnmanagedFilter,
  { ref, workload }: ObservedWorkload,
  snapshot: ClusterSnapshot,
): string | undefined {
  if (code.kind !== 'file') return statedDigest(code);
  const configMap = mountOf(code.file, annotatedMounts(templateOf(workload)))?.configMap;
  const files = configMap === undefined ? undefined : snapshot.unmanaged.files(ref.namespace, configMap);
  return files?.[code.file.replace(/^.*\//, '')] ?? statedDigest(code);
}

function targetProblems(
  { ref, found, choice, plugins, isNew, unseen }: Examined,
  filter: FilterRequest,
  adopt: Adopt,
): Problem[] {
  const { name, settings } = filter;
  const subject = describeWorkload(ref);
  const { adopted, twice, ambiguous } = choice;
  const unadoptable = adopted.filter((one) => one.unadoptable !== undefined);
  const nothing = isNew && adopt === true && adopted.length === 0 && twice.length === 0 && found.length > 0;
  return [
    ...twice.map((one) => say.runsTwice(subject, name, one, found, ref.namespace)),
    ...unadoptable.map((one) => say.cannotBeAdopted(subject, one)),
    ...(settings.image === undefined ? [] : adopted.map((one) => say.notByImage(subject, name, one))),
    ...ambiguous.map((one) => say.ambiguousName(subject, one, found, ref.namespace)),
    ...(nothing ? [say.nothingToAdopt(subject, name, found, ref.namespace)] : []),
    ...plugins.flatMap((plugin) => say.pluginTwice(subject, name, plugin)),
    ...(unseen ? [say.seenOnly(subject, name)] : []),
  ];
}

function targetWarnings(
  { ref, found, begun, choice, plugins, isNew, revision }: Examined,
  ours: OurFilter,
): WorkloadWarning[] {
  const notes = [
    ...choice.adopted.flatMap((filter) => warn.widerTraffic(filter, revision)),
    ...choice.adopted
      .filter((filter) => !begun.includes(filter))
      .flatMap((filter) => warn.otherSettings(filter, revision)),
  ];
  return [
    // Once ours runs, what else does was told when it came.
    ...(isNew
      ? [
          ...choice.perhaps.map(({ filter, why }) => warn.perhapsTheSame(ours.name, filter, why, found, ref.namespace)),
          ...plugins.flatMap((plugin) => warn.pluginPerhaps(ours, plugin)),
        ]
      : []),
    ...notes,
  ];
}

/** The targets that share an EnvoyFilter of this action: what it takes out, it takes out of the proxies of all of them. */
function groupsOf(examined: readonly Examined[]): Examined[][] {
  const groups = [...Map.groupBy(examined, ({ ref, podRevision }) => `${ref.namespace} ${podRevision}`).values()];
  return groups.filter((group) => group.some(({ choice }) => choice.adopted.length > 0));
}

function problemsOfGroup(group: readonly Examined[], { name }: FilterRequest, snapshot: ClusterSnapshot): Problem[] {
  const [first] = group;
  if (first === undefined) return [];
  const { namespace } = first.ref;
  const adopted = distinct(group.flatMap(({ choice }) => choice.adopted));
  const members = new Set(group.map(({ ref }) => workloadKey(ref)));
  const others = snapshot
    .workloads(namespace)
    .filter(({ ref, workload }) => !members.has(workloadKey(ref)) && revisionOn(workload, name) === first.podRevision);
  const envoyFilters = [
    ...envoyFiltersFor(namespace, snapshot),
    ...snapshot.filterResources(namespace).filter((one): one is EnvoyFilter => !isPlugin(one)),
  ];
  const proxies = [...group, ...others].map(({ ref, workload }): ConcernedProxies => {
    const chains = snapshot.unmanaged.chains(workloadKey(ref));
    return {
      workload: describeWorkload(ref),
      template: templateOf(workload),
      envoyFilters,
      ...defined({ chains }),
    };
  });
  const adopting = group.filter(({ choice }) => choice.adopted.length > 0);
  const subject = listWords(
    adopting.slice(0, 3).map(({ ref }) => describeWorkload(ref)),
    'and',
  );
  return adopted.flatMap((filter) => {
    const shared = sharersOf(filter, adopted, name, proxies);
    const dependents = dependentsOf(filter, adopted, first.revision, proxies);
    return [
      ...(shared.length === 0 ? [] : [say.sharedName(subject, filter, shared)]),
      ...(dependents.length === 0 ? [] : [say.hasDependents(subject, filter, dependents)]),
    ];
  });
}

function distinct(filters: readonly UnmanagedFilter[]): UnmanagedFilter[] {
  return [...new Map(filters.map((one) => [unmanagedKey(one), one])).values()];
}

/**
 * The volumes of what is taken over. Those of what an earlier run has begun with are among them: they may have stayed only for what
 * its EnvoyFilter served then.
 */
function volumesOf({ ref, workload, choice }: Examined, snapshot: ClusterSnapshot): AdoptedVolume[] {
  const template = templateOf(workload);
  const labels = template.metadata?.labels ?? {};
  const staying = envoyFiltersFor(ref.namespace, snapshot)
    .filter((envoyFilter) => selectsTemplate(envoyFilter, labels))
    .flatMap((envoyFilter) => remainingPatches(envoyFilter, choice.adopted));
  const plugins = snapshot.unmanaged.plugins(ref.namespace).map(({ spec }) => spec.url ?? null);
  return adoptedVolumes(template, choice.adopted, {
    texts: [...staying, ...plugins].flatMap(textsIn),
    keysOf: (configMap) => {
      const files = snapshot.unmanaged.files(ref.namespace, configMap);
      return files === undefined ? undefined : Object.keys(files);
    },
  });
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

function templateOf({ spec }: Workload): PodTemplate {
  return spec?.template ?? {};
}
