import type { Problem } from '../../base/problem.ts';
import { listWords, sentence, truncate } from '../../base/text.ts';
import type { Pod } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import type { Listener } from '../../mesh/proxy/config-dump.ts';
import {
  filterResourceOfRefused,
  foreignRemedy,
  inserts,
  isOneOf,
  ownFilters,
  refusedIn,
} from '../../mesh/proxy/refused-filter.ts';
import { annotatedMounts, mountOf } from '../../mesh/unmanaged/adopted-volumes.ts';
import { appliesToPod } from '../../mesh/unmanaged/unmanaged.ts';
import { describeWorkload } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { SeenProxy } from '../observe/running-proxies.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { type PlannedWorkload, podRevisionsOf } from '../plan/plan.ts';

const MAX_WORDS = 300;

/**
 * Why no new pod of a workload can become ready, whatever this run does: the proxy that runs now rejects its configuration because of
 * a filter of others. It goes on with what it had before, a new one has nothing. Nothing is said where what is refused is ours, where
 * this run takes it out of the pods (`adopt`), where the pod template mounts its file by now, or where Envoy's words name no filter.
 */
export function foreignRefusal(
  planned: Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions' | 'removals' | 'adopted'>,
  { listeners, pod }: Pick<SeenProxy, 'listeners' | 'pod'>,
  snapshot: Pick<ClusterSnapshot, 'filterResources' | 'foreignEnvoyFilters' | 'unmanaged'>,
): Problem | undefined {
  for (const { refused } of listeners) {
    if (refused === undefined) continue;
    const named = refusedIn(refused.details);
    if (named.length === 0 || named.some((one) => !isForeign(one, planned, snapshot))) continue;
    return problemOf(named, refused, labelsOf(planned, pod), planned, snapshot);
  }
  return undefined;
}

function isForeign(
  refused: string,
  { ref, observed, revisions, removals, adopted }: Parameters<typeof foreignRefusal>[0],
  snapshot: Parameters<typeof foreignRefusal>[2],
): boolean {
  const { namespace } = ref;
  const podRevisions = podRevisionsOf({ revisions });
  const ours =
    isOneOf(refused, ownFilters(namespace, podRevisions, removals)) ||
    snapshot.filterResources(namespace).some((one) => !isPlugin(one) && inserts(one, refused));
  const leaves = adopted.some(
    ({ code, names }) => names.includes(refused) || (code.kind === 'file' && code.file === refused),
  );
  return !ours && !leaves && !isMounted(refused, observed.spec?.template ?? {});
}

/** Whether new pods may have a file that the running one lacks. */
function isMounted(
  file: string,
  template: NonNullable<NonNullable<PlannedWorkload['observed']['spec']>['template']>,
): boolean {
  const { containers = [], initContainers = [] } = template.spec ?? {};
  const own = [...containers, ...initContainers]
    .filter(({ name }) => name === PROXY_CONTAINER)
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .map(({ name, mountPath }) => ({ volume: name, mountPath, configMap: undefined }));
  return mountOf(file, [...annotatedMounts(template), ...own]) !== undefined;
}

/** Those of new pods; who has no pod template of its own shows them on those that run. */
function labelsOf(
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  pod: Pod,
): Readonly<Record<string, string>> {
  const { metadata } = targetKind(ref).binding.inPlace ? pod : (observed.spec?.template ?? {});
  return metadata?.labels ?? {};
}

function problemOf(
  named: readonly string[],
  { details }: NonNullable<Listener['refused']>,
  labels: Readonly<Record<string, string>>,
  { ref }: Pick<PlannedWorkload, 'ref'>,
  snapshot: Pick<ClusterSnapshot, 'foreignEnvoyFilters' | 'unmanaged'>,
): Problem {
  const visible = [...snapshot.foreignEnvoyFilters(ref.namespace), ...snapshot.unmanaged.meshEnvoyFilters].filter(
    (envoyFilter) => appliesToPod(envoyFilter, ref.namespace, labels),
  );
  const [refused = ''] = named;
  const filterResource = filterResourceOfRefused(refused, visible);
  const who = filterResource === undefined ? '' : `; ${filterResource} inserts ${listWords(named, 'and')}`;
  return {
    kind: 'proxy',
    subject: describeWorkload(ref),
    form: 'clause',
    message: sentence(
      `its proxies already reject their configuration, so new pods cannot become ready: ${truncate(details.trim(), MAX_WORDS)}${who}`,
    ),
    remedy: foreignRemedy(refused, filterResource),
  };
}
