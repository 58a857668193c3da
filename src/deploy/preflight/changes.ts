import { structuredPatch } from 'diff';
import { dump } from 'js-yaml';
import { arrangedLike, sameJson } from '../../base/json.ts';
import { hideNamed } from '../../base/redaction/named-secrets.ts';
import { formatBytes, listWords } from '../../base/text.ts';
import type { Client } from '../../cluster/client.ts';
import type { ContainerSpec, KubernetesObject, Workload } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { CONFIG_MAP, ENVOY_FILTER, type Resource } from '../../cluster/resources.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { resourceOf } from '../../mesh/objects/filter-resource.ts';
import { toStored } from '../../mesh/objects/traffic-extension.ts';
import type { KeyChanges, WorkloadPatch } from '../../mesh/workload-patch.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { TargetWrite } from '../kinds/binding.ts';
import { targetKind } from '../kinds/kinds.ts';
import { patchTarget } from '../kinds/target-access.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { type AdoptedEnvoyFilter, adoptedEnvoyFilters } from '../plan/adopted-envoy-filters.ts';
import {
  GARBAGE_RESOURCES,
  type Plan,
  type PlannedFilterResource,
  type PlannedObject,
  type PlannedWorkload,
} from '../plan/plan.ts';
import type { PlannedChange } from '../report/plan-report.ts';

/** A write, and how to try it without doing it. */
export interface ProposedChange {
  readonly change: Omit<PlannedChange, 'admission'>;
  /** The workload whose filters it changes; omitted for an object that workloads share. */
  readonly workload?: PlannedWorkload;
  /** What is sent: the object, the patch, or `null` where one is deleted. */
  readonly content: unknown;
  /** What its difference is made of, as it is and as it will be. */
  readonly sides?: readonly unknown[];
  /** Sends it as a dry run and gives the admission warnings. */
  readonly send: (client: Client) => Promise<readonly string[]>;
}

/** A write before its difference is worked out, which takes time. */
interface PlannedWrite {
  readonly action: PlannedChange['action'];
  readonly propose: () => ProposedChange;
}

/** Every write of a plan, in the order in which `deploy` does them. A run that does not wait leaves what has to go to a later one. */
export function describeChanges(plan: Plan, snapshot: ClusterSnapshot, wait = true): ProposedChange[] {
  return writesOf(plan, snapshot, wait).map(({ propose }) => propose());
}

/** Returns what each of these writes does, without the differences. */
export function actionsOf(plan: Plan, snapshot: ClusterSnapshot, wait = true): PlannedChange['action'][] {
  return writesOf(plan, snapshot, wait).map(({ action }) => action);
}

function writesOf(plan: Plan, snapshot: ClusterSnapshot, wait: boolean): PlannedWrite[] {
  return [
    ...plan.configMaps
      .filter(({ write }) => write)
      .map((planned) => ({ action: actionOn(planned), propose: () => proposeConfigMap(planned) })),
    ...plan.filterResources
      .filter(({ write }) => write)
      .map((planned) => ({ action: actionOn(planned), propose: () => proposeFilterResource(planned, snapshot) })),
    ...plan.workloads.flatMap((planned) => (planned.patch === undefined ? [] : targetWrites(planned, planned.patch))),
    ...(wait ? deletionsOf(plan, snapshot) : []),
  ];
}

function actionOn({ exists }: Pick<PlannedFilterResource, 'exists'>): PlannedChange['action'] {
  return exists ? 'change' : 'create';
}

function deletionsOf(plan: Plan, snapshot: ClusterSnapshot): PlannedWrite[] {
  return [
    ...adoptedEnvoyFilters(plan, snapshot)
      .filter(({ taken }) => taken.length > 0)
      .map((adopted): PlannedWrite => {
        return { action: adopted.keeps.length === 0 ? 'delete' : 'change', propose: () => proposeAdoption(adopted) };
      }),
    ...plan.garbage.map(({ kind, namespace, name }): PlannedWrite => {
      return {
        action: 'delete',
        propose: () => proposeDeletion(GARBAGE_RESOURCES[kind], namespace, name, 'superseded'),
      };
    }),
  ];
}

/** What goes of an EnvoyFilter that filters are taken over from. */
function proposeAdoption({ ref: { namespace, name }, observed, taken, keeps }: AdoptedEnvoyFilter): ProposedChange {
  const reason = `replaced by this action: ${listWords(
    taken.map(({ httpFilter }) => `"${httpFilter}"`),
    'and',
  )}`;
  if (keeps.length === 0) return proposeDeletion(ENVOY_FILTER, namespace, name, reason);
  const spec = { configPatches: keeps };
  return {
    change: {
      action: 'change',
      kind: ENVOY_FILTER.kind,
      namespace,
      name,
      reasons: [reason],
      diff: difference({ spec: observed.spec }, { spec: { ...observed.spec, ...spec } }),
    },
    content: { spec },
    sides: [observed.spec],
    send: async (client) =>
      (await client.mergePatch(ENVOY_FILTER, namespace, name, { spec }, { dryRun: true })).warnings,
  };
}

function proposeDeletion(resource: Resource, namespace: string, name: string, reason: string): ProposedChange {
  return {
    change: { action: 'delete', kind: resource.kind, namespace, name, reasons: [reason], diff: [] },
    content: null,
    send: async (client) => {
      await client.delete(resource, namespace, name, {}, { dryRun: true });
      return [];
    },
  };
}

function proposeConfigMap(planned: PlannedObject<ConfigMap>): ProposedChange {
  const { namespace, podRevision, revision, exists } = planned;
  const rendered = planned.render();
  const bytes = `<${formatBytes(revision.module.bytes.length)}, ${revision.module.digest}>`;
  const { binaryData } = rendered;
  const shown =
    binaryData === undefined
      ? rendered
      : { ...rendered, binaryData: Object.fromEntries(Object.keys(binaryData).map((key) => [key, bytes])) };
  return {
    change: {
      action: actionOn(planned),
      kind: CONFIG_MAP.kind,
      namespace,
      name: revisionName(podRevision),
      reasons: planned.drift === undefined ? [] : [planned.drift],
      diff: yaml(shown).map((line) => `+${line}`),
    },
    content: rendered,
    send: async (client) => {
      const { warnings } = await client.apply<KubernetesObject>(CONFIG_MAP, namespace, planned.render(), {
        dryRun: true,
        force: exists,
      });
      return warnings;
    },
  };
}

function proposeFilterResource(planned: PlannedFilterResource, snapshot: ClusterSnapshot): ProposedChange {
  const { namespace, podRevision, exists } = planned;
  const resource = resourceOf(podRevision);
  const rendered = planned.render();
  const { filterResource: observed } = snapshot.objectsOf(namespace, podRevision);
  return {
    change: {
      action: actionOn(planned),
      kind: resource.kind,
      namespace,
      name: revisionName(podRevision),
      reasons: planned.drift === undefined ? [] : [planned.drift],
      diff:
        observed === undefined
          ? yaml(rendered).map((line) => `+${line}`)
          : difference({ spec: toStored(observed).spec }, { spec: rendered.spec }),
    },
    content: rendered,
    sides: [observed, rendered],
    send: async (client) => {
      const { warnings } = await client.apply<KubernetesObject>(resource, namespace, rendered, {
        dryRun: true,
        force: exists,
      });
      return warnings;
    },
  };
}

function targetWrites(planned: PlannedWorkload, patch: WorkloadPatch): PlannedWrite[] {
  const { ref, observed, drift, removals } = planned;
  const { namespace } = ref;
  const lost = removals.map((filter) => `loses the filter ${filter}`);
  return targetKind(ref)
    .binding.writes(ref, observed, patch)
    .map(({ plugin, ...write }, index) => ({
      action: write.action,
      propose: () => ({
        change:
          plugin === undefined
            ? { ...write, namespace, reasons: [...lost, ...drift], diff: patchDifference(observed, patch) }
            : {
                ...write,
                namespace,
                reasons: plugin.after === undefined ? [`${describeWorkload(ref)} must not run it`] : drift,
                diff: pluginDifference(plugin),
              },
        workload: planned,
        content: plugin === undefined ? patch : (plugin.after ?? null),
        ...(plugin !== undefined && { sides: [plugin.before, plugin.after] }),
        // The first sends them all.
        send: async (client) =>
          index > 0 ? [] : (await patchTarget(client, ref, observed, patch, { dryRun: true })).warnings,
      }),
    }));
}

function pluginDifference({ before, after }: NonNullable<TargetWrite['plugin']>): string[] {
  if (after === undefined) return [];
  if (before === undefined) return yaml(toStored(after)).map((line) => `+${line}`);
  return difference({ spec: toStored(before).spec }, { spec: toStored(after).spec });
}

/** The keys that a patch changes, as they are and as they will be. */
function patchDifference({ metadata, spec }: Workload, patch: WorkloadPatch): string[] {
  const template = patch.spec?.template.metadata;
  const lists = patch.spec?.template.spec ?? {};
  const now = spec?.template?.metadata;
  return [
    ...keyDifference('metadata.annotations', metadata.annotations, patch.metadata?.annotations),
    ...keyDifference('spec.template.metadata.labels', now?.labels, template?.labels),
    ...keyDifference('spec.template.metadata.annotations', now?.annotations, template?.annotations),
    ...(lists.volumes === undefined ? [] : listDifference('volumes', spec?.template?.spec?.volumes, lists.volumes)),
    ...(lists.containers === undefined
      ? []
      : listDifference(
          `containers[${PROXY_CONTAINER}].volumeMounts`,
          proxyMounts(spec?.template?.spec?.containers),
          proxyMounts(lists.containers),
        )),
  ];
}

/** Nothing else in the list of containers changes, and what is there may be secret. */
function proxyMounts(containers: readonly ContainerSpec[] = []): unknown {
  return containers.find(({ name }) => name === PROXY_CONTAINER)?.volumeMounts;
}

function listDifference(list: string, before: unknown, after: unknown): string[] {
  const lines = difference(before ?? [], after ?? []);
  return [` spec.template.spec.${list}:`, ...lines];
}

function keyDifference(
  title: string,
  now: Readonly<Record<string, string>> | undefined,
  changes: KeyChanges | undefined,
): string[] {
  if (changes === undefined) return [];
  const lines = Object.entries(changes).flatMap(([key, value]) => {
    const before = now?.[key];
    return [
      ...(before === undefined ? [] : [`-  ${key}: ${before}`]),
      ...(value === null ? [] : [`+  ${key}: ${value}`]),
    ];
  });
  return [` ${title}:`, ...lines];
}

/** Values with a secret's name are taken out, so that both sides look the same. */
const ONLY_SECRETS = '! only secret values change';

/** What differs between two values as YAML. An API server answers with the keys in an order of its own. */
function difference(before: unknown, after: unknown): string[] {
  const [was = '', is = ''] = [arrangedLike(before, after), after].map((value) => `${yaml(value).join('\n')}\n`);
  if (was === is && !sameJson(before, after)) return [ONLY_SECRETS];
  const { hunks } = structuredPatch('', '', was, is, '', '', { context: 3 });
  return hunks.flatMap(({ lines }, index) => [...(index === 0 ? [] : [' …']), ...lines]);
}

function yaml(value: unknown): string[] {
  return dump(hideNamed(value), { lineWidth: -1, noRefs: true }).trimEnd().split('\n');
}
