import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { parseProbe } from '../../src/action/inputs/probe.ts';
import { parseAttestation } from '../../src/action/inputs/provenance.ts';
import { INPUT_GROUPS, INPUTS } from '../../src/action/inputs/table.ts';
import { OUTPUTS } from '../../src/action/outputs/outputs.ts';
import { CONFIG_MAP, ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { kindNames } from '../../src/deploy/kinds/kinds.ts';
import { KINDS } from '../../src/deploy/kinds/list.ts';
import { COMMANDS } from '../../src/deploy/report/report.ts';
import { parseTargets, readTargetList } from '../../src/targets/parse.ts';
import { ROOT, read } from '../harness/pages.ts';
import { rulesOf } from '../harness/permission-files.ts';

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
/** A section of a page: from its heading to the next of the same level. */
function section(page: string, heading: string): string {
  const [, body] = read(page).split(`\n## ${heading}\n`);
  if (body === undefined) throw new Error(`${page} has no section "${heading}"`);
  return body.split('\n## ')[0] ?? '';
}

/** The body rows of the tables of a text, without the titles of groups in it, as cells without the code marks around names and values. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => /^\| `[a-z]/.test(line));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')),
  );
}

/** The first block of YAML that begins with a key. */
const block = (page: string, key: string): string =>
  new RegExp(`\`\`\`yaml\n(${key}[\\s\\S]*?)\`\`\``).exec(read(page))?.[1] ?? '';

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

describe('docs/inputs.md', () => {
  const inputs = rows(read('docs/inputs.md'));

  test('lists the inputs of the table, in its order and with their types', () => {
    expect(inputs.map(([name, type]) => [name, type])).toEqual(TABLE.map(([name, { type }]) => [name, type]));
  });

  test('groups them as the table does', () => {
    const groups = [...read('docs/inputs.md').matchAll(/^## (.*)\n\n.*\n\| ---.*\n\| `([a-z-]+)` \|/gm)];
    expect(groups.map(([, title, first]) => [title, first])).toEqual(Object.entries(INPUT_GROUPS));
  });

  test.each(TABLE.filter(([, input]) => input.default !== ''))('states the default of %s', (name, input) => {
    expect(inputs.find(([row]) => row === name)?.[2]).toBe(input.default);
  });

  test('names every command', () => {
    const [description = ''] = inputs.flatMap(([name, , , text]) => (name === 'command' ? [text] : []));
    for (const command of COMMANDS) expect(description).toContain(`\`${command}\``);
  });
});

describe('README.md', () => {
  test('is short enough to be read', () => {
    expect(read('README.md').split('\n').length).toBeLessThan(250);
  });

  test('names every command', () => {
    expect(rows(section('README.md', 'Commands')).map(([name]) => name)).toEqual([...COMMANDS]);
  });

  test('begins with four inputs', () => {
    const [, withBlock = ''] = /\n {8}with:\n((?: {10}.*\n)+)/.exec(section('README.md', 'Quick start')) ?? [];
    const used = [...withBlock.matchAll(/^ {10}([a-z-]+):/gm)].map(([, name]) => name);
    expect(used).toEqual(['filter', 'configuration', 'targets', 'kubeconfig']);
  });
});

test('docs/outputs.md lists the outputs that are set, in their order', () => {
  expect(rows(read('docs/outputs.md')).map(([name]) => name)).toEqual([...OUTPUTS]);
});

test.each(['README.md', 'docs/targets.md'])('the target list of %s can be read', (page) => {
  const list = readTargetList(page, block(page, '- deployment/'));
  expect(parseTargets(list, { defaultNamespace: 'default', kinds: kindNames() })).toMatchObject({ ok: true });
});

test('an attestation and a probe are shown that can be read', () => {
  const { attestation } = load(block('docs/provenance.md', 'attestation: ')) as { attestation: string };
  expect(parseAttestation(attestation, 'provenance.md')).toMatchObject({ ok: true });
  const { probe } = load(block('docs/checks.md', 'probe: ')) as { probe: string };
  expect(parseProbe({ origin: 'checks.md', text: probe }, undefined)).toMatchObject({ ok: true });
});

describe('the permissions of docs/permissions', () => {
  const rules = rulesOf('deploy', 'image', 'gateway');
  const needed = [
    { resource: CONFIG_MAP, verbs: ['get', 'list', 'create', 'patch', 'delete'] },
    ...[ENVOY_FILTER, WASM_PLUGIN, TRAFFIC_EXTENSION].map((resource) => ({
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

  test('beyond these, reading, looking into pods, deleting a stuck one, and scouts', () => {
    const names = needed.map(({ resource }) => resource.plural);
    const further = rules.filter(({ resources }) => resources.some((resource) => !names.includes(resource)));
    const writing = further.flatMap(({ resources, verbs }) =>
      verbs.filter((verb) => verb !== 'get' && verb !== 'list').map((verb) => `${verb} ${resources.join()}`),
    );
    expect(writing).toEqual(['delete pods', 'create pods', 'watch pods', 'delete pods', 'create pods/exec']);
  });
});

describe.each(['deploy', 'plan', 'remove'])('what docs/permissions/README.md makes of %s.yaml', (file) => {
  interface Made {
    readonly kind: string;
    readonly metadata: { readonly namespace: string };
    readonly subjects?: readonly { readonly namespace: string }[];
  }
  /** What the commands of the page give to kubectl. */
  const made = read('docs/permissions/README.md')
    .split('\n')
    .flatMap((line) => /^\$ (sed .*) deploy\.yaml \| kubectl apply -f -$/.exec(line)?.[1] ?? [])
    .map((command) => {
      const text = execFileSync('bash', ['-c', `${command} ${file}.yaml`], { cwd: join(ROOT, 'docs/permissions') });
      return loadAll(text.toString()) as Made[];
    });
  const placesOf = (objects: readonly Made[] = []): string[] =>
    objects.map(({ kind, metadata, subjects = [] }) =>
      [kind, metadata.namespace, ...subjects.map(({ namespace }) => `for ${namespace}`)].join(' '),
    );

  test('is an account with its rights in the first namespace, and rights for that account in another', () => {
    expect(made.map(placesOf)).toEqual([
      ['ServiceAccount NAMESPACE', 'Role NAMESPACE', 'RoleBinding NAMESPACE for NAMESPACE'],
      ['Role ANOTHER-NAMESPACE', 'RoleBinding ANOTHER-NAMESPACE for NAMESPACE'],
    ]);
  });
});
