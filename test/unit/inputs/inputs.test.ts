import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { INPUTS, type InputName } from '../../../src/action/input-table.ts';
import { type Inputs, type InputsRead, parseDuration, readInputs } from '../../../src/action/inputs.ts';
import { describeProblem } from '../../../src/base/problem.ts';

type Given = Partial<Readonly<Record<InputName, string>>>;

/** Inputs that are complete. */
const COMPLETE: Given = { filter: 'build/add-header.wasm', targets: '- deployment/reviews', kubeconfig: 'k' };

const read = (given: Given): InputsRead => readInputs((name) => given[name as InputName] ?? '');
const good = (over: Given = {}): Inputs => {
  const { inputs, problems } = read({ ...COMPLETE, ...over });
  expect(problems).toEqual([]);
  return inputs;
};
const complaints = (over: Given): string[] => {
  const { problems } = read({ ...COMPLETE, ...over });
  for (const { kind } of problems) expect(kind).toBe('input');
  return problems.map(describeProblem);
};

test('what is left out has its default', () => {
  expect(good()).toEqual({
    command: 'deploy',
    filter: 'build/add-header.wasm',
    name: 'add-header',
    targets: '- deployment/reviews',
    targetsFile: '',
    kubeconfig: 'k',
    context: '',
    namespace: '',
    settings: {
      rootId: '',
      vmId: 'add-header',
      configuration: '',
      direction: 'inbound',
      failPolicy: 'closed',
      order: 0,
      mountPath: '/var/local/lib/wasm-filters/add-header',
    },
    timeoutMs: 600_000,
    wait: true,
  });
});

test('only the inputs of the table are asked for, each of them', () => {
  const asked = new Set<string>();
  readInputs((name) => {
    asked.add(name);
    return '';
  });
  expect([...asked].sort()).toEqual(Object.keys(INPUTS).sort());
});

describe('a legal value', () => {
  test.each<[Given, object]>([
    [{ command: ' deploy ' }, { command: 'deploy' }],
    [{ filter: ' a/My_Filter.wasm\n' }, { filter: 'a/My_Filter.wasm', name: 'my-filter' }],
    [{ name: ' auth ' }, { name: 'auth', settings: { vmId: 'auth', mountPath: '/var/local/lib/wasm-filters/auth' } }],
    [
      { targets: '', 'targets-file': ' t.yaml ' },
      { targets: '', targetsFile: 't.yaml' },
    ],
    [
      { targets: ' - a/b\n', 'targets-file': 't.yaml' },
      { targets: ' - a/b\n', targetsFile: 't.yaml' },
    ],
    [{ kubeconfig: '\n a: b\n' }, { kubeconfig: '\n a: b\n' }],
    [{ kubeconfig: '' }, { kubeconfig: '' }],
    [{ context: ' prod ' }, { context: 'prod' }],
    [{ namespace: ' shop ' }, { namespace: 'shop' }],
    [{ 'root-id': ' my_root ' }, { settings: { rootId: 'my_root' } }],
    [{ 'vm-id': 'vm', name: 'auth' }, { settings: { vmId: 'vm' } }],
    [{ direction: 'outbound' }, { settings: { direction: 'outbound' } }],
    [{ direction: 'any' }, { settings: { direction: 'any' } }],
    [{ port: ' 8080 ' }, { settings: { port: 8080 } }],
    [{ 'fail-policy': 'open' }, { settings: { failPolicy: 'open' } }],
    [{ order: '-3' }, { settings: { order: -3 } }],
    [{ 'mount-path': '/opt/filters' }, { settings: { mountPath: '/opt/filters' } }],
    [{ 'mount-path': '/opt//x/../filters/' }, { settings: { mountPath: '/opt/filters' } }],
    [{ timeout: '90s' }, { timeoutMs: 90_000 }],
    [{ wait: 'false' }, { wait: false }],
    [{ wait: 'true' }, { wait: true }],
  ])('%j', (over, expected) => {
    expect(good(over)).toMatchObject(expected);
  });
});

describe('an illegal value', () => {
  test.each<[Given, string]>([
    [{ command: 'destroy' }, 'input "command": has the unknown value "destroy". Use deploy.'],
    [{ filter: ' ' }, 'input "filter": is missing. Set it to the path of the compiled .wasm file.'],
    [
      { name: 'My Filter' },
      'input "name": is "My Filter", which cannot name Kubernetes objects. A name has at most 50',
    ],
    [{ name: 'a'.repeat(51) }, 'which cannot name Kubernetes objects'],
    [{ filter: `${'a'.repeat(51)}.wasm` }, 'input "name": is not set, and the file\'s name "aaa'],
    [{ filter: '__.wasm' }, 'input "name": is not set, and the file\'s name "" cannot be used instead.'],
    [{ targets: ' \n' }, 'input "targets": is missing. List the workloads there'],
    [{ direction: 'in' }, 'input "direction": has the unknown value "in". Use inbound, outbound or any.'],
    [{ port: '0' }, 'input "port": is "0". A port is a whole number from 1 to 65535'],
    [{ port: '65536' }, 'input "port": is "65536".'],
    [{ port: 'http' }, 'input "port": is "http".'],
    [{ port: '80,81' }, 'input "port": is "80,81".'],
    [
      { order: 'first' },
      'input "order": is "first". Give a whole number; requests pass through filters of a lower order',
    ],
    [{ order: '1.5' }, 'input "order": is "1.5".'],
    [{ order: '99999999999' }, 'input "order": is "99999999999".'],
    [{ 'fail-policy': 'close' }, 'input "fail-policy": has the unknown value "close". Use closed or open.'],
    [{ 'mount-path': 'filters' }, 'input "mount-path": is "filters". Give an absolute folder'],
    [{ 'mount-path': '/' }, 'input "mount-path": is "/".'],
    [{ 'mount-path': '/a/..' }, 'input "mount-path": is "/a/..".'],
    [{ 'mount-path': '/a:b' }, 'input "mount-path": is "/a:b".'],
    [{ timeout: '10' }, 'input "timeout": is "10". Write a time such as 90s, 10m or 1h30m.'],
    [{ timeout: '0s' }, 'input "timeout": is "0s".'],
    [{ wait: 'yes' }, 'input "wait": has the unknown value "yes". Use true or false.'],
  ])('%j', (over, complaint) => {
    expect(complaints(over)).toEqual([expect.stringContaining(complaint)]);
  });

  test('does not keep the others from being told', () => {
    const wrong: Given = {
      command: 'x',
      name: 'X',
      direction: 'x',
      port: 'x',
      order: 'x',
      'fail-policy': 'x',
      'mount-path': 'x',
      timeout: 'x',
      wait: 'x',
    };
    const told = complaints({ ...wrong, filter: '', targets: '' }).map((complaint) => /"([^"]+)"/.exec(complaint)?.[1]);
    expect(told.sort()).toEqual([...Object.keys(wrong), 'filter', 'targets'].sort());
  });

  test('of nothing at all: what is required is missing, and no more', () => {
    expect(read({}).problems.map(({ subject }) => subject)).toEqual(['input "filter"', 'input "targets"']);
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

describe('parseDuration', () => {
  test.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1h1m1s', 3_661_000],
    ['1h1s', 3_601_000],
    ['0h5m', 300_000],
    ['007m', 420_000],
    ['596h', 2_145_600_000],
    ['597h', undefined],
    ['', undefined],
    ['0s', undefined],
    ['0h0m0s', undefined],
    ['10', undefined],
    ['m', undefined],
    ['10 m', undefined],
    ['10min', undefined],
    ['1d', undefined],
    ['1.5h', undefined],
    ['-5m', undefined],
    ['5M', undefined],
    ['30m1h', undefined],
    ['1h1h', undefined],
    ['500ms', undefined],
    ['9'.repeat(400).concat('h'), undefined],
  ])('%s is %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test('adds hours, minutes and seconds', () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(99), fc.integer({ min: 1, max: 99 }), (h, m, s) => {
        expect(parseDuration(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1_000);
      }),
    );
  });
});
