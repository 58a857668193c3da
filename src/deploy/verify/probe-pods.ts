import { mapLimited, pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import { messageOf, type Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import { type ApiError, isApiError } from '../../cluster/errors.ts';
import { missingPermission } from '../../cluster/missing-permission.ts';
import type { Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { TRAP_REMEDY } from '../../mesh/proxy/envoy-causes.ts';
import { carriedFilters } from '../../mesh/proxy/refused-filter.ts';
import { describeTrap } from '../../mesh/proxy/trap-log.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { evidenceSource } from '../observe/evidence-source.ts';
import { readTrap } from '../observe/pod-logs.ts';
import { checkAnswer, describeAnswer, describeProbe, type Probe, probeVerb } from '../probe.ts';

/** An app may need a moment after it is ready, and a filter the answer to a call of its own. */
const TRIES = 5;
/** A pod that lets the probe hang is not asked again after this long. */
const TRYING_MS = 15_000;
const PAUSE_MS = 1_000;
const PARALLEL = 4;
const ANSWER_MS = 10_000;
/** A filter may have crashed at the first request to its pod, shortly before the probe; the clock of a node may differ as much. */
const LATELY_MS = 60_000;

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
  const since = new Date(date().getTime() - LATELY_MS);
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
  const trap = await readTrap(pod, ref.namespace, since, evidenceSource(context));
  if (trap === undefined) {
    const remedy = `${COMPARE}${came === '' ? MAYBE_STRICT : ''}`;
    return { ...failed, message: `pod ${metadata.name} ${answered}`, remedy };
  }
  const who = listWords(carriedFilters(ref.namespace, pod).map(({ filter }) => filter)) || 'a filter';
  const crash = `${describeTrap(trap, who)}, as the log of its proxy says`;
  return {
    ...failed,
    message: `pod ${metadata.name}: ${crash}. It ${answered}`,
    clause: 'a filter crashed at the probe',
    remedy: TRAP_REMEDY,
  };
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
