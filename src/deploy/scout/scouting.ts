import { mapLimited } from '../../base/concurrency.ts';
import { messageOf, type Problem } from '../../base/problem.ts';
import { count, formatDuration, sentence } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { isApiError } from '../../cluster/errors.ts';
import { POD } from '../../cluster/resources.ts';
import { SCOUT_RUN_ANNOTATION } from '../../mesh/identity/names.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { kindOf, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { toStored } from '../../mesh/objects/traffic-extension.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { type DeployContext, during } from '../context.ts';
import type { RunningProxies } from '../observe/running-proxies.ts';
import type { Plan } from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { ScoutReport } from '../report/scout-report.ts';
import { ProxyInspector } from '../verify/proxy-inspector.ts';
import { type PlannedScout, planScouts, type Unscouted } from './plan-scouts.ts';
import { scoutPod } from './scout-pod.ts';
import { notTried, scoutName, standsFor, wentOnWithout } from './scout-problem.ts';
import type { ScoutRevision } from './scout-revision.ts';
import { ScoutWatch } from './scout-watch.ts';
import { type ScoutVerdict, tryScout } from './try-scout.ts';

export interface ScoutingContext extends DeployContext {
  readonly policy: Pick<RolloutPolicy, 'scout' | 'verify' | 'timeoutMs'>;
  readonly proxies: Pick<RunningProxies, 'podsIn'>;
  /** Tells the run from every other one. */
  readonly run: string;
  /** The run as records name it: `owner/repo/run/attempt`, or `local`. */
  readonly madeBy: string;
  /** Whether a revision was once verified on a workload. */
  readonly isVerified: (ref: WorkloadRef, podRevision: PodRevision) => boolean;
}

/** What scouts have found in a cluster. Nothing may be changed where there are problems. */
export interface Scouted {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** Omitted where there was nothing to try. */
  readonly report?: ScoutReport;
}

const NOTHING: Scouted = { problems: [], warnings: [] };
/** As many sidecars start at once. */
const PARALLEL = 32;

interface Tried {
  readonly scout: PlannedScout;
  readonly verdict: ScoutVerdict;
  /** What could not be deleted, each with why: sentences. */
  readonly left: readonly string[];
}

/**
 * Tries what a plan brings to proxies in scouts, all at the same time, and takes them away again. The shared objects have to be there.
 * Never throws.
 */
export async function sendScouts(plan: Plan, context: ScoutingContext): Promise<Scouted> {
  const { policy, run, proxies, log, now } = context;
  if (policy.scout === 'off') return NOTHING;
  const { scouts, unscouted } = await planScouts(plan, run, context.isVerified, (namespace) =>
    proxies.podsIn(namespace),
  );
  if (scouts.length === 0) return conclude([], unscouted, 0, policy);
  const namespaces = Map.groupBy(scouts, ({ namespace }) => namespace);
  return log.group(`Scouts in ${count(namespaces.size, 'namespace')}`, async () => {
    const started = now();
    log.info(`Trying the filters in ${count(scouts.length, 'pod')} of this run before any workload is changed.`);
    const inspector = new ProxyInspector(context);
    const tried = await Promise.all(
      [...namespaces].map(async ([namespace, those]) => {
        const watch = new ScoutWatch(namespace, context);
        try {
          return await mapLimited(those, PARALLEL, (scout) => sendOne(scout, { ...context, inspector, watch }));
        } finally {
          await watch.close();
        }
      }),
    );
    return conclude(tried.flat(), unscouted, now() - started, policy);
  });
}

async function sendOne(
  scout: PlannedScout,
  context: ScoutingContext & { readonly inspector: ProxyInspector; readonly watch: ScoutWatch },
): Promise<Tried> {
  const { log, now, run, madeBy, signal } = context;
  const started = now();
  let verdict: ScoutVerdict = { state: 'cancelled' };
  let left: readonly string[] = [];
  try {
    if (!signal.aborted) {
      await bringOwn(scout, context);
      verdict = await tryScout(scout, scoutPod({ ...scout, run, madeBy }), context);
    }
  } catch (error) {
    verdict = { state: 'untried', why: `what brings the filter to it could not be written (${messageOf(error)})` };
  } finally {
    const isMade = context.watch.podOf(scout.name) !== undefined;
    const all = await takeAway(scout, during(context, 'cleaning up'));
    // One that was never made, as nobody may, needs no deletion that is as forbidden.
    left = isMade ? all : [];
  }
  const took = formatDuration(now() - started);
  log.info(`${scoutName(scout)}, for ${standsFor(scout)}: ${describeVerdict(verdict)} (${took})`);
  return { scout, verdict, left };
}

function describeVerdict(verdict: ScoutVerdict): string {
  switch (verdict.state) {
    case 'passed':
      return 'its proxy runs the filters';
    case 'refused':
      return verdict.problem.message;
    case 'untried':
      return `not tried, ${verdict.why}`;
    case 'cancelled':
      return 'cancelled';
  }
}

/** Those of its filters that an object of its own brings. */
function ownOf({
  revisions,
}: PlannedScout): (ScoutRevision & { readonly resource: NonNullable<ScoutRevision['resource']> })[] {
  return revisions.flatMap((one) => (one.resource === undefined ? [] : [{ ...one, resource: one.resource }]));
}

async function bringOwn(
  scout: PlannedScout,
  { client, madeBy }: Pick<ScoutingContext, 'client' | 'madeBy'>,
): Promise<void> {
  await Promise.all(
    ownOf(scout).map(({ resource, podRevision }) => {
      const { metadata } = resource;
      const annotations = { ...metadata.annotations, [SCOUT_RUN_ANNOTATION]: madeBy };
      const marked = { ...resource, metadata: { ...metadata, annotations } };
      return client.apply(resourceOf(podRevision), scout.namespace, toStored(marked), { force: true });
    }),
  );
}

/**
 * Deletes a scout and what was its own, at once, so that one that hangs is in the way of nothing else. Returns what could not be deleted:
 * the pod ends by itself, and the next run deletes both.
 */
async function takeAway(scout: PlannedScout, { client, log }: DeployContext): Promise<readonly string[]> {
  const { namespace, name } = scout;
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<string[]> => {
    try {
      await work();
      return [];
    } catch (error) {
      if (isApiError(error, 404)) return [];
      const text = sentence(`${what} was not deleted: ${messageOf(error)}`);
      log.info(text);
      return [text];
    }
  };
  const left = await Promise.all([
    attempt(`Pod ${namespace}/${name}`, () => client.delete(POD, namespace, name)),
    ...ownOf(scout).map(({ resource, podRevision }) =>
      attempt(`${kindOf(resource)} ${namespace}/${resource.metadata.name}`, () =>
        client.delete(resourceOf(podRevision), namespace, resource.metadata.name),
      ),
    ),
  ]);
  return left.flat();
}

function conclude(
  tried: readonly Tried[],
  unscouted: readonly Unscouted[],
  durationMs: number,
  { scout: mode }: Pick<RolloutPolicy, 'scout'>,
): Scouted {
  const untried = [
    ...tried.flatMap(({ scout, verdict }) =>
      verdict.state === 'untried' ? [{ ...verdict, targets: scout.targets }] : [],
    ),
    ...unscouted,
  ];
  const done = tried.filter(({ verdict }) => verdict.state === 'passed' || verdict.state === 'refused');
  const refused = done.flatMap(({ verdict }) => (verdict.state === 'refused' ? [verdict.problem] : []));
  const report: ScoutReport = {
    namespaces: [...new Set(done.map(({ scout }) => scout.namespace))].sort(),
    pods: done.length,
    durationMs,
    unshown: [...new Set(done.flatMap(({ scout }) => scout.revisions.flatMap(({ unshown }) => unshown)))],
    untried: [...new Set(untried.map(({ why }) => why))],
  };
  const left = tried.flatMap((one) => (one.verdict.state === 'cancelled' ? [] : one.left));
  const isEmpty = tried.length === 0 && untried.length === 0;
  return {
    problems: [
      ...refused,
      ...(mode === 'required' ? untried.map((one) => notTried(one.why, one, one.targets[0]?.namespace ?? '')) : []),
    ],
    warnings: [
      ...(mode === 'required' ? [] : untried.map((one) => sentence(wentOnWithout(one.why, one)))),
      ...left.map(
        (text) => `${text} It is of a scout, and serves nobody: the next run for the same filter deletes it.`,
      ),
    ].map((text) => ({ topic: 'Scout', text })),
    ...(isEmpty ? {} : { report }),
  };
}
