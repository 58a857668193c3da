import { describe, expect, test } from '@jest/globals';
import type { Scope } from '../../../src/deploy/request.ts';
import { requestIn } from '../../../src/deploy/request-in-cluster.ts';
import type { TargetEntry } from '../../../src/targets/target.ts';
import { deployRequest, entriesOf, filterRequest } from '../builders.ts';

const inClusters = (name: string, ...clusters: readonly string[]): TargetEntry[] =>
  entriesOf(`- deployment/${name}`).map((entry) => ({
    ...entry,
    ...(clusters.length > 0 && { clusters: clusters.map((one) => ({ name: one, context: one, wave: 0 })) }),
  }));
const namesOf = (entries: readonly TargetEntry[]): string[] =>
  entries.flatMap((entry) => (entry.type === 'named' ? [entry.workload.name] : []));

const ENTRIES = [...inClusters('a'), ...inClusters('b', 'staging'), ...inClusters('c', 'staging', 'live')];

describe('a request in a cluster', () => {
  test('has the entries that are for it, and those that name no cluster', () => {
    const request = deployRequest(filterRequest('- deployment/a', { targets: ENTRIES }));
    expect(requestIn(request, 'staging').filters.map(({ targets }) => namesOf(targets))).toEqual([['a', 'b', 'c']]);
    expect(requestIn(request, 'live').filters.map(({ targets }) => namesOf(targets))).toEqual([['a', 'c']]);
  });

  test('has no filter that has no target there', () => {
    const elsewhere = filterRequest('- deployment/a', { name: 'other', targets: inClusters('b', 'staging') });
    const request = deployRequest(filterRequest('- deployment/a'), elsewhere);
    expect(requestIn(request, 'live').filters.map(({ name }) => name)).toEqual(['add-header']);
  });

  test('has the scopes that mean all, and of the others those with entries left', () => {
    const scope = (filter: string, entries: readonly TargetEntry[]): Scope => ({
      filter,
      entries,
      namespaces: ['shop'],
    });
    const scopes = [scope('all', []), scope('some', ENTRIES), scope('none', inClusters('b', 'staging'))];
    const request = {
      scopes,
      run: 'r',
      started: '2026-01-01T00:00:00.000Z',
      missing: 'fail',
      wait: true,
      timeoutMs: 1,
      promote: 'report',
    } as const;
    expect(requestIn(request, 'live').scopes.map(({ filter, entries }) => [filter, namesOf(entries)])).toEqual([
      ['all', []],
      ['some', ['a', 'c']],
    ]);
  });
});
