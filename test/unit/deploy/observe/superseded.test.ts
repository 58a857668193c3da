import { describe, expect, test } from '@jest/globals';
import { foundNewer, mayTakeOver, nameNewer, otherRevisionOn } from '../../../../src/deploy/observe/superseded.ts';
import { mountedRevision, podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { revision, workload } from '../../builders.ts';

const ours = podRevisionOf(revision());

describe('what another run has put on a workload', () => {
  const label = (id: string): object => ({ 'deploy-wasm-filter/add-header': id });
  const on = (id: string | undefined, recorded: string | undefined): Parameters<typeof otherRevisionOn>[1] => ({
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
    expect(otherRevisionOn({ podRevisions: [ours], removals: [] }, on(id, recorded))).toEqual(expected);
  });

  test('after a removal any recorded one is newer', () => {
    const removal = { podRevisions: [], removals: ['add-header'] };
    expect(otherRevisionOn(removal, on('0123456789', '0123456789'))?.run).toBe('o/r/7/1');
    expect(otherRevisionOn(removal, on(undefined, undefined))).toBeUndefined();
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

describe('two runs that meet on a workload', () => {
  const EARLY = '2026-03-01T10:00:00.000Z';
  const LATE = '2026-03-01T10:00:01.000Z';
  const wanted = { podRevisions: [ours], removals: [] };
  const other = (started?: string) => ({ filter: 'add-header', revision: '0123456789', run: 'o/r/7/1', started });

  test.each<[string, boolean, string | undefined, Parameters<typeof mayTakeOver>[2]]>([
    ['the one that started later goes on', true, EARLY, { run: 'local', started: LATE }],
    ['the one that started earlier stops', false, LATE, { run: 'local', started: EARLY }],
    ['of an action that keeps no start, the one with the higher number goes on', true, undefined, { run: 'o/r/8/1' }],
    ['of an action that keeps no start, one without a number stops', false, undefined, { run: 'local', started: LATE }],
  ])('%s', (_, expected, started, own) => {
    expect(mayTakeOver({ ...other(), ...(started && { started }) } as never, wanted, own)).toBe(expected);
  });

  test.each<[string, boolean, string | undefined, string, string]>([
    ['of a run that started earlier', false, EARLY, LATE, LATE],
    ['of a run that started later', true, LATE, EARLY, LATE],
    ['of a run that has yet to start, by this clock', false, LATE, EARLY, EARLY],
    ['of an action that keeps no start', false, undefined, EARLY, LATE],
  ])('what was found before the first write is newer if it is %s', (_, expected, found, started, now) => {
    const record = { revision: '0123456789', run: 'o/r/7/1', ...(found && { started: found }) };
    const observed = {
      ...workload('reviews'),
      metadata: {
        name: 'reviews',
        annotations: { 'deploy-wasm-filter/state': JSON.stringify({ 'add-header': record }) },
      },
      spec: { template: { metadata: { labels: { 'deploy-wasm-filter/add-header': '0123456789' } } } } as never,
    };
    const newer = foundNewer(wanted, observed, { run: 'o/r/8/1', started }, new Date(now));
    expect(newer !== undefined).toBe(expected);
  });
});
