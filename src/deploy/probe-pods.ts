import { mapLimited, pause } from '../base/concurrency.ts';
import { messageOf, type Problem } from '../base/problem.ts';
import { ApiError } from '../cluster/errors.ts';
import type { Pod } from '../cluster/objects.ts';
import { describeWorkload, type WorkloadRef } from '../targets/target.ts';
import type { DeployContext } from './context.ts';
import { checkAnswer, describeProbe, type Probe } from './probe.ts';

/** An app may need a moment after it is ready, and a filter the answer to a call of its own. */
const TRIES = 5;
const PAUSE_MS = 1_000;
const PARALLEL = 4;
const ANSWER_MS = 10_000;

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
  { metadata }: Pod,
  ref: WorkloadRef,
  { client, signal }: DeployContext,
): Promise<Problem | undefined> {
  let wrong = '';
  for (let attempt = 1; attempt <= TRIES && !signal.aborted; attempt++) {
    if (attempt > 1) await pause(PAUSE_MS, signal);
    try {
      const answer = await client.podGet(ref.namespace, metadata.name, probe.port, probe.path, {
        method: probe.method,
        headers: probe.headers,
        timeoutMs: ANSWER_MS,
        ...(probe.body === undefined ? {} : { body: probe.body }),
      });
      const difference = checkAnswer(probe, answer);
      if (difference === undefined) return undefined;
      wrong = difference;
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return forbidden(ref);
      wrong = `did not answer (${messageOf(error)})`;
    }
  }
  if (signal.aborted) return undefined;
  return {
    kind: 'proof',
    subject: describeWorkload(ref),
    message: `pod ${metadata.name} ${wrong} to the probe ${describeProbe(probe)}.`,
    remedy:
      'Compare the probe with what the app and the filter should answer. Under strict mTLS a pod answers nobody outside the mesh; leave the probe out then.',
  };
}

function forbidden({ namespace }: WorkloadRef): Problem {
  return {
    kind: 'permission',
    message: `The user of the kubeconfig may not send requests to pods in namespace "${namespace}" (get pods/proxy).`,
    remedy: 'Grant the right, or leave the input "probe" out.',
  };
}
