import { describe, expect, test } from '@jest/globals';
import { renewed, replayed } from '../../../bench/limit/plan.ts';
import { goals, met } from '../../../bench/report/goals.ts';
import { baseline } from '../../../bench/report/page.ts';
import { countOf, median, medianOf, resultsText } from '../../../bench/results.ts';
import { makeResults } from './results.ts';

describe('medians', () => {
  test.each([
    [[], undefined],
    [[3], 3],
    [[9, 1, 3], 3],
    [[1, 2, 4, 100], 3],
  ])('of %j is %j', (numbers, expected) => expect(median(numbers)).toBe(expected));

  test('are of those that are asked for, over all rounds', () => {
    const results = makeResults(
      [
        { subject: 'action', operation: 'deploy', wallMs: 5, round: 1 },
        { subject: 'action', operation: 'deploy', wallMs: 7, round: 2 },
        { subject: 'action', operation: 'deploy', wallMs: 6, round: 3 },
        { subject: 'action', operation: 'deploy', wallMs: 900, workloads: 1_000 },
        { subject: 'kubectl', operation: 'deploy', wallMs: 90 },
      ],
      [{ subject: 'action', operation: 'deploy', requests: 120 }],
    );
    expect(medianOf(results, { subject: 'action', operation: 'deploy', workloads: 100 }, 'wallMs')).toBe(6);
    expect(medianOf(results, { subject: 'helm' }, 'wallMs')).toBeUndefined();
    expect(countOf(results, { subject: 'action' }, 'requests')).toBe(120);
  });
});

test('figures are kept with a line for each', () => {
  const results = makeResults([
    { subject: 'action', operation: 'deploy' },
    { subject: 'limit', operation: 'deploy' },
  ]);
  const text = resultsText(results);
  expect(JSON.parse(text)).toEqual(results);
  expect(text.split('\n').filter((line) => line.includes('"subject":'))).toHaveLength(2);
});

describe('goals', () => {
  const verdictOf = (results: ReturnType<typeof makeResults>, name: string): boolean | undefined => {
    const goal = goals(results).find((one) => one.name.includes(name));
    return goal?.measured === undefined ? undefined : met(goal);
  };

  test('compare with those of the same run', () => {
    const results = makeResults(
      [
        { subject: 'action', operation: 'deploy', wallMs: 2_000, userMs: 850, peakKiB: 131 * 1024 },
        { subject: 'limit-seen', operation: 'deploy', wallMs: 1_800 },
        { subject: 'helm', operation: 'deploy', wallMs: 5_900 },
        { subject: 'script', operation: 'deploy', wallMs: 100_000 },
        { subject: 'action', operation: 'deploy', wallMs: 21_000, workloads: 1_000 },
        { subject: 'node', operation: 'start', wallMs: 40, workloads: 1 },
        { subject: 'action', operation: 'start', wallMs: 250, workloads: 1 },
        { subject: 'action', operation: 'no-op', wallMs: 300, workloads: 300 },
      ],
      [
        { subject: 'action', operation: 'no-op', workloads: 300, requests: 6, writes: 0, sockets: 4 },
        { subject: 'action', operation: 'deploy', sockets: 9, writingMs: 660 },
        { subject: 'limit', operation: 'deploy', writingMs: 600, sockets: 40 },
      ],
    );
    expect(verdictOf(results, 'divided by the limit until')).toBe(true);
    expect(verdictOf(results, 'First to last write')).toBe(true);
    expect(verdictOf(results, 'helm upgrade')).toBe(false);
    expect(verdictOf(results, 'documented script')).toBe(true);
    expect(verdictOf(results, 'each of 1,000')).toBe(true);
    expect(verdictOf(results, 'Process start to first request')).toBe(false);
    expect(verdictOf(results, '300 workloads, divided by `node -e 0`')).toBe(true);
    expect(verdictOf(results, '300 workloads: requests')).toBe(true);
    expect(verdictOf(results, 'Processor (user), deployment')).toBe(true);
    expect(verdictOf(results, 'Memory, deployment to 100')).toBe(false);
    expect(verdictOf(results, 'Sockets')).toBe(false);
  });

  test('are not judged without figures', () => {
    const results = makeResults([]);
    expect(
      goals(results)
        .filter(({ measured }) => measured !== undefined)
        .map(({ name }) => name),
    ).toEqual(['`dist/index.js`, with what it loads at once', '`dist/trial.js`']);
  });
});

test('the start of Node, which others are divided by, is said in milliseconds where it was measured', () => {
  const starts = [31, 90, 33.6].map(
    (wallMs) => ({ subject: 'node', operation: 'start', wallMs, workloads: 1 }) as const,
  );
  expect(baseline(makeResults(starts))).toEqual([expect.stringContaining('took 34 ms (median of 3)')]);
  expect(baseline(makeResults([{ subject: 'action', operation: 'start' }]))).toEqual([]);
});

test('the writes of a run are done again without the version of the object that each was made from', () => {
  const deployment = '/apis/apps/v1/namespaces/a/deployments/w?fieldManager=x';
  const configMap = '/api/v1/namespaces/a/configmaps/c?fieldManager=x';
  const writes = replayed([
    {
      method: 'PATCH',
      path: deployment,
      status: 200,
      body: '{"metadata":{"resourceVersion":"7","labels":{}},"spec":1}',
    },
    { method: 'PATCH', path: configMap, status: 201, body: '{"metadata":{"name":"c"}}' },
  ]);
  expect(writes).toEqual([
    {
      method: 'PATCH',
      path: deployment,
      contentType: 'application/merge-patch+json',
      body: '{"metadata":{"labels":{}},"spec":1}',
    },
    {
      method: 'PATCH',
      path: configMap,
      contentType: 'application/apply-patch+yaml',
      body: '{"metadata":{"name":"c"}}',
    },
  ]);
});

test('writes that are done again bring a revision of their own each time, wherever it stands', () => {
  const id = '0123456789';
  const write = (path: string, body: string) => ({ method: 'PATCH', contentType: 'x', path, body });
  const writes = [
    write(`/api/v1/namespaces/a/configmaps/bench-${id}?fieldManager=x`, `{"name":"bench-${id}"}`),
    write('/apis/apps/v1/namespaces/a/deployments/w?fieldManager=x', `{"a":"${id}","b":"${id}"}`),
  ];
  const [configMap, deployment] = renewed(writes, '1');
  const [, other = ''] = /bench-([0-9a-f]{10})\?/.exec(configMap?.path ?? '') ?? [];
  expect(other).not.toBe(id);
  expect(configMap?.body).toBe(`{"name":"bench-${other}"}`);
  expect(deployment).toEqual({ ...writes[1], body: `{"a":"${other}","b":"${other}"}` });
  expect(renewed(writes, '1')).toEqual([configMap, deployment]);
  expect(renewed(writes, '2')).not.toEqual([configMap, deployment]);
  expect(() => renewed(writes.slice(1), '1')).toThrow('no write is that of a revision');
});
