import { mapLimited, pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import { messageOf, type Problem } from '../../base/problem.ts';
import { permissionOf } from '../../cluster/access.ts';
import { type ApiError, isApiError } from '../../cluster/errors.ts';
import { missingPermission } from '../../cluster/missing-permission.ts';
import type { Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { TRAP_REMEDY } from '../../mesh/proxy/envoy-causes.ts';
import { describeSuspects, suspectsIn } from '../../mesh/proxy/suspects.ts';
import { describeTrap, type Trap } from '../../mesh/proxy/trap-log.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { evidenceSource } from '../observe/evidence-source.ts';
import { readTraps } from '../observe/pod-logs.ts';
import { readWasmPlugins } from '../observe/wasm-plugins.ts';
import { checkAnswer, describeAnswer, describeProbe, type Probe, probeVerb } from '../probe.ts';

/** An app may need a moment after it is ready, and a filter the answer to a call of its own. */
const TRIES = 5;
/** A pod that lets the probe hang is not asked again after this long. */
const TRYING_MS = 15_000;
const PAUSE_MS = 1_000;
const PARALLEL = 4;
const ANSWER_MS = 10_000;
/** The clock of a node may be so far behind. */
const CLOCK_SLACK_MS = 5_000;
/** What Envoy calls at any time, or when a request has been answered: the probe may have failed for another reason. */
const BESIDE_REQUESTS: ReadonlySet<string> = new Set([
  'proxy_on_tick',
  'proxy_on_queue_ready',
  'proxy_on_log',
  'proxy_on_done',
  'proxy_on_delete',
]);

const COMPARE = 'Compare the probe with what the app and the filter should answer.';
/** Of a pod that did not answer at all. */
const MAYBE_STRICT =
  ' Under strict mTLS (PeerAuthentication STRICT) a pod does not answer clients outside the mesh; in that case, leave the probe out.';

/** Sends the probe to each pod, through its sidecar; gives the first pod's problem that does not answer as expected. */
export async function probePods(
  probe: Probe,
  pods: readonly Pod[],
  ref: WorkloadRef,
  context: DeployContext,
): Promise<Problem | undefined> {
  const problems = await mapLimited(pods, PARALLEL, (pod) => probePod(probe, pod, ref, context));
  return problems.find((problem) => problem !== undefined);
}

async function probePod(
  probe: Probe,
  pod: Pod,
  ref: WorkloadRef,
  context: DeployContext,
): Promise<Problem | undefined> {
  const { metadata } = pod;
  const { client, signal, now, date } = context;
  const started = now();
  const since = new Date(date().getTime() - CLOCK_SLACK_MS);
  let wrong = '';
  let came = '';
  for (let attempt = 1; attempt <= TRIES && !signal.aborted; attempt++) {
    if (now() - started >= TRYING_MS) break;
    if (attempt > 1) await pause(PAUSE_MS, signal);
    try {
      const answer = await client.requestPod(ref.namespace, metadata.name, probe.port, probe.path, {
        method: probe.method,
        headers: probe.headers,
        timeoutMs: ANSWER_MS,
        ...defined({ body: probe.body }),
      });
      const difference = checkAnswer(probe, answer);
      if (difference === undefined) return undefined;
      wrong = difference;
      came = ` ${describeAnswer(answer)}.`;
    } catch (error) {
      if (isApiError(error, 403)) return forbidden(probe, ref, error);
      wrong = `did not answer (${messageOf(error)})`;
      came = '';
    }
  }
  if (signal.aborted) return undefined;
  const failed = { kind: 'verification', subject: describeWorkload(ref), form: 'clause' } as const;
  const answered = `${wrong} to the probe ${describeProbe(probe)}.${came}`;
  const compare = `${COMPARE}${came === '' ? MAYBE_STRICT : ''}`;
  const source = evidenceSource(context);
  const traps = await readTraps(pod, ref.namespace, since, source);
  const trap = traps.find(isOfRequest) ?? traps[0];
  if (trap === undefined) return { ...failed, message: `pod ${metadata.name} ${answered}`, remedy: compare };
  const who = describeSuspects(suspectsIn(pod, ref.namespace, await readWasmPlugins(pod, ref.namespace, source)));
  const crash = `a filter crashed while the probe was asked: ${describeTrap(trap, who)}, as the log of its proxy says`;
  return {
    ...failed,
    message: `pod ${metadata.name}: ${crash}. It ${answered}`,
    clause: 'a filter crashed while the probe was asked',
    remedy: isOfRequest(trap) ? TRAP_REMEDY : `${TRAP_REMEDY} ${compare}`,
  };
}

function isOfRequest({ callback }: Trap): boolean {
  return !BESIDE_REQUESTS.has(callback);
}

function forbidden(probe: Probe, { namespace }: WorkloadRef, { message }: ApiError): Problem {
  const permission = permissionOf({ verb: probeVerb(probe), resource: POD, subresource: 'proxy', namespace });
  return {
    kind: 'permission',
    message: `The kubeconfig user is not allowed to send ${probe.method} requests to pods (${describePermission(permission)}).`,
    permission,
    ...defined({ user: missingPermission(message)?.user }),
    permissionNote: 'Without "probe", no pod is sent a request.',
    remedy: 'Grant the permission, or leave the input "probe" out.',
  };
}
