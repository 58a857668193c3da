import { defined } from '../../base/defined.ts';
import { nameSome } from '../../base/text.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import { proxyImageOf } from '../../cluster/pods.ts';
import { proxyVersionOfImage } from '../../filter/compatibility/proxy-version.ts';
import type { MountedRevision, PulledRevision } from '../../mesh/identity/revision.ts';
import { filePath } from '../../mesh/objects/envoy-filter.ts';
import { kindFor } from '../../mesh/objects/filter-resource.ts';
import { type ExtensionVerdict, inspectExtension } from '../../mesh/proxy/ecds.ts';
import { describeReason } from '../../mesh/proxy/envoy-log.ts';
import { inspectListeners, type Present } from '../../mesh/proxy/listeners.ts';
import type { Absent } from '../../mesh/proxy/places.ts';
import { explainMissing, insertRemedy, judgeReach, portRemedy } from '../../mesh/proxy/reach.ts';
import {
  knownByName,
  knownOf,
  type OwnFilter,
  ownAmong,
  ownFilters,
  refusedIn,
} from '../../mesh/proxy/refused-filter.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { PluginTrace } from '../kinds/binding.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { EvidenceSource } from '../observe/evidence-source.ts';
import { type PluginLog, readEnvoyReason, readPluginReason } from '../observe/pod-logs.ts';
import {
  asWritten,
  noEffect,
  placeOf,
  redirectionOf,
  unreached,
  type VerifiableRevision,
} from '../plan/wanted-place.ts';
import { aboutFilter, failed, type PodVerdict, pending, rejectsOthers, type Weakness } from './pod-verdict.ts';

/** Where a look is taken, and what Envoy says there. */
export interface Seen {
  readonly pod: Pod;
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  /** Every filter that is to be seen there. */
  readonly revisions: readonly VerifiableRevision[];
  /** The answer of `config_dump?resource=dynamic_listeners`. */
  readonly listeners: string;
  /** The answer of `config_dump?resource=ecds_filters`; needed for filters whose image the proxy pulls. */
  readonly extensions: string;
  /** Asks for that once more; empty where there is no answer. */
  readonly extensionsNow: () => Promise<string>;
}

interface Found extends Seen {
  readonly planned: VerifiableRevision;
}

const SEE_LOG = 'Check the log of the container istio-proxy.';
/** Why nobody can say whether a pulled filter runs. */
export const LOG_REFUSED: Weakness = {
  why: 'the logs of proxies cannot be read, and only they show whether Envoy accepted a filter from an image',
};

/** What a proxy says of a filter; it is verified by less than its listeners where nobody may see whether it runs. */
export async function judgeFilter(
  planned: VerifiableRevision,
  seen: Seen,
  source: EvidenceSource,
): Promise<PodVerdict> {
  const { podRevision } = planned;
  const found = { ...seen, planned };
  const verdict = await (podRevision.image === undefined
    ? judgeFile(podRevision, found)
    : judgePlugin(podRevision, found, source));
  return verdict.state === 'rejected'
    ? refusal(verdict.details, found, source)
    : aboutFilter(verdict, podRevision.filter, seen.revisions);
}

/** What Envoy may call the filters that are to be seen in a pod. */
export function ownOf({ ref, revisions }: Pick<Seen, 'ref' | 'revisions'>): OwnFilter[] {
  return ownFilters(
    ref.namespace,
    revisions.map(({ podRevision }) => podRevision),
    [],
    knownByName(revisions),
  );
}

/** A listener is rejected; which filter is why, its words and the log of the proxy tell. */
interface Rejected {
  readonly state: 'rejected';
  readonly details: string;
}

function judgeFile(podRevision: MountedRevision, found: Found): PodVerdict | Rejected {
  const { listeners, planned, pod, ref, observed } = found;
  const { revision } = planned;
  const { settings } = revision;
  const envoy = envoyOf(pod);
  const wanted = {
    ...placeOf(planned, { ref, observed }),
    filter: podRevision.filter,
    file: filePath(podRevision),
    settings,
    ...defined({ envoy }),
  };
  const verdict = inspectListeners(listeners, wanted);
  switch (verdict.state) {
    case 'present':
      return effect(verdict, found);
    case 'rejected':
      return { state: 'rejected', details: verdict.details };
    case 'outdated':
      return pending(
        ref,
        `Envoy of pod ${pod.metadata.name} still has other settings of ${podRevision.filter} (${nameSome(verdict.differs)})`,
      );
    default:
      return absence(verdict, found);
  }
}

async function judgePlugin(
  podRevision: PulledRevision,
  found: Found,
  source: EvidenceSource,
): Promise<PodVerdict | Rejected> {
  const { listeners, extensions, planned, pod, ref, observed } = found;
  const { configuration } = planned.revision.settings;
  const { binding } = targetKind(ref);
  const trace = binding.pluginTrace(ref, podRevision, observed);
  const { plugin, image } = trace;
  const placed = inspectListeners(listeners, { plugin, ...placeOf(planned, { ref, observed }) });
  if (placed.state === 'absent') return absence(placed, found);
  if (placed.state === 'rejected') return { state: 'rejected', details: placed.details };
  const replaced = binding.inPlace ? { image } : {};
  const wanted = { plugin, configuration, ...replaced };
  const verdict = inspectExtension(extensions, wanted);
  const { name } = pod.metadata;
  if (verdict.state === 'outdated')
    return pending(ref, `Envoy of pod ${name} still has other settings of ${podRevision.filter}`, 'sentence');
  const own = knownOf(knownByName([planned]).get(podRevision.filter), podRevision);
  const names = { ...(verdict.state === 'given' ? { plugin, ...givenSince(verdict, ref) } : trace), ...own };
  const logged = await readPluginReason(pod, ref.namespace, names, source);
  if (verdict.state === 'substituted') return judgeSubstitute(verdict, podRevision.filter, trace, logged, found);
  const reason = logged.state === 'explains' ? logged.reason : undefined;
  if (reason?.by === 'istio-agent') {
    // It puts something in the filter's place as it logs that, which may be after the look that came before the log.
    const now = inspectExtension(await found.extensionsNow(), wanted);
    if (now.state === 'substituted') return judgeSubstitute(now, podRevision.filter, trace, logged, found);
    return failed(ref, `${podRevision.filter} does not run in pod ${name}: ${reason.reason}.`, reason.remedy);
  }
  if (reason !== undefined) {
    const what = nameOf(podRevision.filter, found);
    return failed(ref, `Envoy of pod ${name} rejects ${what}: ${describeReason(reason)}.`, reason.remedy, 'sentence');
  }
  if (verdict.state === 'missing')
    return pending(ref, `the proxy of pod ${name} has not loaded ${podRevision.filter} yet`);
  if (placed.state === 'outdated') return { state: 'verified', level: 'listener' };
  const reached = effect(placed, found);
  return logged.state === 'unreadable' && reached.state === 'verified'
    ? { ...reached, level: 'ready', weakness: LOG_REFUSED }
    : reached;
}

/** Where the filter is, whether requests come to it. */
function effect(present: Present, { planned, pod, ref, observed }: Found): PodVerdict {
  const reach = judgeReach(
    present,
    placeOf(planned, { ref, observed }),
    redirectionOf(pod, { ref, observed }),
    kindFor(planned.podRevision),
  );
  if (reach.state === 'unreached') return { state: 'failed', problem: unreached(ref, planned, reach) };
  return { state: 'verified', level: 'listener', ...(reach.notes.length > 0 && { notes: reach.notes }) };
}

type Substitute = Extract<ExtensionVerdict, { readonly state: 'substituted' }>;

/** The image could not be pulled: that of the filter or, where a WasmPlugin is replaced in place, perhaps an earlier one. */
function judgeSubstitute(
  substitute: Substitute,
  filter: string,
  trace: PluginTrace,
  logged: PluginLog,
  { pod: { metadata }, ref }: Found,
): PodVerdict {
  const effect = substitute.by === 'deny' ? 'rejects every request instead' : 'lets every request pass without it';
  const what = `${filter} does not run in pod ${metadata.name}, and the proxy ${effect}`;
  if (standsForAnother(substitute, trace, logged)) {
    const unsaid = `because of an image that could not be pulled; its log does not say that it is ${trace.image}`;
    return pending(ref, `${what}, ${unsaid}`);
  }
  if (logged.state !== 'explains') return failed(ref, `${what}: Pull of ${trace.image} failed.`, SEE_LOG);
  return failed(ref, `${what}: ${describeReason(logged.reason)}.`, logged.reason.remedy);
}

/**
 * The proxies of a Gateway show what stood in for an image that could not be pulled before until the agent has the next one.
 * The log tells of which image it is; without it, whether it is older than what was written does.
 */
function standsForAnother({ since }: Substitute, { since: written }: PluginTrace, logged: PluginLog): boolean {
  if (written === undefined) return false;
  return logged.state === 'unreadable' ? since !== undefined && since < written : logged.state === 'silent';
}

/** Envoy logs a refusal just as it is given what it refuses. */
const REFUSAL_MS = 100;

/** From when on the log speaks of what a proxy was given, where it may have been given something else under that name before. */
function givenSince({ since }: { readonly since?: Date }, ref: WorkloadRef): { readonly since?: Date } {
  if (!targetKind(ref).binding.inPlace || since === undefined) return {};
  return { since: new Date(since.getTime() - REFUSAL_MS) };
}

/** One listener has all filters of a pod, so each of them may be why it is rejected. */
async function refusal(details: string, found: Seen, source: EvidenceSource): Promise<PodVerdict> {
  const { pod, ref, revisions } = found;
  const own = ownOf(found);
  const reason = await readEnvoyReason(pod, ref.namespace, own, source);
  if (reason?.foreign !== undefined) return rejectsOthers(ref, pod, reason);
  const filter = reason?.rejected ?? ownAmong(refusedIn(details), own);
  const cause = reason === undefined ? details : describeReason({ ...reason, rejected: undefined });
  const why = `Envoy of pod ${pod.metadata.name} rejects ${nameOf(filter, found)}: ${cause}.`;
  return aboutFilter(failed(ref, why, reason?.remedy ?? SEE_LOG, 'sentence'), filter, revisions);
}

/** `the filter` where there is one only, or nobody knows which of several it is. */
function nameOf(filter: string | undefined, { revisions }: Pick<Seen, 'revisions'>): string {
  return revisions.length < 2 || filter === undefined ? 'the filter' : filter;
}

function absence(verdict: Absent, { planned, pod, ref, observed }: Found): PodVerdict {
  const { podRevision } = planned;
  if (verdict.unreadable !== undefined) {
    return pending(ref, `the proxy of pod ${pod.metadata.name} cannot be inspected: ${verdict.unreadable}`);
  }
  const why = explainMissing(
    verdict,
    placeOf(planned, { ref, observed }),
    redirectionOf(pod, { ref, observed }),
    kindFor(podRevision),
  );
  return {
    state: 'pending',
    problem: noEffect(
      ref,
      `its pods are ready, but ${podRevision.filter} is in no listener of pod ${pod.metadata.name}: ${why}`,
      (verdict.withoutAnchor === undefined ? portRemedy : insertRemedy)(asWritten(planned)),
    ),
  };
}

/** The minor version of a pod's Envoy 1, where its image says it. */
function envoyOf(pod: Pod): number | undefined {
  const version = proxyVersionOfImage(proxyImageOf(pod) ?? '')?.envoy;
  return version?.major === 1 ? version.minor : undefined;
}
