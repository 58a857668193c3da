import { defined } from '../../base/defined.ts';
import { append } from '../../base/lists.ts';
import type { Client, WriteOptions, Written } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import { WORKLOADS } from '../../cluster/resources.ts';
import { openSpec } from '../../mesh/gateway/attachment.ts';
import { type GatewayView, isGatewayView, viewGateway } from '../../mesh/gateway/view.ts';
import { attachmentWrites } from '../../mesh/gateway/writes.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { readGateway } from './gateway.ts';
import { applyPlugin, deletePlugin } from './plugins.ts';

/** A target as it is now; a Gateway with the plugins that name it. `observed` is how it was before. @throws ApiError */
export function readTarget(
  client: Client,
  { kind, namespace, name }: WorkloadRef,
  observed: Workload,
): Promise<Workload> {
  return isGatewayView(observed)
    ? readGateway(client, namespace, observed)
    : client.get<Workload>(WORKLOADS[kind], namespace, name);
}

interface TargetOptions extends WriteOptions {
  /**
   * Whether a filter that is new to a Gateway lets requests pass until it is there, so that an image which cannot be pulled does no harm:
   * there was no filter before either. The same patch, made anew of what this gives, closes it.
   */
  readonly openFirst?: boolean;
}

/**
 * Patches a target on the condition that it is as it was observed: a 409 says that it is not. What a patch says of a Gateway is
 * written to the plugins that name it, one after the other. @throws ApiError
 */
export async function patchTarget(
  client: Client,
  { kind, namespace, name }: WorkloadRef,
  observed: Workload,
  patch: WorkloadPatch,
  options: TargetOptions = {},
): Promise<Written<Workload>> {
  if (isGatewayView(observed)) return patchGateway(client, namespace, observed, patch, options);
  const conditional = { ...patch, metadata: { ...patch.metadata, resourceVersion: observed.metadata.resourceVersion } };
  return client.mergePatch<Workload>(WORKLOADS[kind], namespace, name, conditional, options);
}

async function patchGateway(
  client: Client,
  namespace: string,
  view: GatewayView,
  patch: WorkloadPatch,
  { openFirst = false, ...options }: TargetOptions,
): Promise<Written<GatewayView>> {
  const attachments = new Map(view.attachments.map((plugin) => [plugin.metadata.name, plugin]));
  const warnings: string[] = [];
  for (const { name, observed, wanted } of attachmentWrites(view, patch)) {
    if (wanted === undefined) {
      if (observed !== undefined) await deletePlugin(client, namespace, observed, options);
      attachments.delete(name);
      continue;
    }
    const { resourceVersion } = observed?.metadata ?? {};
    const metadata = { ...wanted.metadata, ...defined({ resourceVersion }) };
    const force = observed !== undefined;
    const spec = openFirst && observed === undefined ? openSpec(wanted.spec) : wanted.spec;
    const body = { ...wanted, metadata, spec };
    const written = await applyPlugin(client, namespace, body, { ...options, force });
    append(warnings, written.warnings);
    attachments.set(name, written.object);
  }
  return { object: viewGateway(view, [...attachments.values()]), warnings };
}
