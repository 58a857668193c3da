import { dump } from 'js-yaml';
import { bad, type Checked, Findings, good, type Problem } from '../base/problem.ts';
import { PROXY_CONTAINER } from '../cluster/pods.ts';
import { CONFIG_MAP, type TargetKind, WASM_PLUGIN, WORKLOADS } from '../cluster/resources.ts';
import { attachedPlacement } from '../mesh/attachment.ts';
import { attachmentWrites } from '../mesh/attachment-writes.ts';
import { renderConfigMap } from '../mesh/config-map.ts';
import { viewGateway } from '../mesh/gateway-view.ts';
import { renderInserter, resourceOf } from '../mesh/inserter.ts';
import { TEMPLATES_ANNOTATION } from '../mesh/names.ts';
import { makeRevision, placementOf, type Revision, revisionName } from '../mesh/revision.ts';
import { patchWorkload } from '../mesh/template.ts';
import type { SelectedTargets, TargetEntry } from '../targets/target.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../targets/target.ts';
import { NOTHING_COLLECTED, type Outcome } from './deploy.ts';
import { examineWithoutCluster } from './examine.ts';
import type { TrialContext } from './preflight.ts';
import type { RenderedFile } from './render-report.ts';
import type { DraftRequest, FilterRequest, RenderRequest } from './request.ts';
import { kindsOf, settingsOn } from './target-settings.ts';

/** Writes a file below the workspace, with its folders. */
export type WriteFile = (path: string, text: string) => Promise<void>;

interface File {
  readonly name: string;
  readonly text: string;
  readonly content: string;
  /** How the kustomization takes it in. */
  readonly entry: 'resource' | { readonly target?: Readonly<Record<string, string>> };
}

/**
 * Writes what `deploy` would write as files for GitOps: ConfigMaps, EnvoyFilters or WasmPlugins, a strategic-merge patch for each workload or
 * selector, and a kustomization that is a Component, so that an overlay with the workloads takes it in under `components`
 * (https://kubectl.docs.kubernetes.io/guides/config_management/components/). Needs no cluster.
 */
export async function render(
  draft: DraftRequest<RenderRequest>,
  writeFile: WriteFile,
  context: TrialContext,
): Promise<Outcome> {
  const nothing = { targets: [], warnings: [], collected: NOTHING_COLLECTED };
  const { folder } = draft.request;
  const findings = new Findings();
  if (!draft.ok) findings.add(...draft.problems);
  const files = findings.take(renderFiles(draft.request));
  const checked = await examineWithoutCluster(draft, context);
  findings.add(...checked.problems);
  if (files === undefined || !findings.clean) return { ...nothing, ...checked, problems: findings.problems };
  const rendered: RenderedFile[] = [];
  for (const { name, text, content } of files) {
    const path = `${folder.replace(/\/+$/, '')}/${name}`;
    try {
      await writeFile(path, text);
    } catch (cause) {
      return {
        ...nothing,
        problems: [
          {
            kind: 'input',
            subject: 'input "render-to"',
            message: `"${path}" cannot be written (${String(cause)}).`,
            remedy: 'Name a folder of the workspace that this job may write to.',
            cause,
          },
        ],
      };
    }
    rendered.push({ path, bytes: Buffer.byteLength(text), content });
  }
  return { ...nothing, ...checked, rendered: { folder, files: rendered } };
}

/** The files, without anything of a cluster. Entries that name one workload twice with different settings are a problem. */
export function renderFiles({ filters }: RenderRequest): Checked<readonly File[]> {
  const findings = new Findings();
  const objects = new Map<string, File>();
  const patches = new Map<string, { entry: TargetEntry; ref?: WorkloadRef; revisions: Revision[] }>();
  for (const filter of filters) {
    for (const entry of filter.targets) {
      if (entry.type === 'selected' && entry.kinds.includes('Gateway')) {
        findings.add(unknownGateways(entry));
        continue;
      }
      const [kind = 'Deployment'] = kindsOf(entry);
      const revision = revisionOn(kind, filter, entry);
      for (const namespace of entry.type === 'named' ? [entry.workload.namespace] : entry.namespaces) {
        for (const file of objectFiles(revision, namespace)) objects.set(file.name, file);
      }
      const key = entry.type === 'named' ? workloadKey(entry.workload) : entry.origin;
      const known = patches.get(key) ?? {
        entry,
        revisions: [],
        ...(entry.type === 'named' ? { ref: entry.workload } : {}),
      };
      const same = known.revisions.find((one) => one.filter === revision.filter);
      if (same === undefined) known.revisions.push(revision);
      else if (same.id !== revision.id && entry.type === 'named') {
        findings.add({
          kind: 'targets',
          subject: describeWorkload(entry.workload),
          message: 'is named twice with different settings.',
          remedy: 'Give it one entry, or the same settings in both.',
        });
      }
      patches.set(key, known);
    }
  }
  if (!findings.clean) return bad(...findings.problems);
  const patchFiles = [...patches.values()].flatMap(({ entry, ref, revisions }) => {
    if (ref === undefined) return selectorPatches(entry as SelectedTargets, revisions);
    return ref.kind === 'Gateway' ? attachmentFiles(ref, revisions) : [namedPatch(ref, revisions)];
  });
  const files = [...objects.values(), ...patchFiles];
  return good([...files, kustomization(files)]);
}

function revisionOn(
  kind: TargetKind,
  { name, module, settings }: Pick<FilterRequest, 'name' | 'module' | 'settings'>,
  { override }: TargetEntry,
): Revision {
  return makeRevision(name, module, settingsOn(kind, settings, override));
}

/** A WasmPlugin has to name its Gateway, and nobody asks a cluster which ones there are. */
function unknownGateways({ origin, selector }: SelectedTargets): Problem {
  return {
    kind: 'targets',
    subject: origin,
    message: `selects Gateways with "${selector.text}", but files have to name each Gateway.`,
    remedy: 'Name them one by one, as "gateway/NAME".',
  };
}

function attachmentFiles({ namespace, name }: WorkloadRef, revisions: readonly Revision[]): File[] {
  const view = viewGateway({ metadata: { name, namespace } }, []);
  const place = revisions.map((revision) => attachedPlacement(revision, name));
  const patch = patchWorkload(view, { place, remove: [], state: () => ({}) }, '');
  const writes = patch.ok && patch.value !== undefined ? attachmentWrites(view, patch.value) : [];
  return writes.map(({ name: file, wanted }): File => {
    const { apiVersion, kind } = WASM_PLUGIN;
    return {
      name: `wasmplugin_${namespace}_${file}.yaml`,
      text: yaml({ apiVersion, kind, ...wanted }),
      content: `${kind} ${namespace}/${file}`,
      entry: 'resource',
    };
  });
}

function objectFiles(revision: Revision, namespace: string): File[] {
  const name = revisionName(revision);
  const configMap = {
    apiVersion: CONFIG_MAP.apiVersion,
    kind: CONFIG_MAP.kind,
    ...renderConfigMap(revision, namespace),
  };
  const { apiVersion, kind } = resourceOf(placementOf(revision));
  const inserter = { apiVersion, kind, ...renderInserter(revision, namespace) };
  return [
    {
      name: `configmap_${namespace}_${name}.yaml`,
      text: yaml(configMap),
      content: `ConfigMap ${namespace}/${name}`,
      entry: 'resource',
    },
    {
      name: `${kind.toLowerCase()}_${namespace}_${name}.yaml`,
      text: yaml(inserter),
      content: `${kind} ${namespace}/${name}`,
      entry: 'resource',
    },
  ];
}

function namedPatch(ref: WorkloadRef, revisions: readonly Revision[]): File {
  const { kind, namespace, name } = ref;
  const metadata = { name, namespace };
  return {
    name: `patch_${namespace}_${kind.toLowerCase()}_${name}.yaml`,
    text: yaml({ apiVersion: WORKLOADS[kind].apiVersion, kind, metadata, ...templatePatch(revisions) }),
    content: `patch for ${describeWorkload(ref)}`,
    entry: {},
  };
}

/** Kustomize finds the workloads of a selector itself, one patch for each kind and namespace. */
function selectorPatches(
  { origin, namespaces, kinds, selector }: SelectedTargets,
  revisions: readonly Revision[],
): File[] {
  const slug = origin.replace(/[^a-z0-9]+/gi, '-').replace(/^-+|-+$/g, '');
  return namespaces.flatMap((namespace) =>
    kinds.map((kind): File => {
      const { group, apiVersion } = WORKLOADS[kind];
      return {
        name: `patch_${namespace}_${kind.toLowerCase()}s_of_${slug}.yaml`,
        text: yaml({ apiVersion, kind, metadata: { name: 'selected' }, ...templatePatch(revisions) }),
        content: `patch for ${kind}s of ${namespace} with ${selector.text}`,
        entry: { target: { group, kind, namespace, labelSelector: selector.text } },
      };
    }),
  );
}

/** A pod template that Istio takes for a gateway, with nothing of its own. */
const BARE_GATEWAY = {
  metadata: { annotations: { [TEMPLATES_ANNOTATION]: 'gateway' } },
  spec: { containers: [{ name: PROXY_CONTAINER }] },
};

function templatePatch(revisions: readonly Revision[]): Record<string, unknown> {
  const change = { place: revisions.map(placementOf), remove: [], state: () => ({}) };
  // Of a gateway, only what has to be merged into it: volumes and containers by their names.
  const gateway = revisions.every(({ settings }) => settings.direction === 'gateway');
  const spec = gateway ? { template: BARE_GATEWAY } : {};
  const patch = patchWorkload({ metadata: { name: '' }, spec }, change, '');
  return patch.ok ? { spec: patch.value?.spec } : {};
}

function kustomization(files: readonly File[]): File {
  return {
    name: 'kustomization.yaml',
    text: yaml({
      apiVersion: 'kustomize.config.k8s.io/v1alpha1',
      kind: 'Component',
      resources: files.filter(({ entry }) => entry === 'resource').map(({ name }) => name),
      patches: files.flatMap(({ entry, name }) => (entry === 'resource' ? [] : [{ path: name, ...entry }])),
    }),
    content: 'Component that holds all of it',
    entry: 'resource',
  };
}

function yaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
