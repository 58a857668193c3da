import { isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';
import { DIGEST_ANNOTATION } from '../../mesh/identity/names.ts';
import type { MountedRevision, PodRevision, Revision } from '../../mesh/identity/revision.ts';
import { renderEnvoyFilter, typedConfigIn } from '../../mesh/objects/envoy-filter.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import { ignoredUntilRestart } from '../../mesh/objects/wasm-config.ts';
import { mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import { type ClusterSnapshot, type ObservedFilter, settingsIn } from '../observe/snapshot.ts';
import { objectKey } from './plan.ts';
import type { WantedRevision } from './pod-revision.ts';

/**
 * The revisions that pods carry already and whose settings can be replaced in place, by `workloadKey`: those with the wanted
 * module at the wanted path, unless a running proxy would not heed what is new. All workloads of a namespace that carry one
 * share its EnvoyFilter, so they must want the same settings; a problem names those that do not.
 */
export function findInPlaceUpdates(
  wanted: readonly WantedRevision[],
  snapshot: Pick<ClusterSnapshot, 'workloads'>,
): Result<ReadonlyMap<string, PodRevision>> {
  const diagnostics = new Diagnostics();
  const podRevisions = new Map<string, PodRevision>();
  const wantedOf = new Map(wanted.map(({ current, revision }) => [workloadKey(current.ref), revision]));
  const judged = new Map<string, Problem | undefined>();
  for (const { current, revision } of wanted) {
    const { ref } = current;
    const podRevision = podRevisionOn(current, revision);
    if (podRevision === undefined || ignoredUntilRestartOn(podRevision, current, revision).length > 0) continue;
    const key = objectKey(ref.namespace, podRevision);
    // Where its settings are the wanted ones already, nobody else gets others.
    if (!judged.has(key) && settingsIn(current, podRevision.id) !== revision.id) {
      judged.set(key, disagreement(ref.namespace, podRevision, revision, wantedOf, snapshot));
      diagnostics.add([judged.get(key)].filter((problem) => problem !== undefined));
    }
    podRevisions.set(workloadKey(ref), podRevision);
  }
  return diagnostics.ok ? ok(podRevisions) : fail(diagnostics.problems);
}

/** Why pods are replaced although their settings alone change and are to be pushed; one sentence for each combination. */
export function explainRestarts(wanted: readonly WantedRevision[]): Warning[] {
  const restarts = wanted.flatMap(({ current, revision }) => {
    const podRevision = podRevisionOn(current, revision);
    const inputs = podRevision === undefined ? [] : ignoredUntilRestartOn(podRevision, current, revision);
    return inputs.length === 0 ? [] : [{ inputs, name: describeWorkload(current.ref) }];
  });
  const groups = Map.groupBy(restarts, ({ inputs }) => inputs.join(' '));
  return [...groups.values()].flatMap((those) => {
    if (!isNonEmpty(those)) return [];
    const [{ inputs }] = those;
    const quotedInputs = inputs.map((input) => `"${input}"`);
    const names = those.map(({ name }) => name);
    const text = `"settings: push" cannot change ${listWords(quotedInputs, 'and')}, which Envoy reads only when it starts a filter: the pods of ${nameSome(names)} are replaced.`;
    return [{ topic: 'Restart', ...onlySubject(names), text }];
  });
}

/** The inputs that have changed since the revision was put there and that a push could not change. */
function ignoredUntilRestartOn(
  podRevision: MountedRevision,
  { ref: { namespace }, filterResource: envoyFilter, recorded }: ObservedFilter,
  revision: Revision,
): string[] {
  // Without one, no proxy runs the filter now. One of the same settings that was edited is repaired in place.
  if (envoyFilter === undefined || isPlugin(envoyFilter)) return [];
  if (settingsIn({ filterResource: envoyFilter }, podRevision.id) === revision.id) return [];
  return [
    ...ignoredUntilRestart(
      typedConfigIn(envoyFilter),
      typedConfigIn(renderEnvoyFilter(revision, namespace, { podRevision })),
    ),
    // The agent starts Envoy with it.
    ...(recorded?.logLevel === revision.settings.logLevel ? [] : ['log-level']),
  ];
}

function podRevisionOn(
  { filter, workload, id, configMap }: ObservedFilter,
  { module, settings }: Revision,
): MountedRevision | undefined {
  if (
    settings.image !== undefined ||
    id === undefined ||
    mountedAt(workload.spec?.template ?? {}, filter) !== settings.mountPath
  )
    return undefined;
  if (configMap?.metadata.annotations?.[DIGEST_ANNOTATION] !== module.digest) return undefined;
  return { filter, id, mountPath: settings.mountPath };
}

/** Why the settings of a revision cannot be replaced in place: somebody else runs it too, with other wishes. */
function disagreement(
  namespace: string,
  podRevision: PodRevision,
  { id }: Revision,
  wanted: ReadonlyMap<string, Revision>,
  snapshot: Pick<ClusterSnapshot, 'workloads'>,
): Problem | undefined {
  const others = snapshot
    .workloads(namespace)
    .filter(({ ref, workload }) => {
      return revisionOn(workload, podRevision.filter) === podRevision.id && wanted.get(workloadKey(ref))?.id !== id;
    })
    .map(({ ref }) => describeWorkload(ref));
  if (others.length === 0) return undefined;
  return {
    kind: 'workload',
    subject: `EnvoyFilter ${objectKey(namespace, podRevision)}`,
    message: `cannot be changed in place: ${nameSome(others)} would get the same settings, which this run does not request.`,
    remedy: 'Use "settings: roll", or give all of them as targets with the same settings.',
  };
}

/** How many workloads a reader is told of. */
const MAX_NAMES = 5;

function nameSome(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${listWords(names.slice(0, MAX_NAMES), 'and')}${more > 0 ? ` and ${more} more` : ''}`;
}
