import { expect, test } from '@jest/globals';
import { killGroup, ProcessGroups } from '../../../../src/action/runner/process-groups.ts';

const killing = (killed: number[], platform = 'linux') => ({ platform, kill: (pid: number) => killed.push(pid) });

test.each([
  ['linux', -7],
  ['darwin', -7],
  ['win32', 7],
])('on %s, the group of process 7 is %d', (platform, group) => {
  const killed: number[] = [];
  killGroup(killing(killed, platform), 7);
  expect(killed).toEqual([group]);
});

test.each(['ESRCH', 'EPERM'])('a kill that fails with %s is no error', (code) => {
  const kill = (): never => {
    throw Object.assign(new Error('kill'), { code });
  };
  expect(() => killGroup({ platform: 'linux', kill }, 7)).not.toThrow();
});

test('those that have not ended are killed with the action, and another is told of all', () => {
  const killed: number[] = [];
  const told: [number, boolean][] = [];
  const groups = new ProcessGroups(killing(killed), (pid, running) => told.push([pid, running]));
  groups.add(7);
  groups.add(8);
  groups.delete(7);
  groups.killAll();
  expect(killed).toEqual([-8]);
  expect(told).toEqual([
    [7, true],
    [8, true],
    [7, false],
  ]);
});
