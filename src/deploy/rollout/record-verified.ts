import { messageOf } from '../../base/problem.ts';
import { CONFIG_MAP } from '../../cluster/resources.ts';
import { PROVEN_ANNOTATION } from '../../mesh/identity/names.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import { formatProven, parseProven, provenKey, renewProven } from '../../mesh/identity/verified.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import type { Observation } from '../observe/snapshot.ts';
import { objectKey } from '../plan/plan.ts';
import type { PushResult } from './push-settings.ts';
import { failureOf, type WorkloadRollout } from './workload-rollout.ts';

/**
 * Records on each revision's ConfigMap on which workloads it was proven: one write per namespace and revision, none when
 * nothing was proven anew. The record only saves later runs a look, so a write that fails is no failure of the run.
 */
export async function recordProof(
  rollouts: readonly WorkloadRollout[],
  pushes: ReadonlyMap<string, PushResult>,
  observation: Observation,
  { client, log, signal }: DeployContext,
): Promise<void> {
  const fresh = new Map<string, { namespace: string; name: string; lines: Map<string, string> }>();
  for (const rollout of rollouts) {
    if (rollout.state === 'rolled-back' || failureOf(rollout).problem !== undefined) continue;
    const { ref, revisions } = rollout.planned;
    const proof = rollout.state === 'verified' ? rollout.proof : undefined;
    for (const { revision, carrier } of revisions) {
      const key = objectKey(ref.namespace, carrier);
      const level = (proof ?? pushes.get(key)?.proofs.get(workloadKey(ref)))?.level;
      if (level === undefined) continue;
      const entry = fresh.get(key) ?? { namespace: ref.namespace, name: revisionName(carrier), lines: new Map() };
      entry.lines.set(provenKey(ref, carrier.id, revision.id), level);
      fresh.set(key, entry);
    }
  }
  if (signal.aborted) return;
  await Promise.all(
    [...fresh.values()].map(async ({ namespace, name, lines }) => {
      const recorded = observation.configMaps(namespace).find(({ metadata }) => metadata.name === name);
      const before = recorded === undefined ? new Map<string, string>() : parseProven(recorded);
      const text = formatProven(renewProven(before, lines));
      if (text === formatProven(before)) return;
      try {
        await client.mergePatch(CONFIG_MAP, namespace, name, {
          metadata: { annotations: { [PROVEN_ANNOTATION]: text } },
        });
      } catch (error) {
        log.debug(`The verification could not be recorded on ConfigMap ${namespace}/${name}: ${messageOf(error)}`);
      }
    }),
  );
}
