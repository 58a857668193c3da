import { describe, expect, test } from '@jest/globals';
import { OUTPUTS, outputsOf } from '../../../../src/action/outputs/outputs.ts';
import { ON_NEW_DIGEST } from '../../../../src/deploy/policy.ts';
import type { DeployReport } from '../../../../src/deploy/report/report.ts';
import {
  change,
  deployed,
  deployPlan,
  filter,
  found,
  IMAGE,
  image,
  NEW,
  OLD,
  PROVENANCE,
  planned,
  type ReportParts,
  ref,
  removed,
  report,
  rollback,
  rolledBack,
  running,
  stuck,
  unawaited,
  unchanged,
  untouched,
  verification,
  withdrawn,
} from '../report-builder.ts';
import { found as checkedOf } from '../scenarios-check.ts';

/** A job's outputs may have 1 MB together, counted as UTF-16. */
const MAX_BYTES = 1_000_000;

test('what was checked: failed filters first, with the checks that failed and the result by version', () => {
  const checked = checkedOf(
    { add: {}, auth: { settings: () => 'failed', trial: () => 'undecided' }, off: { state: 'skipped' } },
    ['1.28', 'envoy/1.36.2'],
  );
  const { checked: said } = outputsOf(report({ command: 'check', checked }));
  const proxies = (result: string) => ({ '1.28': result, 'envoy/1.36.2': result });
  expect(Object.entries(JSON.parse(said))).toEqual([
    ['auth', { result: 'failed', failed: ['settings'], proxies: proxies('failed') }],
    ['add', { result: 'passed', failed: [], proxies: proxies('passed') }],
    ['off', { result: 'skipped', failed: [], proxies: proxies('undecided') }],
  ]);
});

describe('the image', () => {
  const filters = [filter({ source: IMAGE })];

  test.each<[string, Partial<DeployReport>, string]>([
    ['that was pulled', { filters }, IMAGE.pinned],
    ['that was pushed', { filters, plan: deployPlan({ images: [image('pushed')] }) }, IMAGE.pinned],
    ['that was there already', { filters, plan: deployPlan({ images: [image('unchanged')] }) }, IMAGE.pinned],
    ['that would be pushed', { filters, plan: deployPlan({ images: [image('planned')] }) }, ''],
    ['that could not be pushed', { filters, plan: deployPlan({ images: [image('failed')] }) }, ''],
    ['that was not pushed', { filters, plan: deployPlan({ images: [image('skipped')] }) }, ''],
    ['of a file', { filters: [filter({ source: { kind: 'file', given: 'f.wasm' } })] }, ''],
  ])('%s', (_, parts, expected) => {
    expect(outputsOf(report(parts)).image).toBe(expected);
  });
});

describe('plain outputs', () => {
  const given = report({
    targets: [
      deployed('shop/a'),
      unchanged('shop/b'),
      stuck('shop/c'),
      untouched('shop/d'),
      removed('shop/e'),
      rolledBack('shop/f'),
      withdrawn('shop/g'),
      stuck('shop/h', { rollback: rollback('failed') }),
      deployed('shop/i', { verification: verification('stats') }),
      // As little ready as before the run: changed, and not verified.
      deployed('shop/j', { unready: 'app not ready', verification: null }),
    ],
  });

  test.each([
    ['result', 'failed'],
    ['changed', 'true'],
    ['revision', `${NEW},${OLD}`],
    ['digest', filter().digest],
    ['bytes', String(filter().bytes)],
    ['deployed', '2'],
    ['unchanged', '1'],
    ['removed', '1'],
    ['rolled-back', '2'],
    ['failed', '3'],
    ['verified-proxies', '3'],
    ['plan', ''],
  ] as const)('%s', (name, expected) => {
    expect(outputsOf(given)[name]).toBe(expected);
  });

  test('are there, all of them, when nothing could be read', () => {
    const empty = outputsOf(report({ filters: [], problems: [{ kind: 'input', message: 'is wrong.' }] }));
    // The other two are of the page.
    expect([...Object.keys(empty), 'headline', 'summary-file']).toEqual([...OUTPUTS]);
    expect(empty).toEqual({
      result: 'failed',
      changed: 'false',
      revision: '',
      digest: '',
      bytes: '',
      provenance: '',
      image: '',
      deployed: '0',
      unchanged: '0',
      removed: '0',
      waiting: '0',
      'rolled-back': '0',
      failed: '0',
      drifted: '0',
      repaired: '0',
      'moved-tags': '[]',
      'verified-proxies': '0',
      targets: '[]',
      filters: '{}',
      plan: '',
      'plan-digest': '',
      checked: '',
      tests: '',
    });
  });

  test('the build that an attestation proves is a JSON object', () => {
    const verified = outputsOf(report({ filters: [filter({ provenance: PROVENANCE })] }));
    expect(JSON.parse(verified.provenance)).toEqual(PROVENANCE);
    expect(outputsOf(given).provenance).toBe('');
  });

  test('several revisions of the one filter are separated by commas', () => {
    const revisions = [{ filter: 'add-header', revision: 'c3d4e5f607' }];
    const targets = [deployed('shop/a'), deployed('shop/b', { revisions })];
    expect(outputsOf(report({ targets })).revision).toBe(`${NEW},c3d4e5f607`);
  });
});

describe('drift and moved tags', () => {
  test.each<[string, ReportParts, [drifted: string, repaired: string]]>([
    ['none', { targets: [deployed('shop/a')] }, ['0', '0']],
    ['repaired', { targets: [deployed('shop/a', { drift: ['x', 'y'] }), unchanged('shop/b')] }, ['1', '1']],
    [
      'not repaired',
      { targets: [stuck('shop/a', { drift: ['x'] }), deployed('shop/b', { drift: ['y'] })] },
      ['2', '1'],
    ],
    ['of a plan', { command: 'plan', targets: [untouched('shop/a', { drift: ['x'] })], plan: planned() }, ['1', '0']],
    [
      'of a status',
      {
        command: 'status',
        status: {
          state: 'read',
          workloads: [
            found('shop/a', [running({ changed: true, notes: [{ text: 'x' }] })]),
            found('shop/b', [running()]),
          ],
          namespaces: ['shop'],
          garbage: [],
        },
      },
      ['1', '0'],
    ],
  ])('%s', (_, parts, counts) => {
    const { drifted, repaired, result } = outputsOf(report(parts));
    expect([drifted, repaired]).toEqual(counts);
    const told = outputsOf(report({ ...parts, failOnDrift: true }));
    expect(told.result).toBe(counts[0] === '0' ? result : 'failed');
  });

  test('moved tags are a list, with the number of workloads', () => {
    const move = { image: 'ghcr.io/shop/f', tag: 'v1', from: 'sha256:a', to: 'sha256:b', run: 'o/r/1/1' };
    const workloads = [ref('shop/a'), ref('shop/b')];
    const movedTags = ON_NEW_DIGEST.map((onNewDigest) => ({ ...move, onNewDigest, workloads }));
    expect(JSON.parse(outputsOf(report({ movedTags }))['moved-tags'])).toEqual([
      { ...move, workloads: 2 },
      { ...move, workloads: 2, kept: true },
      { ...move, workloads: 2, kept: true },
    ]);
  });
});

describe('filters', () => {
  const parsed = (given: Parameters<typeof outputsOf>[0]): Record<string, unknown> =>
    JSON.parse(outputsOf(given).filters) as Record<string, unknown>;
  const { digest, bytes } = filter();

  test('has one object per filter, by its name; the outputs of one filter are empty then', () => {
    const auth = filter({ name: 'auth', digest: 'sha256:b', bytes: 5, source: IMAGE, provenance: PROVENANCE });
    const revisions = [
      { filter: 'add-header', revision: NEW },
      { filter: 'auth', revision: 'c3d4e5f607' },
    ];
    const given = report({
      filters: [filter(), auth],
      targets: [deployed('shop/a'), deployed('shop/b', { revisions })],
    });
    expect(parsed(given)).toEqual({
      'add-header': { revisions: [NEW], digest, bytes },
      auth: { revisions: ['c3d4e5f607'], digest: 'sha256:b', bytes: 5, image: IMAGE.pinned, provenance: PROVENANCE },
    });
    const { revision, image: pinned, provenance, ...others } = outputsOf(given);
    expect([revision, others.digest, others.bytes, pinned, provenance]).toEqual(['', '', '', '', '']);
  });

  test('has the one filter as its own outputs have it', () => {
    const given = report({ filters: [filter({ source: IMAGE })], targets: [rolledBack('shop/a'), deployed('shop/b')] });
    const outputs = outputsOf(given);
    expect(parsed(given)).toEqual({ 'add-header': { revisions: [OLD, NEW], digest, bytes, image: IMAGE.pinned } });
    expect([outputs.revision, outputs.digest, outputs.bytes, outputs.image]).toEqual([
      `${OLD},${NEW}`,
      digest,
      String(bytes),
      IMAGE.pinned,
    ]);
  });

  test('has what runs after a rollback, also of nothing', () => {
    const revisions = [
      { filter: 'add-header', revision: NEW, before: OLD },
      { filter: 'auth', revision: 'c3d4e5f607' },
    ];
    const back = rolledBack('shop/a', {
      revisions,
      rollback: rollback('rolled-back', { to: { 'add-header': OLD, auth: null } }),
    });
    expect(parsed(report({ filters: [filter(), filter({ name: 'auth' })], targets: [back] }))).toEqual({
      'add-header': { revisions: [OLD], digest, bytes },
      auth: { revisions: [], digest, bytes },
    });
  });

  test('has those of a plan, and of rendered files', () => {
    const rendered = { state: 'written', folder: 'f', files: [], removed: [] } as const;
    const revisions = [
      { filter: 'add-header', revision: NEW },
      { filter: 'auth', revision: 'c3d4e5f607' },
    ];
    const both = [filter(), filter({ name: 'auth' })];
    const expected = { 'add-header': { revisions: [NEW] }, auth: { revisions: ['c3d4e5f607'] } };
    expect(parsed(report({ command: 'render', filters: both, rendered: { ...rendered, revisions } }))).toMatchObject(
      expected,
    );
    const targets = [untouched('shop/a', { revisions })];
    expect(parsed(report({ command: 'plan', filters: both, targets, plan: planned() }))).toMatchObject(expected);
  });

  test('has those that a removal takes away, and those that status finds', () => {
    expect(parsed(report({ command: 'remove', filters: [], targets: [removed('shop/a')] }))).toEqual({
      'add-header': { revisions: [] },
    });
    const workloads = [
      found('shop/a', [running({ filter: 'auth', digest: 'sha256:a' })]),
      found('shop/b', [
        running({ filter: 'auth', revision: OLD, digest: 'sha256:b' }),
        running({ filter: 'limits', digest: 'sha256:a' }),
      ]),
    ];
    const status = { state: 'read', workloads, namespaces: ['shop'], garbage: [] } as const;
    expect(parsed(report({ command: 'status', filters: [], status }))).toEqual({
      auth: { revisions: [NEW, OLD] },
      limits: { revisions: [NEW], digest: 'sha256:a' },
    });
  });

  test('stays short: provenance goes first, then filters of the end', () => {
    const many = (n: number): DeployReport =>
      report({
        filters: Array.from({ length: n }, (_, at) => filter({ name: `filter-${at}`, provenance: PROVENANCE })),
        targets: [],
      }) as DeployReport;
    const some = parsed(many(400));
    expect(Object.keys(some)).toHaveLength(400);
    expect(some['filter-0']).toEqual({ revisions: [], digest, bytes });
    const json = outputsOf(many(5_000)).filters;
    expect(json.length).toBeLessThanOrEqual(60_000);
    const { '*': rest, ...kept } = JSON.parse(json) as Record<string, { omitted?: number }>;
    expect(rest).toEqual({ truncated: true, omitted: 5_000 - Object.keys(kept).length });
    expect(Object.keys(kept).length).toBeGreaterThan(1_000);
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
        verification: { level: 'listener', pods: 3, wanted: 3 },
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

  test('says how the rollback went, and no verification of what was rolled back', () => {
    const [back, well, lost] = parsed(
      report({
        targets: [rolledBack('shop/a'), withdrawn('shop/b'), withdrawn('shop/c', { rollback: rollback('failed') })],
      }),
    );
    expect(back).toMatchObject({ outcome: 'failed', rollback: 'rolled-back' });
    expect(well).toMatchObject({ outcome: 'rolled-back', rollback: 'rolled-back' });
    expect(well).not.toHaveProperty('verification');
    expect(lost).toMatchObject({
      rollback: 'failed',
      error: expect.stringContaining('was rolled back, but its pods do not become ready'),
    });
  });

  test('says null for a filter that is to go', () => {
    expect(parsed(report({ command: 'remove', targets: [removed('shop/a')] }))).toEqual([
      expect.objectContaining({ outcome: 'removed', revision: null, before: NEW }),
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
    expect(size(outputsOf(given).targets)).toBeLessThan(MAX_BYTES);
    const list = parsed(given);
    expect(list).toHaveLength(targets.length);
    expect(Object.keys(list[0] as object).sort()).toEqual(keys);
  });

  test('leaves workloads out at last, failed ones last, and says so', () => {
    const targets = [...many(20_000, (path) => unchanged(path)), ...many(10, wordy)];
    const given = report({ targets });
    expect(size(outputsOf(given).targets)).toBeLessThan(MAX_BYTES);
    const list = parsed(given);
    expect(list.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => expect.objectContaining({ outcome: 'failed' })));
    expect(list.at(-1)).toEqual({ truncated: true, omitted: targets.length - (list.length - 1) });
  });

  test('drops errors before the verification of others, and the verification at last', () => {
    const targets = [...many(3_000, wordy), ...many(10, (path) => deployed(path))];
    expect(parsed(report({ targets })).at(-1)).toHaveProperty('verification');
    const more = many(3_600, (path) => deployed(path));
    expect(parsed(report({ targets: more })).at(-1)).not.toHaveProperty('verification');
    expect(parsed(report({ targets: more }))).toHaveLength(more.length);
  });
});

describe('status', () => {
  const status = (workloads: ReturnType<typeof found>[]): ReturnType<typeof report> =>
    report({ command: 'status', status: { state: 'read', workloads, namespaces: ['shop'], garbage: [] } });

  test('targets holds what runs on each workload', () => {
    const given = outputsOf(
      status([found('shop/a', [running({ health: 'drifted', notes: [{ text: 'was edited' }] })])]),
    );
    expect(given).toMatchObject({
      result: 'reported',
      revision: NEW,
      digest: filter().digest,
      'verified-proxies': '3',
    });
    expect(JSON.parse(given.targets)).toEqual([
      {
        namespace: 'shop',
        kind: 'Deployment',
        name: 'a',
        pods: { ready: 3, wanted: 3 },
        filters: [
          {
            filter: 'add-header',
            health: 'drifted',
            revision: NEW,
            digest: filter().digest,
            previous: OLD,
            run: 'octo/shop/4711/1',
            verification: { level: 'listener', pods: 3, wanted: 3 },
            notes: ['was edited'],
          },
        ],
      },
    ]);
  });

  test('a proxy with two filters counts once', () => {
    expect(outputsOf(status([found('shop/a', [running(), running({ filter: 'auth' })])]))['verified-proxies']).toBe(
      '3',
    );
  });

  test('stays within the limit, and what is in trouble stays to the last', () => {
    const workloads = Array.from({ length: 20_000 }, (_, index) =>
      found(`team/service-${index}`, [
        running({
          health: index === 19_999 ? 'no-effect' : 'verified',
          notes: [{ form: 'clause', text: 'x'.repeat(900) }],
        }),
      ]),
    );
    const { targets } = outputsOf(status(workloads));
    expect(2 * targets.length).toBeLessThan(MAX_BYTES);
    const list = JSON.parse(targets) as { name?: string }[];
    expect(list[0]).toMatchObject({ name: 'service-19999' });
    expect(list.at(-1)).toEqual({ truncated: true, omitted: workloads.length - (list.length - 1) });
  });
});

describe('plan', () => {
  test('has the changes without their differences, and the restarts', () => {
    const plan = planned({
      changes: [change('change Deployment shop/a')],
      restarts: [{ ref: ref('shop/a'), pods: 3, wave: 2 }],
    });
    expect(JSON.parse(outputsOf(report({ command: 'plan', plan })).plan)).toEqual({
      changes: [{ action: 'change', kind: 'Deployment', namespace: 'shop', name: 'a' }],
      restarts: [{ namespace: 'shop', kind: 'Deployment', name: 'a', pods: 3, wave: 2 }],
    });
  });

  test('stays within the limit together with the targets', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `team-${index % 9}/service-${index}`);
    const given = outputsOf(
      report({
        command: 'plan',
        targets: names.map((name) => unchanged(name)),
        plan: planned({
          changes: names.map((name) => change(`change Deployment ${name}`)),
          restarts: names.map((name) => ({ ref: ref(name), pods: 3, wave: 1 })),
        }),
      }),
    );
    expect(2 * Object.values(given).join('').length).toBeLessThan(MAX_BYTES);
    const { changes, restarts } = JSON.parse(given.plan) as { changes: unknown[]; restarts: unknown[] };
    for (const list of [changes, restarts]) {
      expect(list.length).toBeGreaterThan(1_000);
      expect(list.at(-1)).toEqual({ truncated: true, omitted: names.length - (list.length - 1) });
    }
  });
});
