import { mapLimited, pause } from '../../base/concurrency.ts';
import { isObject, pick } from '../../base/json.ts';
import type { Problem } from '../../base/problem.ts';
import { count, nameSome } from '../../base/text.ts';
import type { Client } from '../../cluster/client.ts';
import type { Pod } from '../../cluster/objects.ts';
import { SERVICE } from '../../cluster/resources.ts';
import { type Service, servicePortsTo } from '../../cluster/service-ports.ts';
import { anchorOf } from '../../filter/insertion.ts';
import { nameSettings, type WrittenFilter } from '../../filter/written.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { kindFor } from '../../mesh/objects/filter-resource.ts';
import { type Absent, chainsOf, expectPlaces, hasPlace } from '../../mesh/proxy/places.ts';
import { explainMissing, insertRemedy, judgeReach, portRemedy } from '../../mesh/proxy/reach.ts';
import { captureInbound } from '../../mesh/template/capture.ts';
import { injectedSidecar, neverInjected } from '../../mesh/template/injection.ts';
import { mayBeConfiguredOtherwise } from '../../mesh/template/redirection.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import { NamespaceLabels } from '../observe/namespace-labels.ts';
import type { RunningProxies, SeenProxy } from '../observe/running-proxies.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { changesPods, type PlannedDeployment, type PlannedRevision, type PlannedWorkload } from '../plan/plan.ts';
import { aboutFilterOf, noEffect, placeOf, redirectionOf, unreachableIn, unreached } from '../plan/wanted-place.ts';
import type { RolloutPolicy } from '../policy.ts';
import { describeProbe, type Probe } from '../probe.ts';
import { bypassWarning } from '../report/bypass-warning.ts';
import { foreignRefusal } from './foreign-refusal.ts';
import type { Preflight } from './revision-checks.ts';

const NOTHING: Preflight = { problems: [], warnings: [] };
const PARALLEL = 8;
/** A Service may be new, and its listener not yet with the proxy. */
const AGAIN_MS = 1_500;

interface InspectionContext {
  readonly policy: Pick<RolloutPolicy, 'wait' | 'verify' | 'probe'>;
  readonly snapshot: Pick<ClusterSnapshot, 'filterResources' | 'foreignEnvoyFilters' | 'unmanaged'>;
  readonly proxies: RunningProxies;
  readonly labels: NamespaceLabels;
  readonly client: Client;
  readonly signal: AbortSignal;
}

/**
 * Looks at a running pod of each workload whose pods a plan changes, and says what would be found only after a rollout otherwise:
 * no sidecar, a configuration that the proxy rejects for the sake of others, a port without HTTP or outside of what the sidecar
 * captures, no filter beside which ours could stand, a probe that cannot get through. Nothing is asked where no evidence is asked
 * for after the rollout, and what cannot be known is no problem.
 */
export async function checkRunningProxies(
  { plan, snapshot, request: policy, problems, proxies, unknown }: PlannedDeployment,
  { client, log, signal }: Pick<DeployContext, 'client' | 'log' | 'signal'>,
): Promise<Preflight> {
  const reported = new Set(problems.map(({ subject }) => subject));
  const changing = plan.workloads.filter(
    (planned) => changesPods(planned) && planned.revisions.length > 0 && !reported.has(describeWorkload(planned.ref)),
  );
  // With stand-ins for faulty settings, a filter would be somewhere else.
  if (changing.length === 0 || !policy.wait || policy.verify === 'off' || unknown.has('settings')) return NOTHING;
  const context: InspectionContext = { policy, snapshot, proxies, labels: new NamespaceLabels(client), client, signal };
  const looks = await log.group(`Inspect what runs now in ${count(changing.length, 'workload')}`, () =>
    mapLimited(changing, PARALLEL, (planned) => lookAt(planned, context)),
  );
  return { problems: looks.flatMap(({ problems }) => problems), warnings: looks.flatMap(({ warnings }) => warnings) };
}

async function lookAt(planned: PlannedWorkload, context: InspectionContext): Promise<Preflight> {
  const { ref, observed } = planned;
  const withSidecar = await describesOnlyOwn(planned, context);
  if (withSidecar !== undefined) return { problems: [withSidecar], warnings: [] };
  const look = await context.proxies.look(ref);
  switch (look.state) {
    case 'unknown':
      return NOTHING;
    case 'without-proxy':
      return { problems: await withoutSidecar(planned, context), warnings: [] };
    case 'unseen': {
      const problem = isOutdated(look.pod, planned) ? undefined : unreachableIn(look.pod, planned);
      return { problems: problem === undefined ? [] : [problem], warnings: [] };
    }
    default: {
      const found = judge(planned, look, context);
      if (!found.absent || context.signal.aborted) return concluded(found, planned, look, context);
      await pause(AGAIN_MS, context.signal);
      const again = await context.proxies.lookAgain(ref);
      if (again.state !== 'seen') return NOTHING;
      return concluded(judge({ ...planned, observed }, again, context), planned, again, context);
    }
  }
}

/** A sidecar that stands in the template mounts nothing of this action where nobody injects the pods anew. */
async function describesOnlyOwn(
  { ref, observed, revisions }: PlannedWorkload,
  { labels }: InspectionContext,
): Promise<Problem | undefined> {
  const template = observed.spec?.template ?? {};
  const mounted = revisions.some(({ podRevision }) => podRevision.image === undefined);
  if (!mounted || injectedSidecar(template) !== 'injected') return undefined;
  if (neverInjected(template, await labels.in(ref.namespace)) === undefined) return undefined;
  return noEffect(
    ref,
    'its pod template has an injected sidecar in it already (annotation sidecar.istio.io/status, as "istioctl kube-inject" writes it), and Istio does not inject its namespace, so nothing mounts the filter',
    'Use the template as it was before "istioctl kube-inject" and let Istio inject it, or deliver the filter by image.',
  );
}

/** Of a pod without one: only where nothing says that new ones would get it. */
async function withoutSidecar({ ref, observed }: PlannedWorkload, { labels }: InspectionContext): Promise<Problem[]> {
  if (targetKind(ref).withoutProxy !== undefined) return [];
  const explanation = neverInjected(observed.spec?.template ?? {}, await labels.in(ref.namespace));
  if (explanation === undefined) return [];
  const { message, remedy } = explanation;
  return [noEffect(ref, `no filter would run in its pods: ${message}`, remedy)];
}

/** A filter that would be in no listener. */
interface Placeless {
  readonly planned: PlannedRevision;
  readonly message: string;
  /** The ports that the mesh takes for TCP, where the filter would be if they had HTTP. */
  readonly tcp: readonly number[];
}

interface Judgement extends Preflight {
  readonly placeless: readonly Placeless[];
  /** Whether something is not there that may only be late. */
  readonly absent: boolean;
}

/** With what to do about each filter that would be in no listener: which Services say that a port is TCP, where they may be listed. */
async function concluded(
  { problems, warnings, placeless }: Judgement,
  { ref, revisions }: Pick<PlannedWorkload, 'ref' | 'revisions'>,
  { pod }: SeenProxy,
  { client }: InspectionContext,
): Promise<Preflight> {
  const found: Problem[] = [];
  for (const { planned, message, tcp } of placeless) {
    const { filter } = planned.podRevision;
    const ports = tcp.length === 0 ? [] : servicePortsTo(pod, tcp, await servicesIn(ref.namespace, client));
    const problem = noEffect(
      ref,
      message,
      ports.length === 0 ? portRemedy(planned.revision) : tcpRemedy(ports, planned.revision),
    );
    found.push(aboutFilterOf(problem, filter, revisions));
  }
  return { problems: [...found, ...problems], warnings };
}

function tcpRemedy(ports: readonly string[], written: WrittenFilter): string {
  return `If this is HTTP, set \`appProtocol: http\` there: ${nameSome(ports, 3, '; ')}. Otherwise check ${nameSettings(['direction', 'port'], written)}.`;
}

/** None if they may not be listed, which a deployer needs no permission for. */
async function servicesIn(namespace: string, client: Client): Promise<readonly Service[]> {
  try {
    return await client.listSome<Service>(SERVICE, namespace);
  } catch {
    return [];
  }
}

function judge(planned: PlannedWorkload, look: SeenProxy, context: InspectionContext): Judgement {
  const foreign = foreignRefusal(planned, look, context.snapshot);
  // What was refused a moment ago may be corrected by now.
  if (foreign !== undefined) return { problems: [foreign], warnings: [], placeless: [], absent: true };
  const verdicts = planned.revisions.map((revision) => judgeRevision(revision, planned, look, context));
  const { probe } = context.policy;
  const problem = probe && probeBlocker(probe, planned, look);
  return {
    problems: [...verdicts.flatMap(({ problems }) => problems), ...(problem === undefined ? [] : [problem])],
    warnings: verdicts.flatMap(({ warnings }) => warnings),
    placeless: verdicts.flatMap(({ placeless }) => placeless),
    absent: verdicts.some(({ absent }) => absent),
  };
}

function judgeRevision(
  revision: PlannedRevision,
  planned: PlannedWorkload,
  look: SeenProxy,
  context: InspectionContext,
): Judgement {
  const { ref, observed, revisions } = planned;
  const { filter } = revision.podRevision;
  const refused = (problem: Problem, absent: boolean): Judgement => {
    return { problems: [aboutFilterOf(problem, filter, revisions)], warnings: [], placeless: [], absent };
  };
  const place = placeOf(revision, { ref, observed });
  const kind = kindFor(revision.podRevision);
  const redirection = isOutdated(look.pod, planned) ? undefined : redirectionOf(look.pod, { ref, observed });
  const expected = expectPlaces(look.listeners, place);
  const open = expected.missing.filter(
    (absent) => isRefusing(look, absent) || isProvided(absent, revision, planned, context),
  );
  if (open.length > 0) return { ...NOTHING, placeless: [], absent: false };
  // As after the rollout: a side that has the port but not the filter's neighbour is a failure of its own.
  const amiss = expected.missing.find((absent) => hasPlace(absent, place));
  const [absent] = amiss === undefined && expected.places.length === 0 ? expected.missing : [amiss];
  if (absent !== undefined) {
    const why = explainMissing(absent, place, redirection, kind);
    const message = `${filter} would be in no listener: ${why}`;
    if (absent.withoutAnchor !== undefined)
      return refused(noEffect(ref, message, insertRemedy(revision.revision)), true);
    const tcp = absent.side !== 'inbound' ? [] : absent.tcp.filter((port) => (place.port ?? port) === port);
    return { ...NOTHING, placeless: [{ planned: revision, message, tcp }], absent: true };
  }
  const reach = judgeReach(expected, place, redirection, kind);
  if (reach.state === 'unreached') return refused(unreached(ref, revision, reach), false);
  const warnings = reach.notes.flatMap((note) => (note.severity === 'warning' ? [bypassWarning(ref, note.text)] : []));
  return { problems: [], warnings, placeless: [], absent: false };
}

/** Whether the template's annotations have changed since the pod was made, so that new ones may be redirected otherwise. */
function isOutdated(pod: Pod, { observed }: PlannedWorkload): boolean {
  return mayBeConfiguredOtherwise(pod, observed.spec?.template ?? {});
}

/** Whether the proxy rejects what it was sent last for a side, perhaps for want of what this very run repairs. */
function isRefusing({ listeners }: SeenProxy, { side }: Absent): boolean {
  return listeners.some(({ direction, refused }) => direction === side && refused !== undefined);
}

/** Whether the filter beside which ours is to stand comes with the same rollout. */
function isProvided(
  { withoutAnchor }: Absent,
  { revision }: PlannedRevision,
  { ref, revisions }: PlannedWorkload,
  { snapshot }: InspectionContext,
): boolean {
  const anchor = anchorOf(revision.settings.insert);
  if (withoutAnchor === undefined || anchor === undefined) return false;
  return (
    revisions.some((other) => other.podRevision.filter === anchor) ||
    snapshot.foreignEnvoyFilters(ref.namespace).some((envoyFilter) => brings(envoyFilter, anchor))
  );
}

function brings({ spec }: EnvoyFilter, name: string): boolean {
  const { configPatches } = spec as { readonly configPatches?: unknown };
  const patches = Array.isArray(configPatches) ? configPatches.filter(isObject) : [];
  return patches.some((patch) => pick(patch, 'patch', 'value', 'name') === name);
}

/**
 * Why a probe cannot get through a sidecar, as its listeners show: the API server sends it to the pod without encryption, and under
 * strict mutual TLS no chain of the port takes that. There is no other way through the filters of just this pod: what its containers
 * send to their own address passes by the sidecar or comes to the same listener, and a Service leads to any pod. Of a gateway
 * nothing is said, whose listeners have their own rules.
 */
function probeBlocker(
  probe: Probe,
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  { listeners, pod }: Pick<SeenProxy, 'listeners' | 'pod'>,
): Problem | undefined {
  if (targetKind(ref).isGateway(observed)) return undefined;
  const redirection = redirectionOf(pod, { ref, observed });
  // What the sidecar does not get, it does not refuse.
  if (redirection !== undefined && captureInbound(redirection, probe.port).state === 'not') return undefined;
  const own = chainsOf(listeners, 'inbound', probe.port);
  const chains = own.length > 0 ? own : otherChains(listeners);
  if (chains.length === 0 || chains.some(({ plaintext }) => plaintext)) return undefined;
  return {
    kind: 'verification',
    subject: describeWorkload(ref),
    form: 'clause',
    message: `the probe ${describeProbe(probe)} cannot get through: its sidecar takes only mutual TLS on port ${probe.port} (PeerAuthentication STRICT), and the API server, which sends the probe, is not in the mesh.`,
    remedy:
      'Leave the input "probe" out: "verify: required" checks the listeners of every pod without it. Or set PERMISSIVE for that port in a PeerAuthentication of the workload (portLevelMtls); then the pod takes plaintext from everyone who can reach it, not only from the probe.',
  };
}

/** Those for ports that no Service names; the chains for the sidecar's own ports are not among them. */
function otherChains(listeners: SeenProxy['listeners']): { readonly plaintext: boolean }[] {
  return listeners
    .filter(({ direction, bound }) => direction === 'inbound' && !bound)
    .flatMap(({ active }) => active.filter(({ port, http }) => port === undefined && http));
}
