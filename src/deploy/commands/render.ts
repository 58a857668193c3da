import { defined } from '../../base/defined.ts';
import { fileFault, fileRemedy } from '../../base/files.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { withoutTrailing } from '../../base/text.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { CONFIG_MAP, PLUGINS } from '../../cluster/resources.ts';
import { TEMPLATES_ANNOTATION } from '../../mesh/identity/names.ts';
import { podRevisionOf, type Revision, revisionName } from '../../mesh/identity/revision.ts';
import type { FilterState } from '../../mesh/identity/state.ts';
import { renderConfigMap } from '../../mesh/objects/config-map.ts';
import { renderFilterResource, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { patchWorkload } from '../../mesh/template/template.ts';
import { patternExpression } from '../../targets/pattern.ts';
import { describeChoice, describeSelection } from '../../targets/select.ts';
import {
  describeWorkload,
  namespacesOf,
  type SelectedTargets,
  type TargetEntry,
  type WorkloadRef,
} from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import { kindsOf, revisionMaker } from '../plan/target-settings.ts';
import { checkTogether } from '../preflight/filters-together.ts';
import type { TrialContext } from '../preflight/revision-checks.ts';
import type { OutcomeOf } from '../report/conclude.ts';
import { STOPPED } from '../report/report.ts';
import type { RenderRequest, RequestOrProblems } from '../request.ts';
import { examineWithoutCluster } from './examine.ts';
import { yaml } from './kustomization.ts';
import {
  maybeOverlapping,
  orderEntries,
  type Patch,
  patchKey,
  referenceWarnings,
  revisionsIn,
} from './render-patches.ts';
import { type RenderedContent, takenComponent, type Workspace, writeFolder } from './write-folder.ts';

/**
 * Writes what `deploy` would write as files for GitOps: ConfigMaps, EnvoyFilters or WasmPlugins, and a strategic-merge patch for each
 * workload or selector, all in a Component; beside it an overlay, so that `kubectl apply --server-side -k` takes the folder as it stands. What an
 * earlier run wrote there and this one does not is removed. Needs no cluster.
 */
export async function render(
  requested: RequestOrProblems<RenderRequest>,
  workspace: Workspace,
  context: TrialContext,
): Promise<OutcomeOf<'render'>> {
  const stopped = { command: 'render', rendered: STOPPED } as const;
  const { folder } = requested.request;
  const diagnostics = new Diagnostics();
  if (!requested.ok) diagnostics.add(requested.problems);
  const files = diagnostics.unwrap(renderFiles(requested.request));
  const examined = await examineWithoutCluster(requested, context);
  const together = requested.ok ? checkTogether(requested.request.filters) : { problems: [], warnings: [] };
  const checked = { ...examined, warnings: [...together.warnings, ...examined.warnings] };
  diagnostics.add(together.problems, checked.problems);
  if (files === undefined || !diagnostics.ok || context.signal.aborted) {
    return { ...stopped, ...checked, problems: diagnostics.problems };
  }
  const root = withoutTrailing(folder, '/');
  try {
    const taken = await takenComponent(root, workspace);
    if (taken !== undefined) return { ...stopped, ...checked, problems: [taken] };
    const { warnings, ...rendered } = await writeFolder(root, files, workspace, context.signal);
    const revisions = revisionsIn(requested.request.filters);
    const said = [...checked.warnings, ...warnings, ...referenceWarnings(requested.request.filters)];
    const written = { state: 'written', folder: root, revisions, ...rendered } as const;
    return { command: 'render', ...checked, warnings: said, rendered: written };
  } catch (cause) {
    if (context.signal.aborted) return { ...stopped, ...checked, problems: [] };
    const problem: Problem = {
      kind: 'input',
      subject: 'input "render-to"',
      form: 'clause',
      message: `"${root}" cannot be written: ${fileFault(cause)}.`,
      remedy: fileRemedy(cause, 'Name a folder of the workspace that this job can write to.'),
      cause,
    };
    return { ...stopped, warnings: [], problems: [problem] };
  }
}

/** The files, without anything of a cluster. Entries that name one workload twice with different settings are a problem. */
export function renderFiles({ filters }: RenderRequest): Result<readonly RenderedContent[]> {
  const diagnostics = new Diagnostics();
  const objects = new Map<string, RenderedContent>();
  const patches = new Map<string, Patch>();
  const places = new Set<string>();
  const orderOf = orderEntries(filters);
  for (const [index, filter] of filters.entries()) {
    const revisionOn = revisionMaker(filter);
    for (const entry of filter.targets) {
      const unknown = entry.type === 'selected' ? unknownToFiles(entry) : [];
      diagnostics.add(unknown);
      if (unknown.length > 0) continue;
      // No list of kinds is empty.
      const revision = revisionOn({ kind: kindsOf(entry)[0] as string }, entry.override, orderOf(index, entry));
      diagnostics.add(unmergeable(entry, revision));
      for (const namespace of namespacesOf(entry)) {
        // Its ConfigMap holds the whole module.
        const place = `${namespace}/${revisionName(revision)}`;
        if (places.has(place)) continue;
        places.add(place);
        for (const file of objectFiles(revision, namespace)) objects.set(file.name, file);
      }
      const key = patchKey(entry);
      const known = patches.get(key) ?? {
        entry,
        revisions: [],
        ...(entry.type === 'named' && { ref: entry.workload }),
      };
      const same = known.revisions.find((one) => one.filter === revision.filter);
      if (same === undefined) known.revisions.push(revision);
      else if (same.id !== revision.id && entry.type === 'named') {
        diagnostics.add({
          kind: 'targets',
          subject: describeWorkload(entry.workload),
          message: 'is named twice with different settings.',
          remedy: 'Give it one entry, or the same settings in both.',
        });
      }
      patches.set(key, known);
    }
  }
  diagnostics.add(maybeOverlapping([...patches.values()]));
  if (!diagnostics.ok) return fail(diagnostics.problems);
  const patchFiles = [...patches.values()].flatMap(({ entry, ref, revisions }) => {
    if (ref === undefined) return selectorPatches(entry as SelectedTargets, revisions);
    return targetKind(ref).binding.inPlace ? pluginFiles(ref, revisions) : [namedPatch(ref, revisions)];
  });
  return ok([...objects.values(), ...patchFiles]);
}

/** What of an entry only a cluster could tell, which nobody asks. */
function unknownToFiles(entry: SelectedTargets): Problem[] {
  const { origin, namespaces, kinds, exclude } = entry;
  const problem = (message: string, remedy: string): Problem => ({ kind: 'targets', subject: origin, message, remedy });
  const unnamed = kinds.find((kind) => targetKind({ kind }).binding.inPlace);
  const what = describeSelection(entry);
  return [
    ...(unnamed === undefined
      ? []
      : [
          problem(
            `means ${unnamed}s by ${what}, but the files must name each ${unnamed}.`,
            `Name them one by one, as "${unnamed.toLowerCase()}/NAME".`,
          ),
        ]),
    ...(namespaces.type === 'listed'
      ? []
      : [
          problem(
            `chooses its namespaces by ${describeChoice(namespaces.by)}, but "render" contacts no cluster to find them.`,
            'Name them one by one in "namespaces".',
          ),
        ]),
    ...(exclude.length === 0
      ? []
      : [
          problem(
            'has "exclude", which "render" does not support: it contacts no cluster, and the patch of a kustomization cannot exclude workloads.',
            'Select by labels that the others do not have, such as "tier=api,!legacy", or name the workloads one by one.',
          ),
        ]),
  ];
}

/** A patch of a gateway has lists: kustomize and kubectl would replace those of a custom resource by ours, proxy and all. */
function unmergeable(entry: TargetEntry, { settings }: Revision): Problem[] {
  if (settings.direction !== 'gateway' || settings.image !== undefined) return [];
  const custom = kindsOf(entry).find((kind) => targetKind({ kind }).resource.isCustom);
  if (custom === undefined) return [];
  return [
    {
      kind: 'targets',
      subject: entry.type === 'named' ? describeWorkload(entry.workload) : entry.origin,
      ...defined({ at: entry.at }),
      form: entry.type === 'named' ? 'clause' : 'sentence',
      message: `a patch file cannot mount the filter into a gateway that is a ${custom}: kustomize and kubectl would replace its whole lists of containers and volumes.`,
      remedy: 'Give the filter as an image ("filter: oci://…"), which needs no mount, or use "deploy".',
    },
  ];
}

function pluginFiles(ref: WorkloadRef, revisions: readonly Revision[]): RenderedContent[] {
  const { binding } = targetKind(ref);
  const { namespace } = ref;
  const unread = binding.unread(ref);
  const podRevisions = revisions.map((revision) => binding.podRevisionFor(revision, ref.name));
  const patch = binding.patchFor(unread, { podRevisions, remove: [], state: () => ({}) }, '');
  const writes = patch.ok && patch.value !== undefined ? binding.writes(ref, unread, patch.value) : [];
  return writes.flatMap(({ name, plugin }): RenderedContent[] => {
    if (plugin?.after === undefined) return [];
    const { apiVersion, kind } = PLUGINS[plugin.after.kind];
    return [
      {
        name: `${kind.toLowerCase()}_${namespace}_${name}.yaml`,
        text: yaml({ apiVersion, ...plugin.after }),
        content: `${kind} ${namespace}/${name}`,
        entry: 'resource',
      },
    ];
  });
}

function objectFiles(revision: Revision, namespace: string): RenderedContent[] {
  const name = revisionName(revision);
  const configMap = {
    apiVersion: CONFIG_MAP.apiVersion,
    kind: CONFIG_MAP.kind,
    ...renderConfigMap(revision, namespace),
  };
  const { apiVersion, kind } = resourceOf(podRevisionOf(revision));
  const filterResource = { apiVersion, kind, ...renderFilterResource(revision, namespace) };
  return [
    {
      name: `configmap_${namespace}_${name}.yaml`,
      text: yaml(configMap),
      content: `ConfigMap ${namespace}/${name}`,
      entry: 'resource',
    },
    {
      name: `${kind.toLowerCase()}_${namespace}_${name}.yaml`,
      text: yaml(filterResource),
      content: `${kind} ${namespace}/${name}`,
      entry: 'resource',
    },
  ];
}

function namedPatch(ref: WorkloadRef, revisions: readonly Revision[]): RenderedContent {
  const { kind, namespace, name } = ref;
  const { apiVersion, group } = targetKind(ref).resource;
  const metadata = { name, namespace };
  return {
    name: `patch_${namespace}_${kind.toLowerCase()}_${name}.yaml`,
    text: yaml({ apiVersion, kind, metadata, ...templatePatch(revisions) }),
    content: `patch for ${describeWorkload(ref)}`,
    // Names in targets are regular expressions.
    entry: { target: { group, kind, namespace, name: patternExpression(name) } },
    patches: ref,
  };
}

/** Kustomize finds the workloads of an entry itself, one patch for each kind and namespace. */
function selectorPatches(entry: SelectedTargets, revisions: readonly Revision[]): RenderedContent[] {
  const { origin, kinds, selector, name } = entry;
  const slug = origin.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '');
  return namespacesOf(entry).flatMap((namespace) =>
    kinds.map((kind): RenderedContent => {
      const { group, apiVersion, plural } = targetKind({ kind }).resource;
      return {
        name: `patch_${namespace}_${plural}_of_${slug}.yaml`,
        text: yaml({ apiVersion, kind, metadata: { name: 'selected' }, ...templatePatch(revisions) }),
        content: `patch for ${kind}s of ${namespace} with ${describeSelection(entry)}`,
        patches: 'selected',
        entry: {
          target: {
            group,
            kind,
            namespace,
            ...(name !== undefined && { name: patternExpression(name) }),
            ...(selector !== undefined && { labelSelector: selector.text }),
          },
        },
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
  const state = Object.fromEntries(revisions.map((revision) => [revision.filter, stateOf(revision)]));
  const change = { podRevisions: revisions.map(podRevisionOf), remove: [], state: () => state };
  // Of a gateway, only what has to be merged into it: volumes and containers by their names.
  const gateway = revisions.every(({ settings }) => settings.direction === 'gateway');
  const spec = gateway ? { template: BARE_GATEWAY } : {};
  const patch = patchWorkload({ metadata: { name: '' }, spec }, change, '');
  return patch.ok ? { spec: patch.value?.spec } : {};
}

/** Never written: it says at which level the proxies are to log. */
function stateOf({ id, settings: { logLevel } }: Revision): FilterState {
  return { revision: id, run: '', ...defined({ logLevel }) };
}
