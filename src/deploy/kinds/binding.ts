import type { Result } from '../../base/problem.ts';
import type { Client, WriteOptions, Written } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { PluginKind, Resource } from '../../cluster/resources.ts';
import type { ListenerSettings } from '../../filter/settings.ts';
import type { SettingPlaces } from '../../filter/written.ts';
import type { PodRevision, PulledRevision, Revision } from '../../mesh/identity/revision.ts';
import type { FilterResource } from '../../mesh/objects/filter-resource.ts';
import type { WasmPlugin } from '../../mesh/objects/wasm-plugin.ts';
import type { PluginNames } from '../../mesh/proxy/envoy-log.ts';
import type { TemplateChange } from '../../mesh/template/template.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import type { WorkloadRef } from '../../targets/target.ts';

/** Our plugins of a namespace, and the kind that plugins have in the cluster. */
export interface ListedPlugins {
  readonly items: readonly WasmPlugin[];
  readonly kind: PluginKind;
}

/** What else of a namespace says what the pods of its targets are to run. */
export interface Surroundings {
  readonly plugins: ListedPlugins;
  /** The objects that have the pod templates of targets that refer to them, as far as they were listed. */
  readonly templateSources: readonly Workload[];
}

/** By what name the proxies of a target know a filter that they pull, and since when it is what it is. */
export type PluginTrace = PluginNames & { readonly image: string };

/** What proxies of a target should run of a filter: what the pods carry, and the settings that show in a proxy. */
export interface BoundRevision {
  readonly revision: { readonly settings: ListenerSettings; readonly places?: SettingPlaces };
  readonly podRevision: PodRevision;
}

/** Pods that are made of a target's pod template and are none of its own. */
export interface OtherPods {
  readonly kind: string;
  readonly name: string;
  readonly count: number;
}

/** One object that a patch of a target comes to. */
export interface TargetWrite {
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: string;
  readonly name: string;
  /** Of a plugin, how it was and what happens to it; omitted when the object is the target itself. */
  readonly plugin?: { readonly before?: WasmPlugin; readonly after?: WasmPlugin };
}

export interface TargetWriteOptions extends WriteOptions {
  /**
   * Whether a filter that is new to proxies which run already lets requests pass until it is there, so that an image which cannot be
   * pulled does no harm: there was no filter before either. The same patch, made anew of what this gives, closes it.
   */
  readonly openFirst?: boolean;
}

/** A call's permissions for one resource. */
export interface ResourceVerbs {
  readonly resource: Resource;
  readonly verbs: readonly string[];
}

/**
 * How filters get to the pods of a target: by its pod template (`templateBinding`), which may be in another object that the target
 * refers to (`referenceBinding`), or by plugins that name the target in their `targetRefs` (`pluginBinding`). Whoever plans, writes,
 * looks or rolls back asks this and not which of them it is.
 */
export interface FilterBinding {
  /** Whether running proxies take a change as they are; otherwise the pod template changes, and new pods take the place of old ones. */
  readonly inPlace: boolean;
  /** Whether a filter has to be an image that proxies pull, because nothing can be mounted into the pods. */
  readonly needsImage: boolean;
  /** What the objects are that targets may refer to for their pod template; omitted where each has its own. */
  readonly templateSource?: Resource;

  /** Objects of the kind as the run looks at them: with what their pods are to run in `spec.template`. */
  view(listed: readonly Workload[], surroundings: Surroundings): readonly Workload[];
  /** Those of a namespace that may run a filter. `listed` is `undefined` where nobody has listed the kind. */
  candidates(
    namespace: string,
    listed: readonly Workload[] | undefined,
    surroundings: Surroundings,
  ): readonly Workload[];
  /** Which object of `templateSource` has the pod template of a target; `undefined` if the target itself has it. */
  sourceOf(workload: Workload): string | undefined;
  /** The object that has the pod template, as the cluster has it: by its marks it is known who else writes the template. */
  templateHolder(workload: Workload): Workload;
  /** What else a change of the template restarts, beside the pods of the target; `undefined` for nothing. */
  alsoRestarts(workload: Workload): OtherPods | undefined;
  /** A target as a watch shows it, with what only `known`, as it was last read or written, tells of it. */
  refresh(shown: Workload, known: Workload): Workload;
  /** An object of which nothing is known but its name. */
  unread(ref: WorkloadRef): Workload;

  /** The target as it is now; `observed` is how it was before. @throws ApiError */
  read(client: Client, resource: Resource, ref: WorkloadRef, observed: Workload): Promise<Workload>;
  /** The patch that makes a change; `undefined` if all is as wanted. `name` is how problems call the target. */
  patchFor(observed: Workload, change: TemplateChange, name: string): Result<WorkloadPatch | undefined>;
  /** What a patch comes to, in the order of the writes. */
  writes(ref: WorkloadRef, observed: Workload, patch: WorkloadPatch): readonly TargetWrite[];
  /** Writes a patch on the condition that the target is as it was observed: a 409 says that it is not. @throws ApiError */
  write(
    client: Client,
    resource: Resource,
    ref: WorkloadRef,
    target: { readonly observed: Workload; readonly patch: WorkloadPatch },
    options: TargetWriteOptions,
  ): Promise<Written<Workload>>;
  /** What may be called to write a patch and to roll it back. */
  permissions(resource: Resource, observed: Workload): ResourceVerbs;

  /** What the pods of a target carry for a revision. */
  podRevisionFor(revision: Revision, target: string): PodRevision;
  /** What the pods of a target carry for a revision whose resource is there; `undefined` if somebody has edited that away. */
  podRevisionFromResource(
    filterResource: FilterResource,
    revision: Pick<PodRevision, 'filter' | 'id'>,
    target: string,
  ): PodRevision | undefined;
  /** What an object says itself of a revision; `undefined` where only the revision's resource can tell. */
  podRevisionFromWorkload(workload: Workload, filter: string, id: string): PodRevision | undefined;
  /** What proxies should run of a revision; `filterResource` is its resource, `undefined` if that is not there. */
  running(
    workload: Workload,
    filter: string,
    id: string,
    filterResource: FilterResource | undefined,
  ): BoundRevision | undefined;
  /** What somebody else has edited of revisions that a run has recorded, in words. */
  editsOf(observed: Workload, recorded: readonly PodRevision[]): string[];
  /** Who has edited what brings a filter to this one target, in words. */
  editorsOf(observed: Workload, filter: string): string[];
  /** By what name proxies know a filter that they pull. */
  pluginTrace(ref: WorkloadRef, podRevision: PulledRevision, observed: Workload): PluginTrace;
  /** The name by which proxies know the plugin that brings a filter to this target alone; `undefined` where a revision's does. */
  ownPlugin(ref: WorkloadRef, filter: string): string | undefined;
  /** The name that plugins of others may name a target by; `undefined` where they select pods by labels alone. */
  targetRef(ref: WorkloadRef): string | undefined;
}
