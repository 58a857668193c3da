import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatIdentity, identityOf, isRunning, parseIdentity, parseStat } from '../../cluster/identity.ts';

describe('parseStat', () => {
  const rest = 'S 1 2 3 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 7 0 123456 1000 200 18446744073709551615';

  test.each([
    ['a plain name', `42 (etcd) ${rest}`],
    ['a name with spaces and parentheses', `42 (a) b (c)) ${rest}`],
  ])('reads state, threads and start time after %s', (_title, line) => {
    expect(parseStat(line)).toEqual({ state: 'S', threads: 7, startTime: 123456 });
  });

  test.each(['', '42 (etcd)', '42 (etcd) S 1 2'])('gives nothing for %j', (line) => {
    expect(parseStat(line)).toBeUndefined();
  });
});

describe('isRunning', () => {
  test('is true for this process, and false for another start of the same number or another boot', () => {
    const own = identityOf(process.pid);
    expect(isRunning(own)).toBe(true);
    expect(isRunning({ ...own, startTime: own.startTime + 1 })).toBe(false);
    expect(isRunning({ ...own, bootId: '00000000-0000-0000-0000-000000000000' })).toBe(false);
  });

  test('is false once the process has ended', async () => {
    const child = spawn('sleep', ['60']);
    const exited = once(child, 'exit');
    const identity = identityOf(child.pid ?? 0);
    expect(isRunning(identity)).toBe(true);
    child.kill('SIGKILL');
    await exited;
    expect(isRunning(identity)).toBe(false);
  });
});

test('identityOf throws when there is no such process', () => {
  expect(() => identityOf(2 ** 30)).toThrow('there is no process 1073741824');
});

test('parseIdentity reads what formatIdentity writes, and nothing else', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.uuid(), (pid, startTime, bootId) => {
      const identity = { pid, startTime, bootId };
      expect(parseIdentity(formatIdentity(identity))).toEqual(identity);
    }),
  );
  expect(parseIdentity('12.x.y')).toBeUndefined();
});
