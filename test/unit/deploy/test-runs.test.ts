import { expect, test } from '@jest/globals';
import { TestRuns } from '../../../src/deploy/test-runs.ts';
import { request } from '../filter/trial/modules.ts';

test('what has been run is told in the order in which it was asked for, whichever ends first', async () => {
  const ends = new Map<string, () => void>();
  const runs = new TestRuns(
    ({ name, envoy }) => new Promise((resolve) => ends.set(`${name} ${envoy}`, () => resolve([]))),
    () => 0,
    new AbortController().signal,
  );
  const module = new Uint8Array(1);
  const asked = [39, 40].map((envoy) => runs.run(request(module, { name: 'a', envoy }), [], []));
  ends.get('a 40')?.();
  await asked[1];
  const b = runs.run(request(module, { name: 'b', envoy: 40 }), [], []);
  const told = () => runs.tested.map(({ filter, runs: of }) => [filter, of.length]);
  expect(told()).toEqual([['a', 1]]);
  await Promise.resolve();
  ends.get('b 40')?.();
  await b;
  expect(told()).toEqual([
    ['a', 1],
    ['b', 1],
  ]);
  ends.get('a 39')?.();
  await Promise.all(asked);
  expect(told()).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});
