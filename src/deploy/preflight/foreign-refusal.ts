import type { Problem } from '../../base/problem.ts';
import { listWords, sentence, truncate } from '../../base/text.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import type { Listener } from '../../mesh/proxy/config-dump.ts';
import {
  foreignRemedy,
  inserterOfRefused,
  inserts,
  isOneOf,
  ownFilters,
  refusedIn,
} from '../../mesh/proxy/refused-filter.ts';
import { annotatedMounts, mountOf } from '../../mesh/unmanaged/adopted-volumes.ts';
import { selectsTemplate } from '../../mesh/unmanaged/unmanaged.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { SeenProxy } from '../observe/running-proxies.ts';
import type { Observation } from '../observe/snapshot.ts';
import { type PlannedWorkload, placementsOf } from '../plan/plan.ts';

const MOST_WORDS = 300;

/**
 * Why no new pod of a workload can become ready, whatever this run does: the proxy that runs now rejects its configuration because of
 * a filter of others. It goes on with what it had before, a new one has nothing. Nothing is said where what is refused is ours, where
 * this run takes it out of the pods (`adopt`), where the pod template mounts its file by now, or where Envoy's words name no filter.
 */
export function foreignRefusal(
  planned: Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions' | 'removals' | 'adopted'>,
  { listeners }: Pick<SeenProxy, 'listeners'>,
  observation: Pick<Observation, 'inserters' | 'foreignEnvoyFilters' | 'unmanaged'>,
): Problem | undefined {
  for (const { refused } of listeners) {
    if (refused === undefined) continue;
    const named = refusedIn(refused.details);
    if (named.length === 0 || named.some((one) => !isForeign(one, planned, observation))) continue;
    return problemOf(named, refused, planned, observation);
  }
  return undefined;
}

function isForeign(
  refused: string,
  { ref, observed, revisions, removals, adopted }: Parameters<typeof foreignRefusal>[0],
  observation: Parameters<typeof foreignRefusal>[2],
): boolean {
  const { namespace } = ref;
  const placements = placementsOf({ revisions });
  const ours =
    isOneOf(refused, ownFilters(namespace, placements, removals)) ||
    observation.inserters(namespace).some((one) => !isPlugin(one) && inserts(one, refused));
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

function problemOf(
  named: readonly string[],
  { details }: NonNullable<Listener['refused']>,
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  observation: Pick<Observation, 'foreignEnvoyFilters' | 'unmanaged'>,
): Problem {
  const labels = observed.spec?.template?.metadata?.labels ?? {};
  const visible = [...observation.foreignEnvoyFilters(ref.namespace), ...observation.unmanaged.meshEnvoyFilters].filter(
    (envoyFilter) => selectsTemplate(envoyFilter, labels),
  );
  const [refused = ''] = named;
  const inserter = inserterOfRefused(refused, visible);
  const who = inserter === undefined ? '' : `; ${inserter} inserts ${listWords(named, 'and')}`;
  return {
    kind: 'proxy',
    subject: describeWorkload(ref),
    message: sentence(
      `its proxies already reject their configuration, so new pods cannot become ready: ${truncate(details.trim(), MOST_WORDS)}${who}`,
    ),
    remedy: foreignRemedy(refused, inserter),
  };
}
