import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { INPUT_NAMES, INPUTS, type InputName, isInputOf } from '../../../../src/action/inputs/table.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { COMMANDS } from '../../../../src/deploy/report/report.ts';
import { COMPLETE, type Given, goodInputs, messagesOn, read, warningsOn } from './reading.ts';

const DAY_MS = 86_400_000;

test('what is left out has its default', () => {
  expect(goodInputs({ kubeconfig: 'k' })).toEqual({
    command: 'deploy',
    expectPlan: '',
    failOnDrift: false,
    failOnCrash: false,
    filter: 'build/add-header.wasm',
    from: { origin: { kind: 'file', path: 'build/add-header.wasm' }, insecureRegistries: [] },
    name: 'add-header',
    targets: '- deployment/reviews',
    targetsFile: '',
    kubeconfig: 'k',
    contexts: [''],
    unreachable: 'fail',
    namespaces: [],
    settings: {
      rootId: '',
      vmId: 'add-header',
      configuration: '',
      direction: 'inbound',
      failPolicy: 'closed',
      insert: { place: 'before', filter: 'envoy.filters.http.router' },
      order: 0,
      mountPath: '/var/local/lib/wasm-filters/add-header',
    },
    delivery: { delivery: 'auto', phase: 'unspecified', onlyMounted: [], onlyPulled: [] },
    policy: {
      wait: true,
      timeoutMs: 600_000,
      verify: 'auto',
      scout: 'auto',
      onFailure: 'rollback',
      maxFailures: { count: 0 },
      unready: 'fail',
      promote: 'report',
      soakMs: 0,
    },
    manifests: [],
    options: { check: true, adopt: false, onNewDigest: 'deploy' },
    runOptions: { settingsChange: 'roll', prune: false, keepRevisions: 1 },
    shrink: 'auto',
    tests: { list: '', files: [] },
    provenance: { token: '' },
    proxies: [],
    renderTo: 'wasm-filter',
    missing: 'fail',
    reportFile: '',
    junitFile: '',
    comment: { isWanted: true, key: '', matrix: '', showConfiguration: false },
  });
});

test.each(COMMANDS)('%s asks for the inputs of the table only, each of them', (command) => {
  const asked = new Set<string>();
  readInputs((name) => {
    asked.add(name);
    return name === 'command' ? command : '';
  });
  expect([...asked].sort()).toEqual(Object.keys(INPUTS).sort());
});

describe('a legal value', () => {
  test.each<[Given, object]>([
    [{ command: ' plan ' }, { command: 'plan' }],
    [{ kubeconfig: '\n a: b\n' }, { kubeconfig: '\n a: b\n' }],
    [{ context: ' prod ' }, { contexts: ['prod'] }],
    [{ contexts: 'staging, prod-eu\nstaging,' }, { contexts: ['staging', 'prod-eu'] }],
    [{ contexts: ' * ' }, { contexts: '*' }],
    [{ unreachable: 'skip' }, { unreachable: 'skip' }],
    [{ 'root-id': ' my_root ' }, { settings: { rootId: 'my_root' } }],
    [{ 'vm-id': 'vm', name: 'auth' }, { settings: { vmId: 'vm' } }],
    [
      { delivery: 'image', 'pull-secret': ' regcred ', phase: 'authn' },
      { delivery: { delivery: 'image', pullSecret: 'regcred', phase: 'authn', onlyPulled: ['pull-secret', 'phase'] } },
    ],
    [{ 'vm-id': 'vm', 'mount-path': '/filters' }, { delivery: { onlyMounted: ['vm-id', 'mount-path'] } }],
    [{ direction: 'outbound' }, { settings: { direction: 'outbound' } }],
    [{ direction: 'any' }, { settings: { direction: 'any' } }],
    [{ shrink: 'optimize' }, { shrink: 'optimize' }],
    [{ shrink: 'off', check: 'off' }, { shrink: 'off' }],
    [{ direction: 'gateway' }, { settings: { direction: 'gateway' } }],
    [{ port: ' 8080 ' }, { settings: { port: 8080 } }],
    [{ 'fail-policy': 'open' }, { settings: { failPolicy: 'open' } }],
    [
      { 'fail-policy': 'reload', 'reload-backoff': '1m30s' },
      { settings: { failPolicy: 'reload', reloadBackoffMs: 90_000 } },
    ],
    [{ 'allow-on-headers-stop-iteration': 'true' }, { settings: { allowOnHeadersStopIteration: true } }],
    [{ 'allow-precompiled': 'true' }, { settings: { allowPrecompiled: true } }],
    [{ 'log-level': 'info' }, { settings: { logLevel: 'info' } }],
    [{ 'log-level': 'unchanged' }, {}],
    [{ environment: 'MODE: strict' }, { settings: { environment: { MODE: 'strict' } } }],
    [{ capabilities: 'proxy_log' }, { settings: { capabilities: ['proxy_log'] } }],
    [{ insert: 'before router' }, { settings: { insert: { place: 'before', filter: 'envoy.filters.http.router' } } }],
    [{ insert: ' after  istio.stats ' }, { settings: { insert: { place: 'after', filter: 'istio.stats' } } }],
    [{ insert: 'first' }, { settings: { insert: { place: 'first' } } }],
    [{ order: '-3' }, { settings: { order: -3 } }],
    [{ 'mount-path': '/opt/filters' }, { settings: { mountPath: '/opt/filters' } }],
    [{ 'mount-path': '/opt//x/../filters/' }, { settings: { mountPath: '/opt/filters' } }],
    [{ settings: 'push' }, { runOptions: { settingsChange: 'push' } }],
    [{ prune: 'true' }, { runOptions: { prune: true } }],
    [{ adopt: 'TRUE' }, { options: { adopt: true } }],
    [
      { adopt: 'wasm, shop/true\n- wasm#envoy.filters.http/a b' },
      {
        options: {
          adopt: [
            { text: 'wasm', envoyFilter: 'wasm' },
            { text: 'shop/true', namespace: 'shop', envoyFilter: 'true' },
            { text: 'wasm#envoy.filters.http/a b', envoyFilter: 'wasm', filter: 'envoy.filters.http/a b' },
          ],
        },
      },
    ],
    [{ 'keep-revisions': '0' }, { runOptions: { keepRevisions: 0 } }],
    [{ 'keep-revisions': '20' }, { runOptions: { keepRevisions: 20 } }],
    [{ expires: '72h' }, { options: { expiresMs: 3 * DAY_MS } }],
    [{ expires: '7d' }, { options: { expiresMs: 7 * DAY_MS } }],
    [{ expires: '365d' }, { options: { expiresMs: 365 * DAY_MS } }],
    [{ expires: '36500d' }, { options: { expiresMs: 36_500 * DAY_MS } }],
    [{ command: 'render', 'render-to': ' out/mesh ' }, { renderTo: 'out/mesh' }],
  ])('%j', (over, expected) => {
    expect(goodInputs(over)).toMatchObject(expected);
    expect(warningsOn(over)).toEqual([]);
  });
});

describe('an illegal value', () => {
  test.each<[Given, string]>([
    [
      { command: 'destroy' },
      'input "command" has the unknown value "destroy". Use deploy, plan, status, remove, render, sweep or check.',
    ],
    [{ command: 'dploy' }, 'input "command" has the unknown value "dploy". Did you mean deploy? Use deploy,'],
    [
      { direction: 'inbund' },
      'input "direction" has the unknown value "inbund". Did you mean inbound? Use inbound, outbound, any or gateway.',
    ],
    [{ port: '0' }, 'input "port" is "0". A port is a whole number from 1 to 65535'],
    [{ port: '65536' }, 'input "port" is "65536".'],
    [{ port: 'http' }, 'input "port" is "http".'],
    [{ port: '80,81' }, 'input "port" is "80,81".'],
    [{ insert: 'last' }, 'input "insert" has the unknown place "last". Write "first", "before NAME" or "after NAME"'],
    [{ insert: 'after add-header' }, 'input "insert" places the filter beside itself.'],
    [
      { order: 'first' },
      'input "order" is "first". Give a whole number; requests pass through filters of a lower order',
    ],
    [{ order: '1.5' }, 'input "order" is "1.5".'],
    [{ order: '1000001' }, 'input "order" is "1000001".'],
    [{ order: '-99999999999' }, 'input "order" is "-99999999999".'],
    [
      { 'fail-policy': 'close' },
      'input "fail-policy" has the unknown value "close". Did you mean closed? Use closed, open or reload.',
    ],
    [{ 'fail-policy': 'reload', 'reload-backoff': '0s' }, 'input "reload-backoff" is "0s". Write a time such as 5s'],
    [{ 'fail-policy': 'reload', 'reload-backoff': '2h' }, 'input "reload-backoff" is "2h".'],
    [{ 'reload-backoff': '5s' }, 'input "reload-backoff" means nothing with "fail-policy: closed".'],
    [{ 'allow-precompiled': 'yes' }, 'input "allow-precompiled" has the unknown value "yes". Use true or false.'],
    [{ 'allow-on-headers-stop-iteration': '1' }, 'input "allow-on-headers-stop-iteration" has the unknown value "1".'],
    [{ environment: 'MODE' }, 'input "environment" is not a mapping of variables.'],
    [{ capabilities: '[]' }, 'input "capabilities" is an empty list'],
    [{ 'mount-path': 'filters' }, 'input "mount-path" is "filters". Give an absolute folder'],
    [{ 'mount-path': '/' }, 'input "mount-path" is "/".'],
    [{ 'mount-path': '/a/..' }, 'input "mount-path" is "/a/..".'],
    [{ 'mount-path': '/a:b' }, 'input "mount-path" is "/a:b".'],
    [{ shrink: 'yes' }, 'input "shrink" has the unknown value "yes". Use auto, optimize or off.'],
    [{ shrink: 'optimize', check: 'off' }, 'input "shrink" is optimize, but with "check: off" nothing verifies'],
    [{ settings: 'reload' }, 'input "settings" has the unknown value "reload". Use roll or push.'],
    [{ prune: 'all' }, 'input "prune" has the unknown value "all". Use true or false.'],
    [{ adopt: '1' }, 'input "adopt" has the unknown value "1". Use true, false, or names of EnvoyFilters'],
    [{ adopt: 'wasm, yes' }, 'input "adopt" has the unknown value "yes".'],
    [{ adopt: 'wasm#' }, 'input "adopt" has the unknown value "wasm#".'],
    [{ adopt: 'Shop/wasm' }, 'input "adopt" has the unknown value "Shop/wasm".'],
    [{ 'keep-revisions': '21' }, 'input "keep-revisions" is "21". Give a whole number from 0 to 20.'],
    [{ 'keep-revisions': '-1' }, 'input "keep-revisions" is "-1".'],
    [{ 'keep-revisions': 'all' }, 'input "keep-revisions" is "all".'],
    [{ expires: 'tomorrow' }, 'input "expires" is "tomorrow". Write a time such as 72h or 7d'],
    [{ expires: '0d' }, 'input "expires" is "0d".'],
    [{ expires: '36501d' }, 'input "expires" is "36501d". Write a time such as 72h or 7d, at most 36500d'],
  ])('%j', (over, message) => {
    expect(messagesOn(over)).toEqual([expect.stringContaining(message)]);
  });

  test('does not keep the others from being told', () => {
    const wrong: Given = {
      name: 'X',
      namespace: 'X',
      direction: 'x',
      port: 'x',
      insert: 'x',
      order: 'x',
      'fail-policy': 'x',
      'reload-backoff': 'x',
      'allow-on-headers-stop-iteration': 'x',
      environment: 'x',
      capabilities: '{}',
      'allow-precompiled': 'x',
      'mount-path': 'x',
      timeout: 'x',
      verify: 'x',
      probe: 'x',
      'on-failure': 'x',
      canary: 'x',
      'max-parallel': 'x',
      'max-failures': 'x',
      soak: 'x',
      shrink: 'x',
      settings: 'x',
      prune: 'x',
      'keep-revisions': 'x',
      adopt: '#x',
      expires: 'x',
    };
    const subjects = (given: Given): string[] =>
      read(given)
        .problems.map(({ subject }) => /^input "(.+)"$/.exec(subject ?? '')?.[1] ?? '')
        .sort();
    expect(subjects(wrong)).toEqual([...Object.keys(wrong), 'filter', 'targets'].sort());
    expect(subjects({ ...wrong, command: 'x' })).toEqual([...Object.keys(wrong), 'command'].sort());
  });
});

describe('an input that means nothing to the command', () => {
  test('is ignored with a warning, whatever it says', () => {
    expect(warningsOn({ command: 'status', canary: 'everything' })).toEqual([
      'The input "canary" means nothing to "command: status" and is ignored.',
    ]);
    expect(warningsOn({ command: 'remove', soak: '5m', 'root-id': 'r', expires: '7d' })).toEqual([
      'The inputs "root-id", "soak" and "expires" mean nothing to "command: remove" and are ignored.',
    ]);
    expect(goodInputs({ command: 'status', wait: 'false', verify: 'required' }).policy).toMatchObject({
      wait: true,
      verify: 'required',
    });
    expect(goodInputs({ command: 'remove', soak: '5m', canary: '1', wait: 'false' }).policy.soakMs).toBe(0);
  });

  test.each(COMMANDS)('%s: its default, as the runner fills it in, says nothing', (command) => {
    const defaults = Object.fromEntries(INPUT_NAMES.map((name) => [name, INPUTS[name].default]));
    expect(read({ ...defaults, ...COMPLETE, name: 'f', command, namespace: 'shop' })).toMatchObject({
      problems: [],
      warnings: [],
    });
  });

  const pairs = COMMANDS.flatMap((command) => INPUT_NAMES.map((name) => [command, name] as const));
  test.each(pairs.filter(([command, name]) => !isInputOf(command, name)))('%s: %s', (command, name: InputName) => {
    const { inputs, problems, warnings } = read({ ...COMPLETE, command, [name]: 'anything' });
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toEqual([
      `The input "${name}" means nothing to "command: ${command}" and is ignored.`,
    ]);
    expect(inputs).toEqual(goodInputs({ command }));
  });

  test('is not looked for while nobody knows the command', () => {
    expect(warningTexts(read({ command: 'rendr', 'render-to': 'x', canary: '1' }).warnings)).toEqual([]);
  });

  test('plan takes whatever deploy takes, but for the plan that it is to make', () => {
    const differing = INPUT_NAMES.filter((name) => isInputOf('plan', name) !== isInputOf('deploy', name));
    expect(differing).toEqual(['expect-plan']);
  });
});

test('the configuration reaches the settings byte for byte', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[ \t\r\n]*\{\s*\}[ \t\r\n]*$/)),
      (configuration) => {
        expect(read({ ...COMPLETE, configuration }).inputs.settings.configuration).toBe(configuration);
      },
    ),
  );
});
