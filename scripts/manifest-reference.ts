import {
  INPUT_NAMES,
  INPUTS,
  type InputDefinition,
  type InputName,
  isFilterInput,
} from '../src/action/inputs/table.ts';
import { FILTER_KEYS } from '../src/action/manifest/keys.ts';
import { table } from './docs/markdown.ts';
import { inputDescriptions, manifestSchema, type Schema } from './manifest-schema.ts';

/** A manifest that shows every kind of value; a test reads it. */
export const EXAMPLE = `# yaml-language-server: $schema=https://raw.githubusercontent.com/deploy-wasm-filter/deploy-wasm-filter/v0/schema/manifest.schema.json
version: 1
defaults:
  namespace: bookshop
  fail-policy: open
filters:
  - name: add-header
    filter: build/add-header.wasm
    root-id: add_header
    configuration: 'x-shop: open'
    targets:
      - deployment/frontpage
      - { selector: tier=api, wave: 2 }
  - name: limits
    filter: oci://registry.example/filters/limits:v3
    configuration: { requests: 100, per: minute }
    port: 8080
    environment: { MODE: strict, POD_NAME: { from: proxy } }
    targets: [ deployment/frontpage ]
`;

const code = (text: string): string => `\`${text}\``;

function filterRow(name: InputName): string[] {
  const { type, values, default: value }: InputDefinition = INPUTS[name];
  const words = values === undefined ? type : values.map(code).join(', ');
  return [code(name), words, value === '' ? '' : code(value), (inputDescriptions()[name] ?? '').trim()];
}

function propertyRows(properties: unknown): string[][] {
  return Object.entries(properties as Readonly<Record<string, Schema>>).map(([key, { description = '' }]) => [
    code(key),
    description,
  ]);
}

/** Makes the reference of a manifest's keys, of the table of inputs, action.yml and the JSON Schema. */
export function manifestReference(): string {
  const { properties, definitions } = manifestSchema();
  const { target, cluster } = definitions as Readonly<Record<'target' | 'cluster', Schema>>;
  const [, mapping] = target.anyOf as readonly Schema[];
  const ofRun = INPUT_NAMES.filter((name) => !isFilterInput(name)).map(code);
  return `# Manifest

One file, or several, that say which filters a mesh has: their settings and their targets. The input \`manifest\` names them, for
\`deploy\`, \`plan\`, \`status\`, \`remove\`, \`render\` and \`check\`. Made of the table of inputs and action.yml; a test holds it.

\`\`\`yaml
${EXAMPLE}\`\`\`

What is written is what runs: there are no templates, and nothing is substituted. Values that differ from environment to environment
stand in files of their own.

## Keys

${table(['key', 'meaning'], propertyRows(properties))}

Anchors (\`&name\`) and aliases (\`*name\`) are read; merge keys (\`<<\`) are not, because \`defaults\` does that. A key with nothing behind it
(\`port:\`) has the default of this page, whatever \`defaults\` says. Paths in \`filter\`, \`targets-file\` and
\`tests-file\` start at the folder of the file; several of \`tests-file\` are a list.

## A filter

Each key is called as the input of the action and means the same. Texts, numbers, lists and mappings are written as YAML has them;
a \`configuration\` that is a mapping or a list is handed to the filter as JSON. \`tests\` are written as in [a file of them](filter-tests.md).

${table(['key', 'type or words', 'default', 'meaning'], FILTER_KEYS.map(filterRow))}

\`defaults\` may have each of them but \`name\`, \`filter\`, \`sha256\` and \`push-to\`.

## A target

An entry is \`kind/name\`, \`namespace/kind/name\`, or a mapping:

${table(['key', 'meaning'], propertyRows(mapping?.properties))}

## A cluster

${table(['key', 'meaning'], propertyRows(cluster.properties))}

## Which value counts

1. The filter's own.
2. Its file's \`defaults\`, which do not apply to the filters of other files.
3. The input of the same name. An input that differs from the file is an error that names both places.
4. The default of this page.

With the input \`filter\`, the inputs describe one more filter, and fill in only the \`namespace\` of those in the file. Without it, \`name\`,
\`sha256\` and \`push-to\` are errors, as each filter has its own; only with \`check\`, \`status\` and \`remove\`, \`name\` chooses some of the file's filters.
A filter with one of \`targets\` and \`targets-file\` takes neither from the inputs.

These belong to the run, so they are inputs only: ${ofRun.join(', ')}.

## Order

On one workload, requests pass through filters in the order of the files and lists; a number in \`order\` goes before that. Where a filter
is put between two others, only workloads that get it are rolled out: the others keep their revisions.
`;
}
