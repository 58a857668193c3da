import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { type FilterInputName, INPUTS, type InputDefinition } from '../src/action/inputs/table.ts';
import { DEFAULTS_KEYS, FILTER_KEYS, MANIFEST_VERSION, MAX_CLUSTER_WAVE } from '../src/action/manifest/keys.ts';
import { KINDS } from '../src/deploy/kinds/list.ts';
import type { TargetKey } from '../src/targets/parse.ts';
import { testList } from './tests-schema.ts';

/** A JSON Schema, as far as this one needs it. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
}

const ACTION_FILE = join(import.meta.dirname, '..', 'action.yml');
const NULLABLE = 'null';

/** The descriptions of the inputs, which action.yml has. */
export function inputDescriptions(): Readonly<Record<string, string>> {
  const { inputs } = load(readFileSync(ACTION_FILE, 'utf8')) as { inputs: Record<string, { description: string }> };
  return Object.fromEntries(Object.entries(inputs).map(([name, { description }]) => [name, description]));
}

/**
 * Makes the JSON Schema of a manifest, in the draft that editors read (https://github.com/redhat-developer/yaml-language-server). Its keys
 * are the inputs of the table that are one filter's, its descriptions those of action.yml.
 */
export function manifestSchema(): Schema {
  const properties = (keys: readonly FilterInputName[]): Schema =>
    Object.fromEntries(keys.map((key) => [key, { $ref: `#/definitions/${key}` }]));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Manifest of deploy-wasm-filter',
    description: 'Filters, their settings and their targets.',
    type: 'object',
    required: ['version', 'filters'],
    additionalProperties: false,
    properties: {
      version: { const: MANIFEST_VERSION, description: 'The form of this file.' },
      defaults: {
        type: ['object', NULLABLE],
        description: 'Values for every filter of this file that has none of its own.',
        additionalProperties: false,
        properties: properties(DEFAULTS_KEYS),
      },
      clusters: {
        type: 'object',
        description:
          'The clusters that the filters go to, by the names that this file gives them. Default is the one of the run.',
        minProperties: 1,
        additionalProperties: { $ref: '#/definitions/cluster' },
      },
      filters: {
        type: 'array',
        description:
          'The filters. On one workload, requests pass through them in this order, unless "order" says otherwise.',
        minItems: 1,
        items: {
          type: 'object',
          required: ['filter'],
          additionalProperties: false,
          properties: properties(FILTER_KEYS),
        },
      },
    },
    definitions: {
      cluster: {
        type: ['object', NULLABLE],
        additionalProperties: false,
        properties: {
          context: { type: 'string', minLength: 1, description: 'Context of the kubeconfig. Default is the name.' },
          wave: {
            type: 'integer',
            minimum: 0,
            maximum: MAX_CLUSTER_WAVE,
            default: 0,
            description: 'What is added to the waves of its targets: lower ones go first.',
          },
        },
      },
      target: {
        anyOf: [
          { type: 'string', minLength: 1, description: 'kind/name or namespace/kind/name' },
          { type: 'object', additionalProperties: false, properties: TARGET_KEYS },
        ],
      },
      ...Object.fromEntries(FILTER_KEYS.map((key) => [key, filterKeySchema(key)])),
    },
  };
}

const DESCRIPTIONS = inputDescriptions();

function filterKeySchema(key: FilterInputName): Schema {
  const definition: InputDefinition = INPUTS[key];
  const description = (DESCRIPTIONS[key] ?? '').trim();
  const value = definition.default === '' ? {} : { default: defaultOf(definition) };
  return { description, ...typeOf(key, definition), ...value };
}

function defaultOf({ type, default: value }: InputDefinition): unknown {
  if (type === 'Number') return Number(value);
  return value === 'true' || value === 'false' ? value === 'true' : value;
}

function typeOf(key: FilterInputName, { type, values }: InputDefinition): Schema {
  if (key === 'targets') return { type: 'array', minItems: 1, items: { $ref: '#/definitions/target' } };
  if (key === 'tests') return testList();
  if (values !== undefined) return { enum: [...values, null] };
  switch (type) {
    case 'Number':
      return { type: ['integer', NULLABLE] };
    case 'Boolean':
      return { type: ['boolean', NULLABLE] };
    case 'Boolean or names':
      return { type: ['boolean', 'string', 'array', NULLABLE], items: { type: 'string' } };
    case 'Text':
      return { type: ['string', 'object', 'array', 'number', 'boolean', NULLABLE] };
    case 'YAML':
      return { type: ['object', 'array', 'string', NULLABLE] };
    case 'Paths':
      return { type: ['string', 'array', NULLABLE], items: { type: 'string' } };
    default:
      return { type: ['string', NULLABLE] };
  }
}

const NAMES: Schema = { anyOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: { type: 'string' } }] };
const KIND: Schema = { type: 'string', examples: KINDS.map(({ resource }) => resource.kind.toLowerCase()) };

/** What an entry leaves out. */
const EXCLUSION: Schema = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      minProperties: 1,
      additionalProperties: false,
      properties: { kind: KIND, name: { type: ['string', 'number'] }, namespace: { type: 'string' } },
    },
  ],
};

/** The keys of a target, each as the parser of target lists knows it. */
const TARGET_KEYS: Readonly<Record<TargetKey | 'clusters', Schema>> = {
  kind: { ...KIND, description: 'Kind of the workload.' },
  name: { type: ['string', 'number'], description: 'Name of the workload; "*" stands for any characters.' },
  namespace: { type: 'string', description: 'Its namespace.' },
  selector: {
    type: ['string', 'object'],
    description: 'Labels of the workloads that are meant, as for kubectl, or as a mapping.',
  },
  kinds: { ...NAMES, description: 'Kinds of workloads that are selected.' },
  namespaces: {
    ...NAMES,
    description: 'Namespaces in which they are looked for; "*" stands for any characters of a name.',
  },
  'namespace-selector': {
    type: ['string', 'object'],
    description: 'Labels of the namespaces in which they are looked for, in place of "namespaces".',
  },
  exclude: {
    anyOf: [EXCLUSION, { type: 'array', minItems: 1, items: EXCLUSION }],
    description: 'Which of these are not meant: name, kind/name, namespace/kind/name, or a mapping of these.',
  },
  configuration: { description: 'Configuration of the filter here.' },
  direction: { enum: [...INPUTS.direction.values], description: 'Traffic that the filter sees here.' },
  port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Only this port of the workload.' },
  insert: { type: 'string', description: 'Where the filter stands among the HTTP filters here.' },
  wave: { type: 'integer', minimum: 1, maximum: 100, default: 1, description: 'Lower waves go first.' },
  clusters: { ...NAMES, description: 'The clusters of this file that it is for. Default is all of them.' },
};
