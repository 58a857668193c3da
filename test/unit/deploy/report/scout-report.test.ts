import { expect, test } from '@jest/globals';
import { mergeScouts, type ScoutReport } from '../../../../src/deploy/report/scout-report.ts';

const ONE: ScoutReport = { namespaces: ['shop'], pods: 2, durationMs: 5_000, unshown: ['port'], untried: [] };

test('what scouts of several clusters have tried is told together, by the names of the clusters', () => {
  const other = { ...ONE, pods: 1, durationMs: 6_000, untried: ['no pod'] };
  expect(
    mergeScouts([
      { cluster: 'eu', outcome: { scouts: ONE } },
      { cluster: 'us', outcome: { scouts: other } },
      { cluster: 'asia', outcome: {} },
    ]),
  ).toEqual({
    scouts: {
      namespaces: [expect.stringContaining('eu'), expect.stringContaining('us')],
      pods: 3,
      durationMs: 6_000,
      unshown: ['port'],
      untried: ['no pod'],
    },
  });
  expect(mergeScouts([{ cluster: undefined, outcome: { scouts: ONE } }])).toEqual({ scouts: ONE });
  expect(mergeScouts([{ cluster: undefined, outcome: {} }])).toEqual({});
});
