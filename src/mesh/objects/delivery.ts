import { defined } from '../../base/defined.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { formatBytes } from '../../base/text.ts';
import { type FilterModule, fitsConfigMap } from '../../filter/module/module.ts';
import type { ImageDelivery, PluginPhase } from '../../filter/settings.ts';
import { requireFit, type ShrinkOptions } from '../../filter/shrink/shrink.ts';
import { type SettingPlace, settingAt, type WrittenFilter } from '../../filter/written.ts';
import { readPluginConfig } from './wasm-plugin.ts';

/** How a module comes to the proxies: mounted from a ConfigMap, or pulled by themselves as an image. */
export const DELIVERIES = ['auto', 'configmap', 'image'] as const;

/** What is asked for. */
export interface DeliveryRequest {
  readonly delivery: (typeof DELIVERIES)[number];
  readonly pullSecret?: string;
  readonly phase: PluginPhase;
  /** Whether the filter is for Gateways too, into whose pods nothing can be mounted. */
  readonly gateways?: boolean;
}

/** What was decided. */
export interface Delivery {
  /** Present where the proxies pull the module. */
  readonly image?: ImageDelivery;
  /** Why, as a clause; omitted when nobody would ask. */
  readonly why?: string;
}

/** Whether proxies are to pull a module: it is an image, and that was asked for, or there is no other way to bring it to them. */
export function isPulled(
  module: FilterModule,
  { delivery, gateways = false }: Pick<DeliveryRequest, 'delivery' | 'gateways'>,
): boolean {
  if (module.source?.kind !== 'image' || delivery === 'configmap') return false;
  return delivery === 'image' || gateways || !fitsConfigMap(module);
}

/** How a module may be made smaller, and where its filter is written. */
export interface DeliveryOptions extends ShrinkOptions {
  readonly written: Pick<WrittenFilter, 'places'>;
}

/**
 * Decides how a module is delivered. `auto` mounts what fits into a ConfigMap, so that no pod needs the registry to start; a
 * larger one, and one that is for Gateways too, is pulled, if it came from an image. One that is to be mounted and does not fit is a problem, which tells what
 * shrinking has done and might do.
 */
export function chooseDelivery(
  module: FilterModule,
  requested: DeliveryRequest,
  { written, ...shrinking }: DeliveryOptions,
): Result<Delivery> {
  const { delivery, pullSecret, phase, gateways = false } = requested;
  const { source, bytes } = module;
  if (source?.kind === 'image' && isPulled(module, requested)) {
    if (!source.istioCanPull) return fail(unreadable(source.given));
    return ok({
      image: { reference: source.pinned, phase, ...defined({ pullSecret }) },
      ...(delivery === 'auto' && { why: gateways ? FOR_GATEWAYS : tooBig(bytes.length) }),
    });
  }
  if (gateways) return fail({ ...settingAt('targets', written), ...NOT_MOUNTABLE });
  if (delivery === 'image') return fail({ ...settingAt('delivery', written), ...NO_IMAGE });
  const fits = requireFit(module, shrinking);
  if (!fits.ok) return fits;
  const unneeded = source?.kind === 'image' && delivery === 'auto';
  return ok(unneeded ? { why: 'the module fits into a ConfigMap, so pods start without the registry' } : {});
}

/** istio-agent takes Docker and OCI images with a plugin.wasm, and artifacts of two layers (istio: pkg/wasm/imagefetcher.go). */
function unreadable(given: string): Problem {
  return {
    kind: 'input',
    subject: `filter "${given}"`,
    message: 'must be pulled by the proxies, but it is packed in a form that istio-agent does not read.',
    remedy: 'Pack it as an image ("push-to" does that with a file), or use "delivery: configmap".',
  };
}

const NO_IMAGE: Problem = {
  kind: 'input',
  message: 'is image, but the filter is not an image that the proxies could pull.',
  remedy: 'Give "filter: oci://REGISTRY/REPOSITORY:TAG", or a file and "push-to"; or use "delivery: configmap".',
};

const FOR_GATEWAYS = 'a Gateway is among the targets, and nothing can be mounted into its pods';

function tooBig(bytes: number): string {
  return `the module is ${formatBytes(bytes)}, and a ConfigMap holds 1 MiB`;
}

const NOT_MOUNTABLE: Problem = {
  kind: 'input',
  message: 'names a Gateway. Istio makes its pods, so the filter cannot be mounted into them; they must pull it.',
  remedy:
    'Give "filter: oci://REGISTRY/REPOSITORY:TAG", or a file and "push-to", and leave out "delivery: configmap". To mount it into an injected gateway, name its Deployment.',
};

/** What of configurations a WasmPlugin cannot carry; none where they are mounted. Each has where it is written. */
export function checkConfigurations(
  { image }: Delivery,
  configurations: readonly (Pick<SettingPlace, 'subject' | 'at'> & { readonly text: string })[],
): Result<undefined> {
  const diagnostics = new Diagnostics();
  for (const { text, ...where } of configurations) {
    if (image === undefined || readPluginConfig(text) !== undefined) continue;
    diagnostics.add({
      kind: 'input',
      ...where,
      message:
        'is not a JSON object, or has a whole number above 2^53. With an image, the configuration is the pluginConfig of a WasmPlugin, which must be such an object.',
      remedy: 'Write it as such an object, or use "delivery: configmap", which passes any text byte for byte.',
    });
  }
  return diagnostics.ok ? ok(undefined) : fail(diagnostics.problems);
}
