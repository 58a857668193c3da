import { count, someOf } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { Pod } from '../../cluster/objects.ts';
import { containersOf } from '../../cluster/pod-trouble.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';

const MAX_NAMED = 3;

/**
 * Warns of containers of ready pods that ended and were started anew before, and names the command that shows why; `undefined` if
 * none was.
 */
export function restartWarning(ref: WorkloadRef, pods: readonly Pod[]): Warning | undefined {
  const restarted = pods.flatMap((pod) =>
    containersOf(pod).flatMap(({ name, restartCount = 0 }) =>
      restartCount > 0 ? [{ pod: pod.metadata.name, name, times: restartCount }] : [],
    ),
  );
  const [first] = restarted.sort((a, b) => b.times - a.times);
  if (first === undefined) return undefined;
  const subject = describeWorkload(ref);
  const each = restarted.map(({ pod, name, times }) => `${name} of ${pod} ${count(times, 'time')}`);
  const text = `${subject}: its pods are ready, but containers restarted: ${someOf(each, MAX_NAMED)}. Why one ended: \`kubectl logs -n ${ref.namespace} ${first.pod} -c ${first.name} --previous\`.`;
  return { topic: 'Containers restarted', subject, text };
}
