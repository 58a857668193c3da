import { mapLimited } from '../base/concurrency.ts';
import { isRolling, readinessOf } from '../cluster/readiness.ts';
import { imageOf } from '../mesh/config-map.ts';
import { describeEditors, editorsOf, isWrittenByUs } from '../mesh/editors.ts';
import { isGateway } from '../mesh/gateway-mounts.ts';
import { attachedOn, attachmentOf, isGatewayView } from '../mesh/gateway-view.ts';
import { carriedBy, isPlugin, kindOf, shownSettings } from '../mesh/inserter.ts';
import { mountedAt } from '../mesh/mounts.ts';
import { DIGEST_ANNOTATION, PUSHED_ANNOTATION } from '../mesh/names.ts';
import { revisionName } from '../mesh/revision.ts';
import { isExpired } from '../mesh/state.ts';
import { revisionOn, stateOn } from '../mesh/template.ts';
import { pluginSettings } from '../mesh/wasm-plugin.ts';
import type { DeployContext } from './context.ts';
import { NOTHING_COLLECTED, type Outcome } from './deploy.ts';
import { movedTags } from './moved-tags.ts';
import { configMapOf, inserterOf, type Observation, type ObservedWorkload } from './observe.ts';
import { namedWithout } from './present.ts';
import type { ProvenRevision } from './provable.ts';
import { type ProofResult, Prover } from './prove.ts';
import type { DraftRequest, StatusRequest } from './request.ts';
import { knownFilters, observeScope, type Scoped } from './scope.ts';
import { type PodRevisions, readPodRevisions, sortSuperseded, supersededPlaces } from './status-objects.ts';
import type { FilterStanding, FilterStatus, StatusReport, WorkloadStatus } from './status-report.ts';

const PARALLEL_WORKLOADS = 4;

/** What runs where: looks at workloads, their objects and, as far as rights allow, into their proxies. Writes nothing. */
export async function status(draft: DraftRequest<StatusRequest>, context: DeployContext): Promise<Outcome> {
  const { client, log } = context;
  const scoped = await log.group('Observe', () => observeScope(draft, client));
  const nothing = { targets: [], warnings: [], collected: NOTHING_COLLECTED };
  if (!scoped.ok) return { ...nothing, problems: scoped.problems };
  const { request, observation, workloads } = scoped.value;
  const name = request.scope.filter;
  const carrying = workloads.map(({ ref, workload }) => ({ ref, observed: workload }));
  const tagged =
    request.module === undefined || name === undefined ? [] : [{ name, module: request.module, workloads: carrying }];
  return {
    ...nothing,
    problems: [],
    // With a name, each of them is in the table.
    warnings: [...movedTags(tagged, observation), ...(name === undefined ? namedWithout(scoped.value) : [])],
    status: await log.group('Look at the proxies', () => look(scoped.value, context)),
  };
}

async function look(scoped: Scoped<StatusRequest>, context: DeployContext): Promise<StatusReport> {
  const { request, observation, namespaces } = scoped;
  const prover = new Prover(context, { verify: request.verify });
  const { filter: wanted, entries } = request.scope;
  // Only a target list says that a workload should have the filter.
  const expected = wanted !== undefined && entries.length > 0 ? [wanted] : [];
  const carrying = scoped.workloads
    .map((observed) => ({ observed, filters: [...new Set([...knownFilters(observed, wanted), ...expected])] }))
    .filter(({ filters }) => filters.length > 0);
  const carried = carrying.flatMap(({ observed: { ref }, filters }) =>
    filters.map((filter) => ({ namespace: ref.namespace, filter })),
  );
  const pods = await readPodRevisions([...supersededPlaces(scoped), ...carried], context);
  const workloads = await mapLimited(carrying, PARALLEL_WORKLOADS, async ({ observed, filters }) => {
    const { ready, wanted } = readinessOf(observed.ref.kind, observed.workload);
    const statuses: FilterStatus[] = [];
    for (const filter of filters) {
      const status = await lookAtFilter(filter, observed, observation, prover, context);
      statuses.push({ ...status, ...alsoRunning(filter, observed, pods) });
    }
    return { ref: observed.ref, pods: podsOf(observed, { ready, wanted }, statuses), filters: statuses };
  });
  return { workloads, namespaces, ...sortSuperseded(scoped, pods) };
}

/** A Gateway does not say how many pods it has; its proof does. */
function podsOf(
  { ref }: ObservedWorkload,
  counted: WorkloadStatus['pods'],
  filters: readonly FilterStatus[],
): WorkloadStatus['pods'] {
  const proof = ref.kind === 'Gateway' ? filters.find(({ proof }) => proof !== undefined)?.proof : undefined;
  return proof === undefined ? counted : { ready: proof.pods, wanted: proof.wanted };
}

const MISSING = 'is a target, but does not have the filter; the next "deploy" puts it there';

async function lookAtFilter(
  filter: string,
  { ref, workload }: ObservedWorkload,
  observation: Observation,
  prover: Prover,
  { date }: DeployContext,
): Promise<FilterStatus> {
  const state = stateOn(workload)[filter];
  const revision = revisionOn(workload, filter);
  if (state === undefined && revision === undefined) return { filter, standing: 'missing', notes: [MISSING] };
  const rendered = state === undefined ? renderedBy(filter, { ref, workload }, observation) : undefined;
  const notes = findNotes(filter, { ref, workload }, observation, rendered !== undefined);
  const { state: readiness, message, wanted } = readinessOf(ref.kind, workload);
  const rolling = readiness === 'progressing' && isRolling(ref.kind, workload);
  const hasPods = wanted > 0 || ref.kind === 'Gateway';
  const proven = readiness === 'ready' && hasPods ? provenRevision(filter, { ref, workload }, observation) : undefined;
  const result: ProofResult =
    proven === undefined ? {} : await prover.prove({ ref, observed: workload, revisions: [proven] }, wanted);
  const { previous, run, expires } = state ?? {};
  const configMap = configMapOf(observation, ref.namespace, { filter, id: revision ?? '' });
  const digest = configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
  const image = configMap && imageOf(configMap);
  return {
    filter,
    standing: rolling ? 'progressing' : standingOf(readiness, hasPods, notes, result),
    ...(revision === undefined ? {} : { revision: pushedOver(filter, revision, ref.namespace, observation) }),
    ...(rendered === undefined ? {} : { rendered }),
    ...(digest === undefined ? {} : { digest }),
    ...(image === undefined ? {} : { image }),
    ...(previous === undefined ? {} : { previous }),
    ...(run === undefined ? {} : { run }),
    ...(expires === undefined ? {} : { expires }),
    ...(state !== undefined && isExpired(state, date()) ? { expired: true as const } : {}),
    ...(result.proof === undefined || result.problem !== undefined ? {} : { proof: result.proof }),
    notes: [
      ...(readiness === 'ready' ? [] : [`${rolling ? 'rolling out' : 'not ready'}: ${message}`]),
      ...(result.problem === undefined ? [] : [result.problem.message]),
      ...notes,
    ],
  };
}

/** Revisions that pods of a workload still run besides the one of its template. */
function alsoRunning(
  filter: string,
  { ref, workload }: ObservedWorkload,
  pods: PodRevisions,
): Pick<FilterStatus, 'alsoRuns'> {
  const wanted = revisionOn(workload, filter);
  const others = [...(pods.get(`${ref.namespace} ${filter}`) ?? [])].flatMap(([id, owners]) =>
    id !== wanted && owners.some(({ kind, name }) => kind === ref.kind && name === ref.name) ? [id] : [],
  );
  return others.length === 0 ? {} : { alsoRuns: others };
}

/**
 * Who has applied the files of `render` that a workload carries, by the names of field managers; undefined where a run of this
 * action wrote its objects, or they are not there.
 */
function renderedBy(
  filter: string,
  { ref, workload }: ObservedWorkload,
  observation: Observation,
): readonly string[] | undefined {
  const id = revisionOn(workload, filter);
  if (id === undefined || isGatewayView(workload)) return undefined;
  const inserter = inserterOf(observation, ref.namespace, { filter, id });
  return inserter === undefined || isWrittenByUs(inserter) ? undefined : editorsOf(inserter);
}

function standingOf(
  readiness: string,
  hasPods: boolean,
  notes: readonly string[],
  { problem }: ProofResult,
): FilterStanding {
  if (readiness !== 'ready') return 'unready';
  if (problem !== undefined) return 'broken';
  if (notes.length > 0) return 'drifted';
  return hasPods ? 'proven' : 'idle';
}

/** What of a filter is not as its last run has left it. */
function findNotes(
  filter: string,
  { ref, workload }: ObservedWorkload,
  observation: Observation,
  rendered: boolean,
): string[] {
  const { namespace } = ref;
  const id = revisionOn(workload, filter);
  const state = stateOn(workload)[filter];
  if (id === undefined) return ['its label was removed from the pod template, so no pod runs it'];
  const name = revisionName({ filter, id });
  const configMap = configMapOf(observation, namespace, { filter, id });
  const inserter = inserterOf(observation, namespace, { filter, id });
  const attachment = isGatewayView(workload) ? attachmentOf(workload, filter) : undefined;
  const pulled = isPlugin(inserter) || (configMap !== undefined && imageOf(configMap) !== undefined);
  const kind = inserter === undefined ? (pulled ? observation.pluginKind : 'EnvoyFilter') : kindOf(inserter);
  return [
    ...(state === undefined && !rendered ? ['no run of this action has recorded it'] : []),
    ...(state !== undefined && state.revision !== id
      ? [`revision ${state.revision} was recorded, but ${id} is there`]
      : []),
    ...(!pulled && mountedAt(workload.spec?.template ?? {}, filter) === undefined
      ? [
          isGateway(workload.spec?.template ?? {})
            ? 'its mount was removed from the pod template'
            : 'its mount was removed from the annotations of the pod template',
        ]
      : []),
    ...(configMap === undefined
      ? [`ConfigMap ${namespace}/${name} was deleted${pulled ? '' : '; new pods cannot start'}`]
      : []),
    ...(inserter === undefined ? [`${kind} ${namespace}/${name} was deleted; no proxy runs it`] : []),
    ...(attachment === undefined
      ? []
      : describeEditors(`${attachment.kind} ${namespace}/${attachment.metadata.name}`, attachment)),
    ...(inserter === undefined || rendered ? [] : describeEditors(`${kind} ${namespace}/${name}`, inserter)),
  ];
}

/** The revision whose settings the proxies have: another one than the pods carry, after a push. */
function pushedOver(filter: string, id: string, namespace: string, observation: Observation): string {
  return inserterOf(observation, namespace, { filter, id })?.metadata.annotations?.[PUSHED_ANNOTATION] ?? id;
}

/** What a proxy should have, as the inserter says; undefined when there is none. */
function provenRevision(
  filter: string,
  { ref, workload }: ObservedWorkload,
  observation: Observation,
): ProvenRevision | undefined {
  const id = revisionOn(workload, filter);
  if (id === undefined) return undefined;
  if (isGatewayView(workload)) {
    const carrier = attachedOn(workload, filter, id);
    return carrier && { revision: { settings: pluginSettings(carrier.plugin ?? {}) }, carrier };
  }
  const inserter = inserterOf(observation, ref.namespace, { filter, id });
  if (inserter === undefined) return undefined;
  const mountPath = mountedAt(workload.spec?.template ?? {}, filter);
  const mounted = mountPath === undefined ? undefined : { filter, id, mountPath };
  const carrier = isPlugin(inserter) ? carriedBy(inserter, filter, id) : mounted;
  return carrier === undefined ? undefined : { revision: { settings: shownSettings(inserter) }, carrier };
}
