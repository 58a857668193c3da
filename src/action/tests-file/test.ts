import { defined } from '../../base/defined.ts';
import { isObject } from '../../base/json.ts';
import { quoted } from '../../base/text.ts';
import { DIRECTIONS, type FilterSettings } from '../../filter/settings.ts';
import type { FilterTest, TestStep } from '../../filter/tests/filter-test.ts';
import { parseEnvironment } from '../inputs/vm.ts';
import { type Form, type Key, list, type Mapped, made, mapping, scalarText, text, word } from './forms.ts';
import { MAX_NAME_CHARACTERS, MAX_STEPS } from './limits.ts';
import type { Spot } from './spot.ts';
import { expectsSomething, refuseNoExpectation, STEP_KEYS, stepOf } from './step.ts';

const NAME = `Write what the filter does, in one line of at most ${MAX_NAME_CHARACTERS} characters: "adds the header".`;

const name = text(NAME, (said) => said.trim() !== '' && said.length <= MAX_NAME_CHARACTERS && !/[\r\n]/.test(said));

/** As the input of that name: a text to the byte; a mapping or list as JSON. */
const configuration: Form<string> = {
  read: ({ node: { value, text: written } }) =>
    typeof value === 'string' ? value : value === null ? '' : (written ?? JSON.stringify(value)),
  schema: { type: ['string', 'object', 'array', 'number', 'boolean', 'null'] },
};

const environment: Form<NonNullable<FilterSettings['environment']>> = {
  read: (spot) => {
    const read = parseEnvironment(JSON.stringify(spot.node.value ?? {}));
    if (read.ok) return read.value ?? {};
    for (const { message, remedy = '' } of read.problems) spot.wrong(message, remedy);
    return undefined;
  },
  schema: { type: ['object', 'null'] },
};

type PropertyValue = string | bigint | boolean;

const PROPERTIES = 'Write values by path, such as {xds.cluster_name: shop, source.port: 12345}.';

const properties: Form<Readonly<Record<string, PropertyValue>>> = {
  read: (spot) => {
    const { value, entries } = spot.node;
    if (!isObject(value) || entries.length === 0) {
      spot.wrong(`is ${quoted(value)}, which names no property.`, PROPERTIES);
      return undefined;
    }
    return Object.fromEntries(
      entries.flatMap(({ key, node }): [string, PropertyValue][] => {
        const one = propertyValue(spot.inner(node, key));
        return one === undefined || key.trim() === '' ? [] : [[key, one]];
      }),
    );
  },
  schema: { type: 'object', minProperties: 1, additionalProperties: { type: ['string', 'integer', 'boolean'] } },
};

function propertyValue(spot: Spot): PropertyValue | undefined {
  const { value } = spot.node;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  const said = typeof value === 'number' ? undefined : scalarText(spot);
  if (said === undefined) {
    spot.wrong(
      `is ${quoted(value)}.`,
      'A property is a text, a whole number, or true or false; put other numbers in quotes.',
    );
  }
  return said;
}

const step = mapping(STEP_KEYS, 'Write a step such as {request: {path: /orders}, expect: {response: {status: 200}}}.', {
  name: 'It belongs to the test.',
  configuration: 'It belongs to the test: its steps share one VM.',
});

/** A test of a filter. */
export const TEST_KEYS = {
  name: { form: name, description: 'What the filter does; another one for each test.' },
  configuration: { form: configuration, description: "Configuration in this test, in place of the filter's." },
  environment: {
    form: environment,
    description: "Environment variables of the VM in this test, in place of the filter's.",
  },
  'root-id': { form: text('Write a root id.'), description: "Root id in this test, in place of the filter's." },
  direction: {
    form: word(DIRECTIONS),
    description: "Traffic that the filter sees in this test, in place of the filter's.",
  },
  properties: { form: properties, description: 'Properties that the proxy has, by path: {xds.cluster_name: shop}.' },
  ...STEP_KEYS,
  sequence: {
    form: list(step, MAX_STEPS, 'Write a list of steps, each with "request" and "expect".'),
    description: 'Steps that share one VM, in place of request, ticks, repeat and expect.',
  },
} as const satisfies Readonly<Record<string, Key<unknown>>>;

type TestMapping = Mapped<typeof TEST_KEYS>;

const ELSEWHERE: Readonly<Record<string, string>> = {
  headers: 'It belongs to "request", "upstream" or "expect".',
  body: 'It belongs to "request", "upstream" or "expect".',
  path: 'It belongs to "request".',
  method: 'It belongs to "request".',
  status: 'It belongs to "upstream" (what the workload answers) or to "expect: {response: …}".',
  start: 'It belongs to "expect".',
  log: 'It belongs to "expect".',
  metrics: 'It belongs to "expect".',
  response: 'It belongs to "expect"; what the workload answers is "upstream".',
  steps: 'Write "sequence".',
};

/** Reads a test. */
export const test: Form<FilterTest> = made(
  mapping(
    TEST_KEYS,
    'Write a test such as {name: adds the header, expect: {request: {headers: {x-added: "1"}}}}.',
    ELSEWHERE,
  ),
  (mapped, spot) => {
    const { values, has } = mapped;
    if (!has('name')) spot.wrong('has no "name".', NAME);
    const { configuration: configured, environment: variables, direction } = values;
    const start = startOf(mapped, spot);
    return {
      name: values.name ?? '',
      settings: defined({ configuration: configured, environment: variables, rootId: values['root-id'], direction }),
      properties: values.properties ?? {},
      start,
    };
  },
);

const OF_STEPS = ['request', 'ticks', 'repeat', 'expect'] as const;
const NOT_STARTED = ['request', 'upstream', 'calls', 'ticks', 'repeat', 'sequence'] as const;
const NOT_REFUSED = ['request', 'response', 'calls', 'metrics'] as const;

function startOf(mapped: TestMapping, spot: Spot): FilterTest['start'] {
  const { values, has, at } = mapped;
  const { expect } = values;
  if (has('sequence')) return { kind: 'accepted', steps: sequenceOf(mapped) };
  if (!expectsSomething(mapped)) refuseNoExpectation(has('expect') ? at('expect') : spot, 'test');
  if (expect?.values.start === 'refused') {
    const why = 'is given, but "start: refused" expects that the filter never runs.';
    for (const key of NOT_STARTED) if (has(key)) at(key).wrong(why, 'Leave it out.');
    for (const key of NOT_REFUSED)
      if (expect.has(key)) expect.at(key).wrong(why, 'Leave it out; "log" can be expected.');
    return { kind: 'refused', log: expect.values.log ?? [] };
  }
  const onlyStarts =
    expect?.has('start') && !NOT_STARTED.some((key) => has(key)) && !EXPECTED.some((key) => expect.has(key));
  return { kind: 'accepted', steps: onlyStarts ? [] : [stepOf(mapped)] };
}

const EXPECTED = [...NOT_REFUSED, 'log'] as const;

function sequenceOf({ values, has, at }: TestMapping): readonly TestStep[] {
  for (const key of OF_STEPS) {
    if (has(key)) at(key).wrong('is given beside "sequence".', 'It belongs to a step of "sequence".');
  }
  const { sequence = [], upstream, calls } = values;
  const last = sequence.at(-1);
  if (last !== undefined && !expectsSomething(last)) refuseNoExpectation(at('sequence'), 'last step');
  return sequence.map((one) => {
    const { expect } = one.values;
    if (expect?.has('start'))
      expect.at('start').wrong('is expected in a step.', 'A test without "sequence" is about the start.');
    return stepOf(one, defined({ upstream, calls }));
  });
}
