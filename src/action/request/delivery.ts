import { defined } from '../../base/defined.ts';
import type { Diagnostics } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { targetKind } from '../../deploy/kinds/kinds.ts';
import { kindsOf } from '../../deploy/plan/target-settings.ts';
import type { SettingsChange } from '../../deploy/policy.ts';
import { isBeforeRouter } from '../../filter/insertion.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import { checkConfigurations, chooseDelivery, type Delivery } from '../../mesh/objects/delivery.ts';
import { inputsNotCarried } from '../../mesh/objects/wasm-plugin.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { FilterInputs, FilterRead } from '../inputs/inputs.ts';
import { ignoring } from '../inputs/policy.ts';

/** How the filter comes to the proxies, and whether everything else that is asked for goes with it. */
export function decideDelivery(
  { inputs, place }: Pick<FilterRead, 'inputs' | 'place'>,
  settingsChange: SettingsChange,
  module: FilterModule | undefined,
  targets: readonly TargetEntry[],
  diagnostics: Diagnostics,
): Delivery | undefined {
  const { filter, shrink: mode, delivery: requested, settings } = inputs;
  const delivery =
    module && diagnostics.unwrap(chooseDelivery(module, requested, { mode, origin: `filter "${filter}"` }));
  if (delivery?.image === undefined) return delivery;
  const own = targets.flatMap(({ origin, override }) =>
    override.configuration === undefined ? [] : [{ origin: `${origin}: configuration`, text: override.configuration }],
  );
  const inserts = targets.flatMap(({ origin, at, override: { insert } }) =>
    insert === undefined || isBeforeRouter(insert) ? [] : [{ subject: `${origin}: insert`, ...defined({ at }) }],
  );
  for (const where of [...inputsNotCarried(settings).map((input) => place(input)), ...inserts]) {
    diagnostics.add({
      kind: 'input',
      ...where,
      message: 'is set, but the filter is delivered as an image, and a WasmPlugin has no field for that.',
      remedy: 'Leave it out, or use "delivery: configmap".',
    });
  }
  const usual = { origin: place('configuration').subject, text: settings.configuration };
  diagnostics.unwrap(checkConfigurations(delivery, [usual, ...own]));
  if (settingsChange === 'push') {
    diagnostics.add({
      kind: 'input',
      subject: 'input "settings"',
      message: `is push, but the filter "${filter}" is delivered as an image, whose settings change only with its pods.`,
      remedy: 'Use "settings: roll", or "delivery: configmap".',
    });
  }
  return delivery;
}

/** How a filter would come to the proxies whose own delivery is not known because something is wrong with it. */
export function likelyDelivery({
  delivery: { delivery, gateways = false, phase },
}: Pick<FilterInputs, 'delivery'>): Delivery {
  return delivery === 'image' || gateways ? { image: { reference: 'unknown', phase } } : {};
}

/** The inputs, knowing whether a Gateway may be among the targets. */
export function withGatewayTargets(targets: readonly TargetEntry[], inputs: FilterInputs): FilterInputs {
  const gateways = targets.some((entry) => kindsOf(entry).some((kind) => targetKind({ kind }).binding.needsImage));
  return { ...inputs, delivery: { ...inputs.delivery, gateways } };
}

/** The inputs that mean nothing to the delivery that the filter has; `which` says of which filter, if there are several. */
export function unusedInputWarnings(
  { delivery: { onlyMounted, onlyPulled } }: Pick<FilterInputs, 'delivery'>,
  delivery: Delivery | undefined,
  which: string,
): Warning[] {
  if (delivery === undefined) return [];
  const [idle, where] =
    delivery.image === undefined ? [onlyPulled, 'without an image'] : [onlyMounted, 'where proxies pull an image'];
  return idle.length === 0 ? [] : [ignoring(idle, `${where}${which}`)];
}

/** The settings with what the delivery adds to them. */
export function deliveredSettings(settings: FilterSettings, { image }: Pick<Delivery, 'image'>): FilterSettings {
  return image === undefined ? settings : { ...settings, image };
}
