import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { parseProbe } from '../../src/action/inputs/probe.ts';
import { parseAttestation } from '../../src/action/inputs/provenance.ts';
import { INPUT_GROUPS, INPUTS } from '../../src/action/inputs/table.ts';
import { OUTPUTS } from '../../src/action/outputs/outputs.ts';
import { CONFIG_MAP, ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { kindNames } from '../../src/deploy/kinds/kinds.ts';
import { KINDS } from '../../src/deploy/kinds/list.ts';
import { COMMANDS } from '../../src/deploy/report/report.ts';
import { parseTargets, readTargetList } from '../../src/targets/parse.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface ActionFile {
  readonly name: string;
  readonly description: string;
  readonly author: string;
  readonly branding: { readonly icon: string; readonly color: string };
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  readonly runs: { readonly using: string; readonly main: string };
}

const ACTION = load(read('action.yml')) as ActionFile;
const README = read('README.md');

/** A section of the README: from its heading to the next of the same level. */
function section(heading: string): string {
  const [, body] = README.split(`\n## ${heading}\n`);
  if (body === undefined) throw new Error(`README.md has no section "${heading}"`);
  return body.split('\n## ')[0] ?? '';
}

/** The body rows of a section's table, without the titles of groups in it, as cells without the code marks around names and values. */
function rows(heading: string): string[][] {
  const lines = section(heading)
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.startsWith('| **'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')),
  );
}

const TABLE = Object.entries(INPUTS);
const NAMES = TABLE.map(([name]) => name);

/** The colours and some of the icons (Feather's) that GitHub's Marketplace takes. */
const COLORS = ['white', 'black', 'yellow', 'blue', 'green', 'orange', 'red', 'purple', 'gray-dark'];
const ICONS = ['box', 'cpu', 'filter', 'layers', 'package', 'send', 'shield', 'upload-cloud'];

describe('action.yml', () => {
  test('can be published: a name, an author, an icon, and a description that the Marketplace shows whole', () => {
    expect(ACTION.name).toBe('Deploy Wasm filter');
    expect(ACTION.author).not.toBe('');
    expect(ACTION.description.length).toBeLessThan(125);
    expect(COLORS).toContain(ACTION.branding.color);
    expect(ICONS).toContain(ACTION.branding.icon);
    expect(read('action.yml')).not.toContain('deprecat');
  });

  test('groups its inputs by the comments of the table', () => {
    const groups = [...read('action.yml').matchAll(/^ {2}# (.*)\n {2}([a-z-]+):$/gm)].map(([, title, first]) => [
      title,
      first,
    ]);
    expect(groups).toEqual(Object.entries(INPUT_GROUPS));
  });

  test('has the inputs of the table, in its order', () => {
    expect(Object.keys(ACTION.inputs)).toEqual(NAMES);
  });

  test.each(TABLE)(
    'input %s has the default of the table, and none where that is empty',
    (name, { default: value }) => {
      const input = ACTION.inputs[name] ?? { description: '' };
      expect('default' in input ? input.default : '').toBe(value);
      expect('default' in input).toBe(value !== '');
      expect(input.description).not.toBe('');
    },
  );

  test('names every command, and requires no input that some command does not need', () => {
    for (const command of COMMANDS) expect(ACTION.inputs.command?.description).toContain(`"${command}"`);
    expect(NAMES.filter((name) => 'required' in (ACTION.inputs[name] ?? {}))).toEqual([]);
  });

  test('has the outputs that are set, in their order', () => {
    expect(Object.keys(ACTION.outputs)).toEqual([...OUTPUTS]);
  });

  test('runs a file of the repository on Node 24', () => {
    expect(ACTION.runs.using).toBe('node24');
    expect(existsSync(join(ROOT, ACTION.runs.main))).toBe(true);
  });
});

describe('README.md', () => {
  test('lists the inputs of the table, in its order and with their types', () => {
    expect(rows('Inputs').map(([name, type]) => [name, type])).toEqual(TABLE.map(([name, { type }]) => [name, type]));
  });

  test('groups them as the table does', () => {
    const groups = [...section('Inputs').matchAll(/^\| \*\*(.*)\*\* \|.*\n\| `([a-z-]+)` \|/gm)].map(
      ([, title, first]) => [title, first],
    );
    expect(groups).toEqual(Object.entries(INPUT_GROUPS));
  });

  test.each(TABLE.filter(([, input]) => input.default !== ''))('states the default of %s', (name, input) => {
    expect(rows('Inputs').find(([row]) => row === name)?.[2]).toBe(input.default);
  });

  test('lists the outputs that are set, in their order', () => {
    expect(rows('Outputs').map(([name]) => name)).toEqual([...OUTPUTS]);
  });

  test('names every command', () => {
    const [description = ''] = rows('Inputs').flatMap(([name, , , text]) => (name === 'command' ? [text] : []));
    for (const command of COMMANDS) expect(description).toContain(`\`${command}\``);
  });

  test('shows an attestation, a probe and a target list that can be read', () => {
    const [, attested = ''] = /```yaml\n(attestation: [\s\S]*?)```/.exec(section('Inputs')) ?? [];
    const { attestation } = load(attested) as { attestation: string };
    expect(parseAttestation(attestation, 'README.md')).toMatchObject({ ok: true });
    const { probe } = load(/```yaml\n(probe: [\s\S]*?)```/.exec(section('Inputs'))?.[1] ?? '') as { probe: string };
    expect(parseProbe({ origin: 'README.md', text: probe }, undefined)).toMatchObject({ ok: true });
    const [, list = ''] = /```yaml\n([\s\S]*?)```/.exec(section('Targets')) ?? [];
    expect(
      parseTargets(readTargetList('README.md', list), { defaultNamespace: 'default', kinds: kindNames() }),
    ).toMatchObject({ ok: true });
  });

  test('uses inputs and outputs in its examples that exist', () => {
    const [, withBlock = ''] = /\n {8}with:\n((?: {10}.*\n)+)/.exec(section('Quick start')) ?? [];
    const used = [...withBlock.matchAll(/^ {10}([a-z-]+):/gm)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(3);
    expect(used.filter((name) => !NAMES.includes(name ?? ''))).toEqual([]);
    const outputs = [...README.matchAll(/steps\.[\w-]+\.outputs\.([\w-]+)/g)].map(([, name]) => name);
    expect(outputs.filter((name) => !OUTPUTS.some((known) => known === name))).toEqual([]);
  });
});

describe('the permissions that the README names', () => {
  interface Rule {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }
  const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(section('What you need')) ?? [];
  const { rules } = load(block) as { rules: readonly Rule[] };
  const needed = [
    ...[CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN, TRAFFIC_EXTENSION].map((resource) => ({
      resource,
      verbs: ['list', 'create', 'patch', 'delete'],
    })),
    ...KINDS.map(({ resource, binding }) => ({
      resource,
      verbs: binding.inPlace ? ['get', 'list'] : ['get', 'list', 'watch', 'patch'],
    })),
  ];

  test.each(needed)('$resource.plural: $verbs', ({ resource: { group, plural }, verbs }) => {
    const granted = rules.filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(plural));
    expect(granted.flatMap((rule) => rule.verbs)).toEqual(verbs);
  });

  test('beyond these, reading, looking into pods, and deleting a stuck one', () => {
    const names = needed.map(({ resource }) => resource.plural);
    const further = rules.filter(({ resources }) => resources.some((resource) => !names.includes(resource)));
    const writing = further.flatMap(({ resources, verbs }) =>
      verbs.filter((verb) => verb !== 'get' && verb !== 'list').map((verb) => `${verb} ${resources.join()}`),
    );
    expect(writing).toEqual(['delete pods', 'create pods/exec']);
  });
});
