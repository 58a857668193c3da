import { expect, test } from '@jest/globals';
import { Steps, together } from '../../cluster/steps.ts';

test('a step prints its line with its time when it is done', async () => {
  const lines: string[] = [];
  const steps = new Steps((line) => lines.push(line));
  expect(await steps.step('etcd', () => 5)).toBe(5);
  await expect(steps.step('broken', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(lines).toEqual([expect.stringMatching(/^ +\d+\.\d s {2}etcd$/)]);
});

test('together gives all results in order', async () => {
  expect(await together(new AbortController(), Promise.resolve(1), Promise.resolve('two'))).toEqual([1, 'two']);
});

test('together aborts the other branches at the first failure, waits for them, and throws the first', async () => {
  const abort = new AbortController();
  const events: string[] = [];
  const slow = new Promise<void>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => {
      // Ends some time after it was told to.
      setImmediate(() => {
        events.push('slow branch ended');
        reject(new Error('aborted'));
      });
    });
  });
  await expect(together(abort, slow, Promise.reject(new Error('first')))).rejects.toThrow('first');
  expect(events).toEqual(['slow branch ended']);
});
