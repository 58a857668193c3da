import { defined } from '../../base/defined.ts';
import { dataKey } from '../../base/json.ts';
import type { Diagnostics } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { targetKind } from '../../deploy/kinds/kinds.ts';
import { kindsOf } from '../../deploy/plan/target-settings.ts';
import type { SettingsChange } from '../../deploy/policy.ts';
import { isBeforeRouter } from '../../filter/insertion.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import { subjectAt } from '../../filter/written.ts';
import { checkConfigurations, chooseDelivery, type Delivery } from '../../mesh/objects/delivery.ts';
import { inputsNotCarried } from '../../mesh/objects/wasm-plugin.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { FilterInputs, FilterRead } from '../inputs/inputs.ts';
import { isByTag } from '../inputs/origin.ts';
import { ignoring } from '../inputs/policy.ts';
import { settingPlaces } from '../inputs/reader.ts';
import type { InputName } from '../inputs/table.ts';

/** How the filter comes to the proxies, and whether everything else that is asked for goes with it. */
export function decideDelivery(
  { inputs, place }: Pick<FilterRead, 'inputs' | 'place'>,
  settingsChange: SettingsChange,
  module: FilterModule | undefined,
  targets: readonly TargetEntry[],
  diagnostics: Diagnostics,
): Delivery | undefined {
  const { filter, shrink: mode, delivery: requested, settings } = inputs;
  const written = { ...defined({ places: settingPlaces(place) }) };
  const delivery =
    module && diagnostics.unwrap(chooseDelivery(module, requested, { mode, origin: `filter "${filter}"`, written }));
  if (delivery?.image === undefined) return delivery;
  const own = targets.flatMap(({ origin, at, override }) =>
    override.configuration === undefined
      ? []
      : [{ subject: `${origin}: configuration`, ...defined({ at }), text: override.configuration }],
  );
  const inserts = targets.flatMap(({ origin, at, override: { insert } }) =>
    insert === undefined || isBeforeRouter(insert) ? [] : [{ subject: `${origin}: insert`, ...defined({ at }) }],
  );
  for (const where of [...inputsNotCarried(settings).map((input) => subjectAt(place(input))), ...inserts]) {
    diagnostics.add({
      kind: 'input',
      ...where,
      message: 'is set, but the filter is delivered as an image, and a WasmPlugin has no field for that.',
      remedy: 'Leave it out, or use "delivery: configmap".',
    });
  }
  const usual = { ...subjectAt(place('configuration')), text: settings.configuration };
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

/** A filter whose delivery may be decided. */
interface Decided {
  readonly asked: Pick<FilterRead, 'inputs' | 'place' | 'faulty'>;
  /** `undefined` if it could not be decided. */
  readonly delivery: Delivery | undefined;
}

/**
 * Warns of what is set and means nothing to the source or the delivery of any filter that has it: a manifest's defaults may be for
 * some of its filters alone.
 */
export function unusedInputWarnings(filters: readonly Decided[]): Warning[] {
  const set = filters.flatMap(({ asked: { inputs, place, faulty }, delivery }) => {
    const { onlyMounted, onlyPulled } = inputs.delivery;
    const newDigest = {
      ...{ name: 'on-new-digest' as const, place: place('on-new-digest'), filter: inputs.name },
      where: 'where no tag decides which bytes the filter has',
      isIdle: !isByTag(inputs.from) && !faulty.has('filter'),
    };
    const setting = (name: InputName, isPulled: boolean) => ({
      ...{ name, place: place(name), filter: inputs.name },
      where: isPulled ? 'without an image' : 'where proxies pull an image',
      isIdle: delivery !== undefined && (delivery.image !== undefined) !== isPulled,
    });
    return [
      ...(inputs.options.onNewDigest === 'deploy' ? [] : [newDigest]),
      ...onlyMounted.map((name) => setting(name, false)),
      ...onlyPulled.map((name) => setting(name, true)),
    ];
  });
  const idle = [...Map.groupBy(set, ({ place }) => place.subject).values()].flatMap((those) => {
    const [first] = those;
    if (first === undefined || !those.every(({ isIdle }) => isIdle)) return [];
    return [{ ...first, filters: those.map(({ filter }) => filter) }];
  });
  const together = Map.groupBy(idle, ({ where, filters: names }) => dataKey([where, names]));
  return [...together.values()].flatMap((settings) => {
    const [first] = settings;
    if (first === undefined) return [];
    const which = filters.length === 1 ? '' : ` (${nameFilters(first.filters)})`;
    const written = settings.flatMap(({ name, place }) => (place.at === undefined ? [] : [[name, place] as const]));
    const names = settings.map(({ name }) => name);
    return [ignoring(names, `${first.where}${which}`, Object.fromEntries(written))];
  });
}

function nameFilters(names: readonly string[]): string {
  const all = names.map((name) => `"${name}"`);
  return `${names.length === 1 ? 'filter' : 'filters'} ${listWords(all, 'and')}`;
}

/** The settings with what the delivery adds to them. */
export function deliveredSettings(settings: FilterSettings, { image }: Pick<Delivery, 'image'>): FilterSettings {
  return image === undefined ? settings : { ...settings, image };
}
