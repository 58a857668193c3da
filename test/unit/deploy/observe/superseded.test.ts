import { describe, expect, test } from '@jest/globals';
import { describeRun, isOlderRun, newerOn } from '../../../../src/deploy/observe/superseded.ts';
import { podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { revision, workload } from '../../builders.ts';

const ours = podRevisionOf(revision());

describe('what another run has put on a workload', () => {
  const label = (id: string): object => ({ 'deploy-wasm-filter/add-header': id });
  const on = (id: string | undefined, recorded: string | undefined): Parameters<typeof newerOn>[1] => ({
    ...workload('reviews'),
    metadata: {
      name: 'reviews',
      annotations:
        recorded === undefined
          ? {}
          : { 'deploy-wasm-filter/state': JSON.stringify({ 'add-header': { revision: recorded, run: 'o/r/7/1' } }) },
    },
    spec: { template: { metadata: { labels: id === undefined ? {} : label(id) } } } as never,
  });

  test.each<[string, string | undefined, string | undefined, boolean]>([
    ['its own revision', ours.id, ours.id, false],
    ['another one, with its record', '0123456789', '0123456789', true],
    ['another one that nobody has recorded, as an edit or a sync puts it', '0123456789', ours.id, false],
    ['none any more', undefined, undefined, false],
  ])('%s', (_, id, recorded, newer) => {
    const expected = newer ? { filter: 'add-header', revision: id, run: 'o/r/7/1' } : undefined;
    expect(newerOn({ podRevisions: [ours], removals: [] }, on(id, recorded))).toEqual(expected);
  });

  test('after a removal any recorded one is newer', () => {
    const removal = { podRevisions: [], removals: ['add-header'] };
    expect(newerOn(removal, on('0123456789', '0123456789'))?.run).toBe('o/r/7/1');
    expect(newerOn(removal, on(undefined, undefined))).toBeUndefined();
  });
});

test.each([
  ['shop/filters/4812/1', 'run 4812'],
  ['shop/filters/4812/3', 'run 4812 (attempt 3)'],
  ['local', 'another run'],
])('%s is %s', (run, words) => {
  expect(describeRun(run)).toBe(words);
});

test.each([
  ['shop/filters/9/1', 'shop/filters/10/1', true],
  ['shop/filters/10/1', 'shop/filters/10/2', true],
  ['shop/filters/10/1', 'shop/filters/10/1', false],
  ['shop/filters/11/1', 'shop/filters/10/1', false],
  ['shop/filters/9/1', 'shop/others/10/1', false],
  ['local', 'shop/filters/10/1', false],
  ['', 'local', false],
])('%s is older than %s: %s', (run, than, older) => {
  expect(isOlderRun(run, than)).toBe(older);
});
