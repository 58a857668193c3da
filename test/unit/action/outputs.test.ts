import { describe, expect, test } from '@jest/globals';
import { OUTPUTS, outputsOf } from '../../../src/action/outputs.ts';
import { deployed, filter, NEW, OLD, report, stuck, unawaited, unchanged, untouched } from './report-builder.ts';

/** A job's outputs may have 1 MB together, counted as UTF-16. */
const MOST_BYTES = 1_000_000;

describe('plain outputs', () => {
  const given = report({ targets: [deployed('shop/a'), unchanged('shop/b'), stuck('shop/c'), untouched('shop/d')] });

  test.each([
    ['result', 'failed'],
    ['changed', 'true'],
    ['revision', NEW],
    ['digest', filter().digest],
    ['deployed', '1'],
    ['unchanged', '1'],
    ['failed', '1'],
  ] as const)('%s', (name, expected) => {
    expect(outputsOf(given)[name]).toBe(expected);
  });

  test('are there, all of them, when nothing could be read', () => {
    const empty = outputsOf(report({ filters: [], problems: [{ kind: 'input', message: 'is wrong.' }] }));
    expect(Object.keys(empty)).toEqual([...OUTPUTS]);
    expect(empty).toEqual({
      result: 'failed',
      changed: 'false',
      revision: '',
      digest: '',
      deployed: '0',
      unchanged: '0',
      failed: '0',
      targets: '[]',
    });
  });

  test('several revisions and digests are separated by commas', () => {
    const several = outputsOf(
      report({
        filters: [
          filter(),
          filter({ name: 'auth', digest: 'sha256:b' }),
          filter({ name: 'again', digest: 'sha256:b' }),
        ],
        targets: [deployed('shop/a'), deployed('shop/b', { revisions: [{ filter: 'auth', revision: 'c3d4e5f607' }] })],
      }),
    );
    expect(several.revision).toBe(`${NEW},c3d4e5f607`);
    expect(several.digest).toBe(`${filter().digest},sha256:b`);
  });
});

describe('targets', () => {
  const parsed = (...args: Parameters<typeof outputsOf>): unknown[] =>
    JSON.parse(outputsOf(...args).targets) as unknown[];

  test('has one object per workload', () => {
    expect(parsed(report({ targets: [deployed('shop/a'), stuck('StatefulSet edge/b')] }))).toEqual([
      {
        namespace: 'shop',
        kind: 'Deployment',
        name: 'a',
        outcome: 'deployed',
        revision: NEW,
        before: OLD,
        pods: { ready: 3, wanted: 3 },
        seconds: 21.4,
      },
      {
        namespace: 'edge',
        kind: 'StatefulSet',
        name: 'b',
        outcome: 'failed',
        revision: NEW,
        before: OLD,
        pods: { ready: 0, wanted: 3 },
        seconds: 300,
        error: expect.stringContaining('StatefulSet edge/b: not ready after 5 min'),
      },
    ]);
  });

  test('says null for no earlier revision, and no seconds where nobody waited', () => {
    const [target] = parsed(
      report({ targets: [unawaited('shop/a', { revisions: [{ filter: 'f', revision: NEW }] })] }),
    );
    expect(target).toMatchObject({ before: null });
    expect(target).not.toHaveProperty('seconds');
  });

  test('names the filter of each revision when there are several, whatever its name', () => {
    const revisions = [
      { filter: 'auth', revision: 'c3d4e5f607' },
      { filter: '__proto__', revision: NEW, before: OLD },
    ];
    const json = outputsOf(
      report({ filters: [filter(), filter()], targets: [deployed('shop/a', { revisions })] }),
    ).targets;
    expect(json).toContain(`"revision":{"auth":"c3d4e5f607","__proto__":"${NEW}"},"before":{"__proto__":"${OLD}"}`);
  });

  const size = (json: string): number => 2 * json.length;
  const many = (n: number, build: (path: string) => ReturnType<typeof stuck>): ReturnType<typeof stuck>[] =>
    Array.from({ length: n }, (_, index) => build(`team-${index % 9}/service-${index}`));
  const wordy = (path: string): ReturnType<typeof stuck> =>
    stuck(path, { problem: { kind: 'rollout', message: 'x'.repeat(10_000) } });

  test.each([
    [
      'cuts long errors',
      many(600, wordy),
      ['before', 'error', 'kind', 'name', 'namespace', 'outcome', 'pods', 'revision', 'seconds'],
    ],
    [
      'then drops seconds and before',
      many(1_200, wordy),
      ['error', 'kind', 'name', 'namespace', 'outcome', 'pods', 'revision'],
    ],
    ['then pods', many(1_350, wordy), ['error', 'kind', 'name', 'namespace', 'outcome', 'revision']],
    ['then errors', many(3_000, wordy), ['kind', 'name', 'namespace', 'outcome', 'revision']],
  ])('%s to stay under the limit', (_, targets, keys) => {
    const given = report({ targets });
    expect(size(outputsOf(given).targets)).toBeLessThan(MOST_BYTES);
    const list = parsed(given);
    expect(list).toHaveLength(targets.length);
    expect(Object.keys(list[0] as object).sort()).toEqual(keys);
  });

  test('leaves workloads out at last, failed ones last, and says so', () => {
    const targets = [...many(20_000, (path) => unchanged(path)), ...many(10, wordy)];
    const given = report({ targets });
    expect(size(outputsOf(given).targets)).toBeLessThan(MOST_BYTES);
    const list = parsed(given);
    expect(list.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => expect.objectContaining({ outcome: 'failed' })));
    expect(list.at(-1)).toEqual({ truncated: true, omitted: targets.length - (list.length - 1) });
  });
});
