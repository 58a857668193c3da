import { listWords } from '../../../src/base/text.ts';
import { LATER_CALLBACKS } from '../../../src/filter/compatibility/callbacks.ts';
import { HOST_FUNCTIONS } from '../../../src/filter/compatibility/host-functions.ts';
import { WASM_FIELDS } from '../../../src/filter/compatibility/wasm-fields.ts';
import { CHANGES } from '../../../src/filter/host/envoy-kinds.ts';
import { literal, prose } from '../markdown.ts';

/** Something that an Envoy has and those before it have not, in Markdown. */
interface News {
  readonly since: number;
  readonly text: string;
}

/** Returns what came with which minor version of Envoy 1 after `oldest` and concerns filters, newest first. */
export function newsByEnvoy(oldest: number): [minor: number, texts: readonly string[]][] {
  const all: News[] = [...hostFunctions(), ...callbacks(), ...inputs(), ...changes()];
  const byMinor = Map.groupBy(
    all.filter(({ since }) => since > oldest),
    ({ since }) => since,
  );
  return [...byMinor]
    .sort(([one], [other]) => other - one)
    .map(([minor, news]) => [minor, news.map(({ text }) => text)]);
}

function hostFunctions(): News[] {
  const later = HOST_FUNCTIONS.filter(({ since }) => since > 0);
  const groups = Map.groupBy(later, ({ since, modules }) => `${since} ${modules.join(' ')}`);
  return [...groups.values()].map((functions) => {
    const [{ since, modules } = { since: 0, modules: [] }] = functions;
    const names = functions.map(({ name }) => literal(name));
    return {
      since,
      text: `Filters may import ${listWords(names, 'and', names.length)} from ${listWords(modules.map(literal))}.`,
    };
  });
}

function callbacks(): News[] {
  return LATER_CALLBACKS.map(({ name, since }) => ({ since, text: `Envoy calls ${literal(name)}, or did so before.` }));
}

function inputs(): News[] {
  return WASM_FIELDS.flatMap(({ input, since, deprecated }) => [
    { since, text: `The setting ${literal(input)} has an effect.` },
    ...(deprecated === undefined
      ? []
      : [
          {
            since: deprecated,
            text: `The field behind the setting ${literal(input)} is deprecated: a later Envoy may reject it.`,
          },
        ]),
  ]);
}

function changes(): News[] {
  return Object.values(CHANGES).map(({ since, what }) => ({ since, text: prose(what) }));
}
