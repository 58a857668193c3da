import { messageOf } from '../../base/problem.ts';
import { CONFIG_MAP } from '../../cluster/resources.ts';
import { VERIFIED_ANNOTATION } from '../../mesh/identity/names.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import { formatVerified, mergeVerified, parseVerified, verifiedKey } from '../../mesh/identity/verified.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { objectKey } from '../plan/plan.ts';
import type { PushResult } from './push-settings.ts';
import { failureOf, type WorkloadRollout } from './workload-rollout.ts';

/**
 * Records on each revision's ConfigMap on which workloads it was verified: one write per namespace and revision, none when
 * nothing was verified anew. The record only saves later runs a look, so a write that fails is no failure of the run.
 */
export async function recordVerification(
  rollouts: readonly WorkloadRollout[],
  pushes: ReadonlyMap<string, PushResult>,
  snapshot: ClusterSnapshot,
  { client, log, signal }: DeployContext,
): Promise<void> {
  const fresh = new Map<string, { namespace: string; name: string; lines: Map<string, string> }>();
  for (const rollout of rollouts) {
    if (rollout.state === 'rolled-back' || failureOf(rollout).problem !== undefined) continue;
    const { ref, revisions } = rollout.planned;
    const verification = rollout.state === 'verified' ? rollout.verification : undefined;
    for (const { revision, podRevision } of revisions) {
      const key = objectKey(ref.namespace, podRevision);
      const level = (verification ?? pushes.get(key)?.verifications.get(workloadKey(ref)))?.level;
      if (level === undefined) continue;
      const entry = fresh.get(key) ?? { namespace: ref.namespace, name: revisionName(podRevision), lines: new Map() };
      entry.lines.set(verifiedKey(ref, podRevision.id, revision.id), level);
      fresh.set(key, entry);
    }
  }
  if (signal.aborted) return;
  await Promise.all(
    [...fresh.values()].map(async ({ namespace, name, lines }) => {
      const recorded = snapshot.configMaps(namespace).find(({ metadata }) => metadata.name === name);
      const before = recorded === undefined ? new Map<string, string>() : parseVerified(recorded);
      const text = formatVerified(mergeVerified(before, lines));
      if (text === formatVerified(before)) return;
      try {
        await client.mergePatch(CONFIG_MAP, namespace, name, {
          metadata: { annotations: { [VERIFIED_ANNOTATION]: text } },
        });
      } catch (error) {
        log.debug(`The verification could not be recorded on ConfigMap ${namespace}/${name}: ${messageOf(error)}`);
      }
    }),
  );
}
