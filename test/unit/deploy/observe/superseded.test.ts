import { describe, expect, test } from '@jest/globals';
import { describeRun, isOlderRun, nameNewer, newerOn } from '../../../../src/deploy/observe/superseded.ts';
import { mountedRevision, podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
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

  test('is named by what it runs, with the settings that were pushed into it', async () => {
    const newer = { filter: 'add-header', revision: ours.id, run: 'o/r/7/1' };
    const pushed = revision('add-header', { configuration: 'new' });
    const podRevision = mountedRevision(revision());
    const answering = (answer: () => unknown): Parameters<typeof nameNewer>[2] => ({
      get: async () => answer() as never,
    });
    const named = (answer: () => unknown) => nameNewer(newer, 'shop', answering(answer));
    await expect(named(() => renderEnvoyFilter(pushed, 'shop', { podRevision }))).resolves.toEqual({
      ...newer,
      revision: pushed.id,
    });
    await expect(named(() => renderEnvoyFilter(revision(), 'shop'))).resolves.toEqual(newer);
    const forbidden = (): never => {
      throw new Error('forbidden');
    };
    await expect(named(forbidden)).resolves.toEqual(newer);
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
