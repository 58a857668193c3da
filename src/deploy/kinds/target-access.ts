import type { Client, Written } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { TargetWriteOptions } from './binding.ts';
import { targetKind } from './kinds.ts';

/** Returns a target as it is now, with the plugins that name it where those say what it runs. `observed` is how it was before. @throws ApiError */
export function readTarget(client: Client, ref: WorkloadRef, observed: Workload): Promise<Workload> {
  const { binding, resource } = targetKind(ref);
  return binding.read(client, resource, ref, observed);
}

/** Patches a target on the condition that it is as it was observed: a 409 says that it is not. @throws ApiError */
export function patchTarget(
  client: Client,
  ref: WorkloadRef,
  observed: Workload,
  patch: WorkloadPatch,
  options: TargetWriteOptions = {},
): Promise<Written<Workload>> {
  const { binding, resource } = targetKind(ref);
  return binding.write(client, resource, ref, { observed, patch }, options);
}
