import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import { editorsOf, isWrittenByUs } from '../../mesh/identity/editors.ts';
import { DIGEST_ANNOTATION, podLabel } from '../../mesh/identity/names.ts';
import { findOwner } from '../../mesh/identity/owner.ts';
import { isExpired } from '../../mesh/identity/state.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { describeReason } from '../../mesh/proxy/envoy-log.ts';
import { knownByName } from '../../mesh/proxy/refused-filter.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type ClusterSnapshot, type ObservedFilter, settingsIn } from '../observe/snapshot.ts';
import { findChanges } from '../plan/find-changes.ts';
import type { VerifiableRevision } from '../plan/wanted-place.ts';
import type { FilterHealth, FilterStatus, StatusNote } from '../report/status-report.ts';
import type { VerificationResult, Verifier } from '../verify/verifier.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { stablePodsNote } from './stable-pods.ts';

/** On workloads with several filters, too, which one it is. */
function missingNote(filter: string): StatusNote {
  return { form: 'clause', text: `the filter "${filter}" is missing; the next "deploy" adds it` };
}

/** Whether a workload has the filter, or should by its state. */
export function isThere({ recorded, id }: ObservedFilter): boolean {
  return recorded !== undefined || id !== undefined;
}

/** Returns what others have changed of a filter on a workload. */
export function changesOf(current: ObservedFilter, snapshot: ClusterSnapshot): string[] {
  return findChanges(current, snapshot, current.recorded === undefined && renderedBy(current) !== undefined);
}

/** With what a filter is looked at. */
interface Look {
  readonly snapshot: ClusterSnapshot;
  readonly verifier: Verifier;
  readonly context: DeployContext;
  /** Whether something of any of the workload's filters was changed. */
  readonly changedWorkload: boolean;
}

/** Returns how one filter is on a workload, from its objects and, as far as permissions allow, from its proxies. */
export async function lookAtFilter(
  current: ObservedFilter,
  { snapshot, verifier, context, changedWorkload }: Look,
): Promise<FilterStatus> {
  const { filter, ref, workload, id: revision, recorded: state, configMap } = current;
  if (!isThere(current)) {
    return { filter, health: 'missing', notes: [missingNote(filter)] };
  }
  const rendered = state === undefined ? renderedBy(current) : undefined;
  const changes = changesOf(current, snapshot);
  const kind = targetKind(ref);
  const { state: readiness, message, ready, wanted, podsRefused, aborted, resume } = kind.readiness(workload);
  const rolls = readiness === 'progressing' && kind.isRolling(workload);
  // A rollout that cannot end by itself is none to wait for, whichever filter keeps it from that.
  const passes = rolls && resume === undefined && !changedWorkload;
  const trouble = passes ? await lastingTrouble(current, context) : undefined;
  const rolling = passes && trouble === undefined && podsRefused === undefined;
  const hasPods = kind.wantedPods(workload) !== 0;
  const waits = readiness === 'waiting';
  const verified = (readiness === 'ready' && hasPods) || waits ? verifiableRevision(current) : undefined;
  const result: VerificationResult =
    verified === undefined
      ? {}
      : await verifier.verify({ ref, observed: workload, revisions: [verified] }, waits ? ready : wanted);
  const { previous, run, expires } = state ?? {};
  const stage: StatusNote = waits
    ? { text: 'waits for promotion' }
    : { form: 'clause', text: rolling ? 'rolling out' : aborted ? 'its rollout was aborted' : 'not ready' };
  const owner = findOwner(kind.binding.templateHolder(workload));
  const digest = configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
  const image = configMap && imageOf(configMap);
  return {
    filter,
    health: rolling
      ? 'progressing'
      : rolls && changes.length > 0
        ? 'drifted'
        : aborted
          ? 'aborted'
          : healthOf(readiness, hasPods, changes, result),
    ...(changes.length > 0 && { changed: true as const }),
    ...(changes.length > 0 && owner !== undefined && { owner: owner.object }),
    ...(revision !== undefined && { revision: settingsIn(current, revision) }),
    ...(previous !== undefined && {
      previous: settingsIn(snapshot.objectsOf(ref.namespace, { filter, id: previous }), previous),
    }),
    ...defined({ rendered, digest, image, run, expires }),
    ...(state !== undefined && isExpired(state, context.date()) && { expired: true as const }),
    ...(result.verification !== undefined && result.problem === undefined && { verification: result.verification }),
    notes: [
      ...changes.map((text): StatusNote => ({ form: 'clause', text })),
      ...(readiness === 'ready' ? [] : [{ ...stage, text: `${stage.text}: ${trouble ?? message}` }]),
      ...(aborted ? [await stablePodsNote(current, context)] : []),
      ...(result.problem === undefined ? [] : [noteOf(result.problem)]),
    ],
  };
}

function noteOf({ message, form }: Problem): StatusNote {
  return { text: message, ...defined({ form }) };
}

/**
 * Who has applied the files of `render` that a workload carries, by the names of field managers; `undefined` if a run of this
 * action wrote its objects, or they are not there.
 */
function renderedBy({ ref, filterResource }: ObservedFilter): readonly string[] | undefined {
  if (targetKind(ref).binding.inPlace) return undefined;
  return filterResource === undefined || isWrittenByUs(filterResource) ? undefined : editorsOf(filterResource);
}

/** What keeps new pods from becoming ready and does not pass by itself, as far as may be read. */
async function lastingTrouble(current: ObservedFilter, context: DeployContext): Promise<string | undefined> {
  const { filter, ref, id } = current;
  const carried = verifiableRevision(current);
  const goal = {
    ref,
    removals: [],
    ...(carried === undefined
      ? { podRevisions: [], selector: `${podLabel(filter)}=${id}` }
      : {
          podRevisions: [carried.podRevision],
          known: knownByName([carried]),
        }),
    about: [filter],
  };
  const { cause, envoy } = await diagnoseInTime(goal, context);
  return cause ?? (envoy && describeReason(envoy));
}

function healthOf(
  readiness: Readiness['state'],
  hasPods: boolean,
  changes: readonly string[],
  { problem }: VerificationResult,
): FilterHealth {
  if (readiness !== 'ready' && readiness !== 'waiting') return 'not-ready';
  if (problem !== undefined) return 'no-effect';
  if (changes.length > 0) return 'drifted';
  if (readiness === 'waiting') return 'waiting-for-promotion';
  return hasPods ? 'verified' : 'scaled-to-zero';
}

/** What a proxy should have, as the filter resource says; `undefined` if there is none. */
function verifiableRevision({
  filter,
  ref,
  workload,
  id,
  filterResource,
}: ObservedFilter): VerifiableRevision | undefined {
  if (id === undefined) return undefined;
  return targetKind(ref).binding.running(workload, filter, id, filterResource);
}
