import { describe, expect, test } from '@jest/globals';
import type { StuckPods } from '../../../../src/deploy/kinds/kind.ts';
import { kindNames, targetKind, templateKinds, useKinds } from '../../../../src/deploy/kinds/kinds.ts';
import { KINDS } from '../../../../src/deploy/kinds/list.ts';
import { FLEET } from '../../../harness/fleet.ts';
import { refOf, workload } from '../../builders.ts';

test('the kinds, and which of them a selector without kinds means', () => {
  expect(kindNames().map(({ kind }) => kind)).toEqual(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout', 'Gateway']);
  const selected = kindNames()
    .filter(({ selectedByDefault }) => selectedByDefault)
    .map(({ kind }) => kind);
  expect(selected).toEqual(['Deployment', 'StatefulSet', 'DaemonSet']);
  expect(templateKinds().map(({ resource }) => resource.kind)).toEqual([...selected, 'Rollout']);
});

test('no word means two of them', () => {
  const words = kindNames().flatMap(({ kind, plural, shortNames }) => [kind.toLowerCase(), plural, ...shortNames]);
  expect(words.toSorted()).toEqual([...new Set(words)].toSorted());
});

test('a kind that no target list can name is a mistake of the code', () => {
  expect(() => targetKind({ kind: 'Job' })).toThrow('Job is no kind of target');
});

describe.each(KINDS.map((kind) => [kind.resource.kind, kind] as const))('%s', (name, kind) => {
  const ref = { ...refOf('shop/deploy/web'), kind: name };

  test('has a command that goes back, or shows where nothing goes back by itself', () => {
    const { does, command } = kind.manualRollback(ref, workload('web'));
    expect(command).toMatch(/^kubectl .*-n shop/);
    expect(does).toBe(kind.binding.inPlace ? 'inspect' : 'undo');
  });

  test('replaces pods unless it changes them in place', () => {
    expect(kind.podReplacement === 'never').toBe(kind.binding.inPlace);
    expect(kind.wantedPods(workload('web')) === undefined).toBe(kind.binding.inPlace);
  });

  test('is not blocked by a workload that runs nothing of ours', () => {
    expect(kind.blockerOf({ ref, observed: workload('web'), revisions: [] }, { wait: true })).toBeUndefined();
  });
});

test.each<[string, object, StuckPods]>([
  ['Deployment', {}, 'replaced'],
  ['DaemonSet', {}, 'replaced'],
  ['StatefulSet', {}, 'waited-for'],
  ['StatefulSet', { podManagementPolicy: 'Parallel' }, 'maybe-waited-for'],
])('pods of a failed revision of a %s with %j are %s', (kind, spec, expected) => {
  expect(targetKind({ kind }).stuckPods(workload('db', { spec }))).toBe(expected);
});

test('a run knows the kinds that it is handed, in their order, and no other', () => {
  try {
    useKinds([FLEET, ...KINDS]);
    expect(kindNames().map(({ kind }) => kind)).toEqual(['Fleet', ...KINDS.map(({ resource }) => resource.kind)]);
    expect(templateKinds()).toContain(FLEET);
    expect(targetKind({ kind: 'Fleet' })).toBe(FLEET);
  } finally {
    useKinds(KINDS);
  }
  expect(() => targetKind({ kind: 'Fleet' })).toThrow('Fleet is no kind of target');
});

test('two kinds of one name are a mistake of the code, whatever their groups, and change nothing', () => {
  const another = { ...FLEET, resource: { ...FLEET.resource, kind: 'StatefulSet', group: 'apps.example.com' } };
  expect(() => useKinds([...KINDS, another])).toThrow('two kinds of targets have the same name');
  expect(targetKind({ kind: 'StatefulSet' })).not.toBe(another);
});
