import { untilAborted } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { isNonEmpty } from '../../base/lists.ts';
import { describePermission, type Permission } from '../../base/permission.ts';
import { listWords } from '../../base/text.ts';
import { describeRefusal, isRefused } from '../../cluster/node-refusal.ts';
import type { Event, Pod } from '../../cluster/objects.ts';
import {
  containerOfEvent,
  describeEvent,
  type TellingEvent,
  tellingEvent,
  withoutPassed,
} from '../../cluster/pod-events.ts';
import { describeTrouble, recentTroubleOf } from '../../cluster/pod-trouble.ts';
import { describePod, hasStartedProxy, isReady, PROXY_CONTAINER, unreadyContainer } from '../../cluster/pods.ts';
import { uncreatedFolder } from '../../cluster/runtime-words.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { pluginOf } from '../../mesh/objects/wasm-plugin.ts';
import { describeReason, type EnvoyReason } from '../../mesh/proxy/envoy-log.ts';
import { knownOf } from '../../mesh/proxy/refused-filter.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { type EvidenceSource, evidenceSource } from '../observe/evidence-source.ts';
import { listNewPods, listWarnings } from '../observe/new-pods.ts';
import { readEnvoyReason, readLastWords, readPluginReason } from '../observe/pod-logs.ts';
import type { RolloutGoal } from './rollout-goal.ts';
import { goalFilters } from './rollout-goal.ts';

/** The container that keeps a pod from being ready. */
export interface TroubledContainer {
  readonly name: string;
  /** As the kubelet or the runtime calls it: `ErrImagePull`, `OOMKilled`, `Error`; empty for one that runs and is not ready. */
  readonly reason: string;
  /** How far it came: it was never started, has ended by itself, or runs and is not ready. */
  readonly failure: 'not-started' | 'ended' | 'not-ready';
}

/** What the cluster says about a rollout that does not become ready. */
export interface Diagnosis {
  /** One line per pod that is not ready: `reviews-7d4f: container istio-proxy not ready`. */
  readonly pods: readonly string[];
  /** Which container of a pod cannot run, and why: `app keeps crashing (Error, exit code 1); its log ends: …`. */
  readonly cause?: string;
  /** The filter for which the runtime could not create a folder in the proxy's container to mount it at: that is the cause. */
  readonly cannotMount?: string;
  /** The pod that the cause is of; omitted when it is of several. */
  readonly causeOf?: string;
  /** The container that the cause is of, or whose log was read; omitted when it is none, or the proxy that is not ready. */
  readonly troubled?: TroubledContainer;
  /** The most telling warning event. */
  readonly event?: TellingEvent;
  /** What a container of the workload's own said last that runs and is not ready: `The log of app ends: …`. */
  readonly said?: string;
  /** Envoy's own reason, from the log of a pod's proxy. */
  readonly envoy?: EnvoyReason;
  /** The permissions without which pods, events or logs could not be read, which show the cause; omitted if none is missing. */
  readonly missing?: readonly [Permission, ...Permission[]];
}

/** Collects, for workloads that did not become ready, what their pods, events and proxies say. By `workloadKey`. */
async function diagnose(
  workloads: readonly RolloutGoal[],
  from: EvidenceSource,
): Promise<ReadonlyMap<string, Diagnosis>> {
  const denied = new Map<string, Permission>();
  const source: EvidenceSource = {
    ...from,
    denied: (permission) => denied.set(describePermission(permission), permission),
  };
  const found = await listNewPods(workloads, source);
  const namespaces = [...new Set(workloads.map(({ ref }) => ref.namespace))];
  const events = new Map(
    await Promise.all(
      namespaces.map(async (namespace): Promise<[string, readonly Event[]]> => {
        return [namespace, await listWarnings(namespace, source)];
      }),
    ),
  );
  const diagnoses = await Promise.all(
    workloads.map(async (goal): Promise<[string, Diagnosis]> => {
      const key = workloadKey(goal.ref);
      const { namespace } = goal.ref;
      const seen = await diagnoseOne(goal, found.get(key) ?? [], events.get(namespace) ?? [], source);
      const missing = [...denied.values()].filter((permission) => permission.namespace === namespace);
      return [key, isNonEmpty(missing) ? { ...seen, missing } : seen];
    }),
  );
  return new Map(diagnoses);
}

/** How long evidence for the report may take, in milliseconds. */
const DIAGNOSE_MS = 15_000;

/** As `diagnose` for one workload; evidence must not hold up the report of a failure, so a server that hangs is not waited for long. */
export async function diagnoseInTime(goal: RolloutGoal, context: DeployContext): Promise<Diagnosis> {
  const inTime = AbortSignal.any([context.signal, AbortSignal.timeout(DIAGNOSE_MS)]);
  const found = await untilAborted(diagnose([goal], evidenceSource(context)), inTime).catch(() => undefined);
  return found?.get(workloadKey(goal.ref)) ?? { pods: [] };
}

/** As `diagnoseInTime` for one pod, which no workload made. */
export async function diagnosePod(goal: RolloutGoal, pod: Pod, context: DeployContext): Promise<Diagnosis> {
  const inTime = AbortSignal.any([context.signal, AbortSignal.timeout(DIAGNOSE_MS)]);
  const source = evidenceSource(context);
  const look = async (): Promise<Diagnosis> =>
    diagnoseOne(goal, [pod], await listWarnings(goal.ref.namespace, source), source);
  return (await untilAborted(look(), inTime).catch(() => undefined)) ?? { pods: [] };
}

async function diagnoseOne(
  goal: RolloutGoal,
  found: readonly Pod[],
  events: readonly Event[],
  source: EvidenceSource,
): Promise<Diagnosis> {
  const { ref } = goal;
  const [ready, pods] = [found.filter(isReady), found.filter((pod) => !isReady(pod))];
  const event = tellingEvent(
    withoutPassed(events, pods),
    new Set([ref.name, ...pods.map(({ metadata }) => metadata.name)]),
  );
  const withProxy = pods.find(hasStartedProxy);
  const envoy =
    (withProxy && (await readEnvoyReason(withProxy, ref.namespace, goalFilters(goal), source))) ??
    (await readPulls(goal, ready, source));
  const cause = await findCause(pods, events, goal, source);
  return {
    pods: pods.map((pod) => `${pod.metadata.name}: ${describePod(pod)}`),
    ...cause,
    ...((cause.cause ?? envoy) ? {} : await readUnready(pods, ref.namespace, source)),
    ...defined({ event, envoy }),
  };
}

/** What the first container said last that runs and is not ready, if it is not the proxy, whose log is read for what it rejects. */
async function readUnready(
  pods: readonly Pod[],
  namespace: string,
  source: EvidenceSource,
): Promise<Pick<Diagnosis, 'said' | 'troubled'>> {
  for (const pod of pods) {
    const name = unreadyContainer(pod);
    if (name === undefined) continue;
    if (name === PROXY_CONTAINER) return {};
    const said = await readLastWords(pod, namespace, { name, ended: false }, source);
    const troubled = { name, reason: '', failure: 'not-ready' } as const;
    return { troubled, ...(said !== undefined && { said: `The log of ${name} ends: ${said}` }) };
  }
  return {};
}

type Cause = Pick<Diagnosis, 'cause' | 'causeOf' | 'cannotMount' | 'troubled'>;

/**
 * Why the first pod that has a trouble has it: what the cluster says of its container, else the event that says why it failed,
 * else the last words in the container's own log.
 */
async function findCause(
  pods: readonly Pod[],
  events: readonly Event[],
  { ref: { namespace }, podRevisions }: RolloutGoal,
  source: EvidenceSource,
): Promise<Cause> {
  for (const pod of pods) {
    const trouble = recentTroubleOf(pod);
    if (trouble === undefined) continue;
    const causeOf = pod.metadata.name;
    const { container: name, reason } = trouble;
    const failed = (cause: string, folder?: string): Cause => ({
      cause,
      causeOf,
      troubled: { name, reason, failure: trouble.ended ? 'ended' : 'not-started' },
      ...defined({ cannotMount: mountedIn(folder, trouble.container, podRevisions) }),
    });
    if (trouble.cause !== undefined) return failed(describeTrouble(trouble), trouble.folder);
    const failures = events.filter((one) => {
      return one.reason === 'Failed' && (containerOfEvent(one) ?? trouble.container) === trouble.container;
    });
    const event = tellingEvent(failures, new Set([causeOf]));
    if (event !== undefined) return failed(`${trouble.words}: ${event.message}`, uncreatedFolder(event.message));
    const said = trouble.ended
      ? await readLastWords(pod, namespace, { name: trouble.container, ended: true }, source)
      : undefined;
    return failed(said === undefined ? trouble.words : `${trouble.words}; its log ends: ${said}`);
  }
  const refused = pods.find(isRefused);
  return refused === undefined ? {} : { cause: `nodes do not run its pods: ${describeRefusal(refused)}` };
}

/** The filter that is mounted at a folder in a container, or below it; `undefined` for none. */
function mountedIn(
  folder: string | undefined,
  container: string,
  podRevisions: readonly PodRevision[],
): string | undefined {
  if (folder === undefined || container !== PROXY_CONTAINER) return undefined;
  return podRevisions.find(({ mountPath }) => mountPath !== undefined && `${mountPath}/`.startsWith(`${folder}/`))
    ?.filter;
}

/** How many pods that are ready are asked why they do not run a filter. */
const MAX_READY = 4;

/** Why a filter whose image is pulled does not run in pods that are ready. */
async function readPulls(
  { ref, podRevisions, known }: Pick<RolloutGoal, 'ref' | 'podRevisions' | 'known'>,
  pods: readonly Pod[],
  source: EvidenceSource,
): Promise<EnvoyReason | undefined> {
  for (const podRevision of podRevisions) {
    if (podRevision.image === undefined) continue;
    const names = {
      plugin: pluginOf(ref.namespace, podRevision),
      image: podRevision.image,
      ...knownOf(known?.get(podRevision.filter), podRevision),
    };
    for (const pod of pods.slice(0, MAX_READY)) {
      const log = await readPluginReason(pod, ref.namespace, names, source);
      if (log.state !== 'explains') continue;
      return podRevisions.length < 2 ? log.reason : { ...log.reason, rejected: podRevision.filter };
    }
  }
  return undefined;
}

/**
 * What keeps a workload from being ready, each fact once: the cause that a pod has, else Envoy's own reason, else what its pods that
 * are not ready say, the most telling event and the end of a log. How far its rollout came (`message`) is told only where there is nothing else.
 */
export function unreadyCause(message: string, { cause, causeOf, pods, event, envoy, said: logged }: Diagnosis): string {
  if (cause !== undefined) return causeOf === undefined ? cause : `${causeOf}: ${cause}`;
  if (envoy !== undefined) return describeReason(envoy);
  const said = pods.length > 0 ? listWords(pods.slice(0, 2), 'and') : message;
  // A refusal to make pods is an event and a condition of the same words.
  const told = event === undefined || said.includes(event.message) ? '' : describeEvent(event);
  return [said, told, logged ?? ''].filter((text) => text !== '').join('. ');
}
