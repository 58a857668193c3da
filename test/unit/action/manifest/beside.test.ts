import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { INPUT_NAMES, type InputName, isFilterInput, isInputOf } from '../../../../src/action/inputs/table.ts';
import { DEFAULTS_KEYS } from '../../../../src/action/manifest/keys.ts';
import { readFilters } from '../../../../src/action/manifest/read.ts';
import { loginWarnings } from '../../../../src/action/request/filters.ts';
import { chooseClusters } from '../../../../src/action/request/manifest-clusters.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { COMMANDS, type Command } from '../../../../src/deploy/report/report.ts';
import type { Given } from '../inputs/reading.ts';

const LOGIN = { 'registry-username': 'me', 'registry-password': 'a password' };
/** Each input, good and not its default, with whatever else it needs. */
const SET: Readonly<Record<Exclude<InputName, 'command' | 'manifest'>, Given>> = {
  filter: { filter: 'own.wasm', targets: '- deployment/own' },
  sha256: { sha256: 'a'.repeat(64) },
  'on-new-digest': { 'on-new-digest': 'report' },
  'push-to': { 'push-to': 'oci://registry.example/f:v1' },
  'registry-username': LOGIN,
  'registry-password': LOGIN,
  'insecure-registries': { 'insecure-registries': 'registry.example:5000' },
  name: { name: 'other' },
  targets: { targets: '- deployment/input' },
  'targets-file': { 'targets-file': 'targets.yaml' },
  kubeconfig: { kubeconfig: 'a: b' },
  context: { context: 'staging' },
  contexts: { contexts: 'staging, prod' },
  unreachable: { unreachable: 'skip' },
  namespace: { namespace: 'shop' },
  'root-id': { 'root-id': 'r' },
  'vm-id': { 'vm-id': 'v' },
  configuration: { configuration: '{"a":1}' },
  direction: { direction: 'outbound' },
  port: { port: '8080' },
  'fail-policy': { 'fail-policy': 'open' },
  'reload-backoff': { 'fail-policy': 'reload', 'reload-backoff': '5s' },
  'allow-on-headers-stop-iteration': { 'allow-on-headers-stop-iteration': 'true' },
  environment: { environment: 'A: b' },
  capabilities: { capabilities: 'proxy_log' },
  'allow-precompiled': { 'allow-precompiled': 'true' },
  'log-level': { 'log-level': 'info' },
  insert: { insert: 'first' },
  order: { order: '7' },
  'mount-path': { 'mount-path': '/opt/filters' },
  delivery: { delivery: 'configmap' },
  'pull-secret': { 'pull-secret': 'login' },
  phase: { phase: 'authn' },
  check: { check: 'off' },
  tests: { tests: '- {name: a, expect: {start: accepted}}' },
  'tests-file': { 'tests-file': 'tests/*.yaml' },
  shrink: { shrink: 'off' },
  attestation: { attestation: 'shop/filters' },
  'github-token': { 'github-token': 'a token' },
  wait: { wait: 'false' },
  timeout: { timeout: '5m' },
  verify: { verify: 'required' },
  scout: { scout: 'off' },
  probe: { probe: ':9080/health' },
  'on-failure': { 'on-failure': 'keep' },
  unready: { unready: 'deploy' },
  promote: { promote: 'wait' },
  canary: { canary: '1' },
  'max-parallel': { 'max-parallel': '3' },
  'max-failures': { 'max-failures': '2' },
  soak: { soak: '5s' },
  'max-error-rate': { soak: '5s', 'max-error-rate': '+1%' },
  'max-latency-increase': { soak: '5s', 'max-latency-increase': '100ms' },
  'min-requests': { soak: '5s', 'min-requests': '50' },
  'soak-requires': { soak: '5s', 'soak-requires': 'traffic' },
  traffic: { soak: '5s', traffic: 'probe', probe: ':9080/health' },
  'expect-plan': { 'expect-plan': 'plan.json' },
  'fail-on-drift': { 'fail-on-drift': 'true' },
  'fail-on-crash': { 'fail-on-crash': 'true' },
  settings: { settings: 'push' },
  prune: { prune: 'true' },
  'keep-revisions': { 'keep-revisions': '3' },
  adopt: { adopt: 'true' },
  expires: { expires: '7d' },
  missing: { missing: 'ok' },
  proxies: { proxies: '1.28' },
  'render-to': { 'render-to': 'folder' },
  'report-file': { 'report-file': 'report.json' },
  'junit-file': { 'junit-file': 'junit.xml' },
  comment: { comment: 'off' },
  'comment-key': { 'comment-key': 'staging' },
  matrix: { matrix: '{"cluster":"eu"}' },
  'show-configuration': { 'show-configuration': 'true' },
};
const NAMES = INPUT_NAMES.filter((name): name is keyof typeof SET => Object.hasOwn(SET, name));

interface Asked {
  /** All that the run goes by. */
  readonly model: unknown;
  /** What is wrong or without effect. */
  readonly told: readonly string[];
}

/** What inputs come to beside a manifest; without one where there is none. */
async function asked(command: Command, given: Given, manifest?: string): Promise<Asked> {
  const inputs: Given = { command, ...(manifest !== undefined && { manifest: 'mesh.yaml' }), ...given };
  const readInput = (name: string): string => inputs[name as InputName] ?? '';
  const read = readInputs(readInput);
  const filters = await readFilters(read, readInput, {
    readFile: () => Promise.resolve(Buffer.from(manifest ?? '')),
    findFiles: () => Promise.resolve(['mesh.yaml']),
  });
  const clusters = chooseClusters(filters.clusters, read.inputs);
  const {
    policy,
    runOptions,
    kubeconfig,
    unreachable,
    renderTo,
    proxies,
    missing,
    expectPlan,
    failOnDrift,
    failOnCrash,
    reportFile,
    junitFile,
    comment,
  } = read.inputs;
  const { insecureRegistries } = read.inputs.from;
  const problems = [...read.problems, ...filters.problems, ...(clusters.ok ? [] : clusters.problems)];
  return {
    model: [
      // What a deployment cannot be made of is compared with nothing, and the run says so.
      filters.filters.map(({ inputs, asDeployed }) => [inputs, asDeployed?.ok === false ? given : asDeployed]),
      ...[
        clusters,
        policy,
        runOptions,
        kubeconfig,
        unreachable,
        renderTo,
        proxies,
        missing,
        expectPlan,
        failOnDrift,
        failOnCrash,
        reportFile,
        junitFile,
        comment,
        insecureRegistries,
      ],
    ],
    told: [...problems.map(describeProblem), ...warningTexts([...read.warnings, ...loginWarnings(filters.filters)])],
  };
}

const filterOf = (more: string): string => `version: 1\nfilters:\n  - { filter: auth.wasm${more} }\n`;
const BARE = filterOf('');
const LISTED = filterOf(', targets: [ deployment/a ]');
const FILED = filterOf(', targets-file: list.yaml');
const CLUSTERED = `${LISTED}clusters: { staging: {} }\n`;

const cases = COMMANDS.flatMap((command) => NAMES.map((name) => [command, name] as const));

describe.each([
  ['beside a manifest that leaves the targets out', BARE],
  ['beside a manifest with targets', LISTED],
  ['beside a manifest with a file of targets', FILED],
  ['beside a manifest with clusters', CLUSTERED],
  ['without a manifest', undefined],
])('no input is ignored in silence: %s', (_, manifest) => {
  test.each(cases)('%s: %s', async (command, name) => {
    const own: Given = manifest === undefined ? { filter: 'auth.wasm', targets: '- deployment/a' } : {};
    const without = await asked(command, own, manifest);
    const { model, told } = await asked(command, { ...own, ...SET[name] }, manifest);
    const fresh = told.filter((text) => !without.told.includes(text));
    const isTold = fresh.some((text) => text.includes(`"${name}"`));
    expect({ isUsed: JSON.stringify(model) !== JSON.stringify(without.model), isTold, fresh }).not.toMatchObject({
      isUsed: false,
      isTold: false,
    });
  });
});

test.each(COMMANDS.filter((command) => isInputOf(command, 'manifest')))(
  '%s: what a filter has of its own is an error that says where it belongs',
  async (command) => {
    for (const name of NAMES.filter((one) => isFilterInput(one) && !DEFAULTS_KEYS.some((key) => key === one))) {
      if (name === 'filter' || name === 'name' || !isInputOf(command, name)) continue;
      const { told } = await asked(command, SET[name], LISTED);
      expect(told).toEqual([
        `input "${name}" is set, but says nothing of the filters of the manifest, each of which has its own. Write "${name}" to the ` +
          'filter of the manifest that it is for; together with the input "filter" it is about a further one.',
      ]);
    }
  },
);

test('an input that the command does not read is not compared with a manifest either', async () => {
  const manifest = filterOf(', port: 80, targets: [ deployment/a ]');
  expect((await asked('remove', { port: '81' }, manifest)).told).toEqual([
    'The input "port" means nothing to "command: remove" and is ignored.',
  ]);
});

test('two lists of targets are not added up in silence', async () => {
  for (const [manifest, name, key] of [
    [LISTED, 'targets-file', 'targets'],
    [FILED, 'targets', 'targets-file'],
  ] as const) {
    expect((await asked('deploy', SET[name], manifest)).told).toEqual([
      expect.stringMatching(
        new RegExp(
          `^mesh\\.yaml:3:\\d+: filters\\[0\\]\\.${key} is set, and so is the input "${name}", which is a target list, too\\.`,
        ),
      ),
    ]);
  }
});
