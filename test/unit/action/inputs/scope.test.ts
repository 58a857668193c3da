import { describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../../../src/deploy/report/report.ts';
import { type Given, goodInputs, messagesOn, read } from './reading.ts';

const subjects = (given: Given): (string | undefined)[] => read(given).problems.map(({ subject }) => subject);

describe('what a command cannot do without', () => {
  test.each<[Given, string[]]>([
    [{}, ['input "filter"', 'input "targets"']],
    [{ command: 'deploy' }, ['input "filter"', 'input "targets"']],
    [{ command: 'plan' }, ['input "filter"', 'input "targets"']],
    [{ command: 'render' }, ['input "filter"', 'input "targets"']],
    [{ command: 'render', filter: 'f.wasm', 'targets-file': 't.yaml' }, []],
    [{ command: 'check' }, ['input "filter"']],
    [{ command: 'check', filter: 'f.wasm' }, []],
    [{ command: 'status' }, []],
    [{ command: 'remove' }, ['input "name"']],
    [{ command: 'remove', name: 'f' }, []],
    [{ command: 'remove', filter: 'f.wasm' }, []],
    [{ command: 'sweep' }, ['input "namespace"']],
    [{ command: 'sweep', namespace: 'shop' }, []],
    [{ command: 'sweep', targets: '- deployment/reviews' }, []],
    [{ command: 'sweep', 'targets-file': 't.yaml' }, []],
    [{ command: 'sweep', targets: ' \n' }, ['input "namespace"']],
    // Of a command that nobody knows nobody knows the needs.
    [{ command: 'stauts' }, ['input "command"']],
  ])('%j', (given, missing) => {
    expect(subjects(given)).toEqual(missing);
  });

  test.each<[Given, string]>([
    [
      { filter: ' ' },
      'input "filter" is missing. Set it to the path of the compiled .wasm file, or to its oci:// or https:// address.',
    ],
    [{ targets: ' \n' }, 'input "targets" is missing. List the workloads there'],
    [{ command: 'remove', filter: '' }, 'input "name" is missing. Name the filter to remove; "command: status" lists'],
    [{ command: 'sweep', targets: '' }, 'input "namespace" is missing. Name the namespaces to sweep'],
  ])('%j is told', (over, message) => {
    expect(messagesOn(over)).toEqual([expect.stringContaining(message)]);
  });
});

describe('the name', () => {
  test.each<[Given, string]>([
    [{ filter: ' a/My_Filter.wasm\n' }, 'my-filter'],
    [{ filter: 'My_Filter.wasm', name: ' auth ' }, 'auth'],
    [{ command: 'status', filter: 'a/My_Filter.wasm' }, 'my-filter'],
    [{ command: 'remove', filter: 'a/b.wasm', name: 'auth' }, 'auth'],
    [{ command: 'status', filter: '' }, ''],
    [{ command: 'sweep', filter: '', namespace: 'shop' }, ''],
  ])('%j', (over, name) => {
    expect(goodInputs(over).name).toBe(name);
  });

  test('is part of what follows from it', () => {
    expect(goodInputs({ name: 'auth' }).settings).toMatchObject({
      vmId: 'auth',
      mountPath: '/var/local/lib/wasm-filters/auth',
    });
  });

  test.each(COMMANDS)('%s refuses one that Kubernetes would', (command) => {
    const namespace = 'shop';
    const rule = 'A name has at most 50';
    expect(messagesOn({ command, namespace, name: 'My Filter' })).toEqual([
      expect.stringContaining(`input "name" is "My Filter", which cannot name Kubernetes objects. ${rule}`),
    ]);
    expect(messagesOn({ command, namespace, name: 'a'.repeat(51) })).toHaveLength(1);
    expect(messagesOn({ command, namespace, filter: `${'a'.repeat(51)}.wasm` })).toEqual([
      expect.stringContaining('input "name" is not set, and the file\'s name "aaa'),
    ]);
    expect(messagesOn({ command, namespace, filter: '__.wasm' })).toEqual([
      expect.stringContaining('input "name" is not set, and the file\'s name "" cannot be used instead.'),
    ]);
  });
});

test.each<[Given, object]>([
  [
    { targets: '', 'targets-file': ' t.yaml ' },
    { targets: '', targetsFile: 't.yaml' },
  ],
  [
    { targets: ' - a/b\n', 'targets-file': 't.yaml' },
    { targets: ' - a/b\n', targetsFile: 't.yaml' },
  ],
])('the target list: %j', (over, expected) => {
  expect(goodInputs(over)).toMatchObject(expected);
});

describe('namespaces', () => {
  const free = { targets: '', name: 'f' };

  test.each<[Given, string[]]>([
    [{ namespace: ' shop ' }, ['shop']],
    [{ namespace: 'shop,' }, ['shop']],
    [{ ...free, command: 'status', namespace: 'shop, edge' }, ['shop', 'edge']],
    [{ ...free, command: 'remove', namespace: 'shop\nedge\tshop ,,' }, ['shop', 'edge']],
    [{ ...free, command: 'sweep', namespace: 'a,b,c' }, ['a', 'b', 'c']],
    [{ command: 'status', namespace: 'shop' }, ['shop']],
    [{ command: 'remove' }, []],
  ])('%j', (over, namespaces) => {
    expect(goodInputs(over).namespaces).toEqual(namespaces);
  });

  test.each<[Given, string]>([
    [{ namespace: 'Shop' }, 'input "namespace" is "Shop", which Kubernetes does not allow.'],
    [{ namespace: 'a.b' }, 'input "namespace" is "a.b", which Kubernetes does not allow.'],
    [{ ...free, command: 'status', namespace: 'a, B' }, 'input "namespace" has "B", which Kubernetes does not allow.'],
    [{ namespace: ',' }, 'input "namespace" is ",", which names none.'],
    [
      { namespace: 'a b' },
      'names a and b, but "command: deploy" takes only one: the namespace of targets that name none.',
    ],
    [{ command: 'render', namespace: 'a,b' }, 'names a and b, but "command: render" takes only one'],
    [{ command: 'check', namespace: 'a,b' }, 'names a and b, but "command: check" takes only one'],
    [{ command: 'remove', namespace: 'a,b' }, 'names a and b; with a target list, it takes only one: the namespace'],
  ])('%j is refused', (over, message) => {
    expect(messagesOn(over)).toEqual([expect.stringContaining(message)]);
  });
});
