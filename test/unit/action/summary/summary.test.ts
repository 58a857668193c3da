import { describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import { DEFAULT_SOAK_LIMITS } from '../../../../src/deploy/policy.ts';
import type { Report, TargetReport } from '../../../../src/deploy/report/report.ts';
import {
  change,
  deployed,
  filter,
  found,
  interrupted,
  NEW,
  OLD,
  permission,
  planned,
  policy,
  pushed,
  refusing,
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
  waiting,
  withdrawn,
} from '../report-builder.ts';
import { visibleText } from './page.ts';

const seen = (...args: Parameters<typeof renderSummary>): string => visibleText(renderSummary(...args));

test.each<[string, string, string | undefined, boolean]>([
  ['a run', 'octo/shop/4711/2', 'https://github.com', true],
  ['no run', 'octo/shop/4711/2) [x](https://evil.example', 'https://github.com', false],
  ['a run of a server that is not known', 'octo/shop/4711/2', undefined, false],
])('status leads to %s', (_, run, server, leads) => {
  const status = {
    state: 'read',
    workloads: [found('shop/a', [running({ run })])],
    namespaces: [],
    garbage: [],
  } as const;
  const page = renderSummary(report({ command: 'status', status }), { links: server === undefined ? {} : { server } });
  expect(page.includes('[octo/shop/4711/2](https://github.com/octo/shop/actions/runs/4711/attempts/2)')).toBe(leads);
  expect(page).not.toContain('(https://evil');
});

test('a permission without which something was left undone comes with the Role', () => {
  const lacking = [permission('list statefulsets.apps in namespace "shop"')];
  const page = renderSummary(report({ targets: [deployed('shop/a')], missingForCleanup: lacking }));
  expect(page).toContain('Role with all permissions that this run needs');
  expect(page).toContain('statefulsets');
});

test('other filters of this action are named where this one came beside them', () => {
  const given = (problems: Report['problems']): Report =>
    report({ targets: [(problems.length === 0 ? deployed : untouched)('shop/a', { alsoRuns: ['auth'] })], problems });
  expect(seen(given([]))).toContain('Other filters on these workloads');
  expect(seen(given([{ kind: 'permission', message: 'May not patch.' }]))).not.toContain('Other filters');
});

describe('what failed', () => {
  test('tells an equal problem once, with all its workloads', () => {
    const page = seen(report({ targets: ['a', 'b', 'c'].map((name) => stuck(`shop/${name}`)) }));
    expect(page).toContain('Deployment shop/a , Deployment shop/b , Deployment shop/c : not ready after 5 min');
    expect(page.match(/Failed to configure base Wasm plugin/g)).toHaveLength(1);
    expect(page.match(/What to do:/g)).toHaveLength(1);
  });

  test('puts what is fixed in the same way under one remedy', () => {
    const page = seen(
      report({
        problems: ['create', 'patch'].map((verb) => ({
          kind: 'permission' as const,
          message: `May not ${verb} configmaps.`,
          remedy: 'Grant the right.',
        })),
      }),
    );
    expect(page).toMatch(/May not create configmaps\..*May not patch configmaps\..*What to do: Grant the right\./);
    expect(page.match(/What to do:/g)).toHaveLength(1);
  });

  test('folds a long list of names, and keeps every one of them', () => {
    const page = renderSummary(
      report({
        problems: Array.from({ length: 30 }, (_, index) => ({
          kind: 'workload' as const,
          subject: `Deployment shop/w${index}`,
          message: 'is paused, so no pod would get the filter.',
        })),
      }),
    );
    expect(page).toContain('<code>Deployment shop/w7</code> and 22 more: is paused');
    expect(page).toContain('<summary>All 30 of them</summary>');
    expect(page).toContain('Deployment shop/w29');
  });

  test.each([
    ['short', 4, '<details open>\n<summary>Diagnosis'],
    ['long', 40, '<details>\n<summary>Diagnosis'],
  ])('%s diagnosis', (_, lines, expected) => {
    const diagnosis = Array.from({ length: lines }, (__, index) => `pod reviews-${index}: istio-proxy not ready`);
    expect(renderSummary(report({ targets: [stuck('shop/reviews', { diagnosis })] }))).toContain(expected);
  });
});

describe('what runs now', () => {
  const page = (...targets: ReturnType<typeof stuck>[]): string => seen(report({ targets }));

  test('is said only after a run that did not go well', () => {
    expect(page(deployed('shop/a'))).not.toContain('Current state');
    expect(page(stuck('shop/a'))).toContain('Current state');
  });

  test.each([
    ['Deployment', 'shop/a', 'the old pods keep serving'],
    ['StatefulSet', 'StatefulSet shop/a', 'one is down, the others keep serving'],
  ])('old pods of a %s', (_, path, expected) => {
    expect(page(stuck(path))).toContain(expected);
  });

  test('going back means the previous filter, where there was one', () => {
    expect(page(stuck('shop/a'))).toContain('re-run with the previous filter file');
  });

  test('going back means removing the filter, where there was none', () => {
    const text = page(stuck('shop/a', { revisions: [{ filter: 'add-header', revision: NEW }] }));
    expect(text).toContain('command: remove');
    expect(text).not.toContain('previous filter file');
  });

  test('says nothing of going back where this run did not touch the template', () => {
    const steps = {
      configMap: 'unchanged',
      filterResource: 'unchanged',
      template: 'unchanged',
      rollout: 'failed',
    } as const;
    const text = page(stuck('shop/a', { steps, revisions: [{ filter: 'add-header', revision: NEW, before: NEW }] }));
    expect(text).not.toContain('To go back');
    expect(text).not.toContain('command: remove');
  });

  test('a workload whose patch was refused runs what it ran', () => {
    const text = page(
      stuck('shop/a', {
        steps: { configMap: 'done', filterResource: 'done', template: 'failed', rollout: 'skipped' },
        problem: { kind: 'conflict', message: 'was changed by others.' },
      }),
    );
    expect(text).toContain('1 workload ( shop/a ) was not touched and runs what ran there before.');
  });

  test('a workload that was patched and not seen ready is not called ready', () => {
    const text = seen(
      report({ targets: [unawaited('shop/a')], problems: [{ kind: 'permission', message: 'May not watch.' }] }),
    );
    expect(text).toContain('pods were not watched');
    expect(text).not.toContain('every pod is ready');
  });
});

describe('what runs now, by what happened to each workload', () => {
  const lines = (parts: Partial<Report>): string[] => {
    const [, body = ''] = renderSummary(report(parts)).split('### Current state\n\n');
    const [list = ''] = body.split('\n\n');
    return list.split('\n').map((line) => visibleText(line).trim());
  };
  const unverified = { kind: 'verification', message: 'could not be verified.' } as const;

  test.each<[string, TargetReport, RegExp]>([
    ['verified', deployed('shop/x'), /^✅ .* runs the new revision; every proxy has it in its listeners\.$/],
    [
      'not refused',
      deployed('shop/x', { verification: verification('stats') }),
      /^✅ .* every pod is ready, and no proxy has rejected a listener\.$/,
    ],
    [
      'ready only',
      deployed('shop/x', { verification: verification('ready') }),
      /^✅ .* the new revision; every pod is ready\.$/,
    ],
    ['unchanged', unchanged('shop/x'), /^✅ .* the new revision; every pod is ready\.$/],
    ['rolled back', rolledBack('shop/x'), /^↩️ .* failed and was rolled back to what ran there before/],
    [
      'rolled back to something older',
      rolledBack('shop/x', { rollback: rollback('rolled-back', { to: { 'add-header': '1111111111' } }) }),
      /^↩️ .* was rolled back to the last verified revision/,
    ],
    [
      'rolled back to nothing, as nothing was ever verified',
      rolledBack('shop/x', { rollback: rollback('rolled-back', { to: { 'add-header': null } }) }),
      /^↩️ .* was rolled back to no filter at all/,
    ],
    [
      'well and rolled back',
      withdrawn('shop/x'),
      /^↩️ .* was rolled back to what ran there before, because others failed/,
    ],
    ['the rollback failed', stuck('shop/x', { rollback: rollback('failed') }), /^🚨 .* needs attention now/],
    [
      'well, and the rollback failed',
      withdrawn('shop/x', { rollback: rollback('failed') }),
      /^🚨 .* needs attention now/,
    ],
    ['untouched', untouched('shop/x'), /^⚪ .* was not touched and runs what ran there before\.$/],
    [
      'without effect',
      stuck('shop/x', { problem: unverified }),
      /^❌ .* ready pods, but the filter does not run there/,
    ],
    [
      'not ready, with a template that the run did not write',
      stuck('shop/x', {
        steps: { configMap: 'unchanged', filterResource: 'unchanged', template: 'unchanged', rollout: 'failed' },
      }),
      /^❌ .* had the filter before this run, and its pods do not become ready\. This run did not change it, so there was nothing to roll back\.$/,
    ],
    ['refusing settings', refusing('shop/x'), /^❌ .* was given the new settings, and proxies reject them/],
    ['removed', removed('shop/x'), /^✅ .* no longer has the filter/],
    [
      'written to without an answer',
      stuck('shop/x', {
        steps: { configMap: 'done', filterResource: 'done', template: 'failed', rollout: 'skipped' },
        problem: { kind: 'connection', message: 'no answer.' },
      }),
      /^❓ .* may or may not have the new pod template/,
    ],
    [
      'pushed, while others refused and all was kept',
      untouched('shop/x', {
        revisions: [{ filter: 'add-header', revision: NEW, before: OLD, pushed: true }],
        steps: { configMap: 'unchanged', filterResource: 'done', template: 'skipped', rollout: 'skipped' },
        verification: verification(),
      }),
      /^✅ .* every proxy has it in its listeners\.$/,
    ],
  ])('%s', (_, target, expected) => {
    const told = lines({ targets: [stuck('shop/y'), target] });
    expect(told.find((line) => line.includes('shop/x'))).toMatch(expected);
  });

  test('a rollback that was cut off by a cancelled run', () => {
    const cancelled = { kind: 'cancelled', message: 'The run was cancelled.' } as const;
    const skipped = [stuck('shop/x', { rollback: rollback('skipped') })];
    expect(lines({ targets: skipped, problems: [cancelled] })[0]).toMatch(
      /^🛑 .* was to be rolled back .* the pod template still has what this run wrote/,
    );
    const back = [stuck('shop/x', { rollback: rollback('rolled-back', { unconfirmed: true }) })];
    expect(lines({ targets: back, problems: [cancelled] })[0]).toMatch(
      /^↩️ .* was rolled back, and then the run was cancelled: the pod template is back/,
    );
  });

  test('the most urgent comes first', () => {
    const targets = [
      untouched('shop/a'),
      deployed('shop/b'),
      rolledBack('shop/c'),
      stuck('shop/d'),
      stuck('shop/e', { rollback: rollback('failed') }),
    ];
    expect(lines({ targets }).map((line) => /shop\/(\w)/.exec(line)?.[1] ?? '')).toEqual(['e', 'd', 'c', 'b', 'a', '']);
  });

  test('says that what failed was kept because that was asked for', () => {
    const text = lines({ targets: [stuck('shop/a')], policy: policy({ onFailure: 'keep' }) })[0];
    expect(text).toContain('because of "on-failure: keep"');
  });

  test('after a removal speaks of the filter', () => {
    const wasThere = { revisions: [{ filter: 'add-header', before: NEW }] };
    expect(
      lines({
        command: 'remove',
        targets: [rolledBack('shop/a', wasThere), removed('shop/b'), untouched('shop/c', wasThere)],
      }),
    ).toEqual([
      expect.stringMatching(/^↩️ .* did not become ready without the filter and runs it again/),
      expect.stringMatching(/^✅ .* is without the filter; every pod is ready/),
      expect.stringMatching(/^⚪ .* was not touched/),
      expect.stringContaining('stay as long as a pod template uses it'),
    ]);
  });

  test.each<[string, 'before' | 'new', RegExp, string, string]>([
    [
      'is back and not ready',
      'before',
      /^🚨 .* was rolled back, but is not ready/,
      'rolled back, but not ready',
      'failed',
    ],
    ['is not back', 'new', /^🚨 .* failed, and so did the rollback/, 'rollback failed', 'not ready'],
  ])('after a removal, a workload that %s', (_, template, expected, counted, other) => {
    const targets = [stuck('shop/a', { rollback: rollback('failed', { template }) }), removed('shop/b')];
    expect(lines({ command: 'remove', targets })[0]).toMatch(expected);
    const tally = seen(report({ command: 'remove', targets })).match(/🚨 1 [^·]*/g);
    expect(tally?.join('')).toContain(counted);
    expect(tally?.join('')).not.toContain(other);
  });
});

describe('the rollout of a workload', () => {
  const cell = (target: TargetReport): string => {
    const page = renderSummary(report({ targets: [target] }));
    const row = page.split('\n').find((line) => /^\| \w+ shop\//.test(line));
    return visibleText(row?.split(' | ')[1]?.replace(' |', '') ?? '')
      .replaceAll('\u{a0}', ' ')
      .trim();
  };

  test.each<[string, TargetReport, string]>([
    ['verified', deployed('shop/a'), '✅ 3/3 verified, 21 s'],
    [
      'verified and probed',
      deployed('shop/a', { verification: verification('listener', { probed: true }) }),
      '✅ 3/3 verified, probed, 21 s',
    ],
    ['weaker', deployed('shop/a', { verification: verification('stats') }), '✅ 3/3 ready, 21 s'],
    ['pushed', pushed('shop/a'), '✅ 3/3 verified, settings pushed, no restart'],
    ['rolled back', rolledBack('shop/a'), `❌ 0/3 new pods ready, 5 min ↩️ rolled back to ${OLD} , 12 s`],
    [
      'rolled back to no revision of the filter',
      rolledBack('shop/a', { rollback: rollback('rolled-back', { to: { 'add-header': null } }) }),
      '❌ 0/3 new pods ready, 5 min ↩️ rolled back, without add-header, 12 s',
    ],
    ['well and rolled back', withdrawn('shop/a'), `✅ 3/3 ready, 21 s ↩️ rolled back to ${OLD} , 12 s`],
    [
      'not ready before the run',
      untouched('shop/a', { outcome: 'failed', unready: 'app not ready' }),
      '❌ not ready before the run, not changed',
    ],
    [
      'the rollback failed',
      stuck('shop/a', { rollback: rollback('failed') }),
      '❌ 0/3 new pods ready, 5 min 🚨 rolled back, but not ready',
    ],
  ])('%s', (_, target, expected) => {
    expect(cell(target)).toBe(expected);
  });
});

test('the wave has a column where there are several', () => {
  const header = (...waves: (number | undefined)[]): string =>
    renderSummary(
      report({ targets: waves.map((wave, index) => deployed(`shop/w${index}`, wave === undefined ? {} : { wave })) }),
    );
  expect(header(1, 2)).toContain('| Workload | Rollout | Wave |');
  expect(header(undefined, undefined)).not.toContain('Wave');
});

describe('what others had changed', () => {
  const drift = ['EnvoyFilter shop/x was edited by kubectl'];

  test('is told once for all that share it', () => {
    const page = seen(report({ targets: ['a', 'b'].map((name) => deployed(`shop/${name}`, { drift })) }));
    expect(page).toContain('Drift corrected');
    expect(page).toContain('EnvoyFilter shop/x was edited by kubectl ( shop/a , shop/b )');
  });

  test('is not called repaired where it was not', () => {
    const page = seen(report({ targets: [rolledBack('shop/a', { drift })] }));
    expect(page).not.toContain('Drift corrected');
    expect(page).toContain('this run failed and did not repair it');
  });
});

describe('objects that nothing uses', () => {
  test('fold when they are gone, and stay open with the reason when they are not', () => {
    const page = renderSummary(
      report({
        targets: [deployed('shop/a')],
        collected: {
          deleted: ['ConfigMap shop/old'],
          left: ['EnvoyFilter shop/older', 'ConfigMap shop/older'].map((object) => ({
            object,
            why: 'a pod is ending',
          })),
        },
      }),
    );
    expect(page).toContain('<summary>🧹 1 unused object deleted</summary>');
    expect(page).toContain('<code>EnvoyFilter shop/older</code>, <code>ConfigMap shop/older</code>: a pod is ending');
  });
});

test('objects that a run which did not wait never tried to delete are left, not undeletable', () => {
  const left = ['EnvoyFilter', 'ConfigMap'].map((kind) => ({
    object: `${kind} shop/older`,
    why: 'the run did not wait',
    untried: true as const,
  }));
  const page = renderSummary(report({ targets: [deployed('shop/a')], collected: { deleted: [], left } }));
  expect(page).toContain(
    'This run did not try to delete these objects. They do no harm; the next run for the same filter with "wait: true" deletes them.',
  );
  expect(page).not.toContain('could not be deleted');
});

test.each<[NonNullable<TargetReport['rollback']>['differs'], RegExp]>([
  [undefined, /The pod template is as it was before\./],
  ['earlier-revision', /What this run wrote to the pod template is taken back\. /],
  ['changed-by-others', /is taken back; what others changed in it meanwhile is still there\./],
  [
    'other-filters-put-back',
    /what this run put back in it of other filters stays, and so does all that others changed/,
  ],
])('a pod template that is rolled back and %s is told as what it is', (differs, words) => {
  const back = rollback('failed', differs === undefined ? {} : { differs });
  const page = seen(report({ targets: [stuck('shop/x', { rollback: back })] }));
  expect(page).toMatch(words);
  expect(page.includes('as it was before.')).toBe(differs === undefined);
});

test('a workload that was verified and had no traffic while it was watched is not called unverified', () => {
  const soakLimits = { ...DEFAULT_SOAK_LIMITS, requires: 'traffic' } as const;
  const counted = { pods: { watched: 3, all: 3 }, comparedWith: 'nothing', new: { requests: 0, failed: 0 } } as const;
  const soak = { verdict: 'no-traffic', ...counted, crashes: 0, restarts: 0, unseen: [] } as const;
  const problem = { kind: 'verification', message: 'no traffic seen, and "soak-requires" is traffic.' } as const;
  const page = (limits: typeof DEFAULT_SOAK_LIMITS): string =>
    seen(
      report({
        policy: policy({ soakMs: 60_000, soakLimits: limits }),
        targets: [rolledBack('shop/x', { outcome: 'failed', problem, soak })],
      }),
    );
  expect(page(soakLimits)).toMatch(/ready, no traffic while watched/);
  expect(page(soakLimits)).not.toMatch(/not verified/);
  expect(page(DEFAULT_SOAK_LIMITS)).toMatch(/ready, filter not verified/);
});

describe('plan', () => {
  const page = (parts: Parameters<typeof planned>[0]): string =>
    renderSummary(report({ command: 'plan', plan: planned(parts) }));

  test('tells an equal difference once, with every object', () => {
    const text = page({ changes: ['a', 'b', 'c', 'd', 'e'].map((name) => change(`change Deployment shop/${name}`)) });
    expect(text.match(/```diff/g)).toHaveLength(1);
    expect(text).toContain('and 2 more');
    expect(text).toContain('Deployment shop/e');
  });

  test('keeps what differs, or has another reason, apart', () => {
    const text = page({
      changes: [
        change('change Deployment shop/a'),
        change('change Deployment shop/b', { diff: ['+x'] }),
        change('change Deployment shop/c', { reasons: ['was edited'] }),
      ],
    });
    expect(text.match(/```diff/g)).toHaveLength(3);
  });

  test('never shows a part of a line', () => {
    const text = page({
      changes: [change('create ConfigMap shop/x', { diff: ['+short', `+${'secret '.repeat(1_000)}`] })],
    });
    expect(text).toContain('+short');
    expect(text).toContain('+ … a line of 6.8 KiB, not shown');
    expect(text).not.toContain('secret');
  });

  test('tells a missing permission before anything else, and each reason for not asking once', () => {
    const admission = { state: 'not-asked', why: 'no permission to' } as const;
    const text = page({
      missingPermissions: [permission('create configmaps in namespace "shop"')],
      changes: ['a', 'b'].map((name) => change(`create ConfigMap shop/${name}`, { admission })),
    });
    expect(text.indexOf('cannot create configmaps')).toBeLessThan(text.indexOf('What would be written'));
    expect(text.match(/no permission to/g)).toHaveLength(1);
    expect(text).toContain('2 of 2 writes not checked: no permission to');
  });

  test('shows the warnings of admission', () => {
    const admission = { state: 'accepted', warnings: ['is unusual'] } as const;
    expect(page({ changes: [change('create ConfigMap shop/a', { admission })] })).toContain('⚠️ is unusual');
  });
});

describe('status', () => {
  const page = (...workloads: ReturnType<typeof found>[]): string =>
    renderSummary(
      report({
        command: 'status',
        status: { state: 'read', workloads, namespaces: ['shop'], garbage: ['ConfigMap shop/x'] },
      }),
    );

  test('what needs a look comes first', () => {
    const states = ['scaled-to-zero', 'verified', 'drifted', 'not-ready', 'no-effect'] as const;
    const text = page(...states.map((phase) => found(`shop/${phase}`, [running({ health: phase })])));
    const rows = text.split('\n').filter((line) => /^\| \w+ shop\//.test(line));
    expect(rows.map((row) => /<wbr>([\w-]+)/.exec(row)?.[1])).toEqual([
      'no-effect',
      'not-ready',
      'drifted',
      'verified',
      'scaled-to-zero',
    ]);
  });

  test('what all rows share stands above the table', () => {
    const same = page(found('shop/a'), found('shop/b'));
    expect(same).toContain(
      'Filter: add-header · Revision: <code>4f2a91c07b</code> · Digest: <code>9f86d081884c</code> · Run: octo/shop/4711/1',
    );
    expect(same).toContain('\n| Workload | Health |\n');
  });

  test('what differs leaves workload and health in sight on a phone: it shares their cells, or folds', () => {
    const mixed = page(
      found('shop/a'),
      found('shop/b', [running({ run: 'local', digest: 'sha256:77', filter: 'auth' })]),
    );
    expect(mixed).toContain('\n| Workload | Health | Filter |\n');
    expect(mixed).toContain('<summary>Digest and run of each workload</summary>');
    expect(mixed).toContain('\n| Workload | Filter | Digest | Run |\n');
    const expiring = page(found('shop/a'), found('shop/b', [running({ expires: '2026-12-01T08:30:00.000Z' })]));
    expect(expiring).toContain('\n| Workload | Health |\n');
    expect(expiring).toContain('3/3&nbsp;verified<br>expires 2026-12-01');
  });

  test('where nothing runs, nothing is said of where it came from', () => {
    const lacking = (filter: string) => ({ filter, health: 'missing', notes: [] }) as const;
    expect(page(found('shop/a', [lacking('auth'), lacking('waf')]))).not.toContain('of each workload</summary>');
  });

  test('a workload is named once for what is so of several of its filters', () => {
    const rolling = { notes: [{ form: 'clause', text: 'rolling out: 1 of 2 new pods ready' }] } as const;
    const filters = [running(rolling), running({ ...rolling, filter: 'auth', health: 'drifted' })];
    expect(page(found('shop/a', filters))).toContain(
      '\n- <code>Deployment shop/a</code>: rolling out: 1 of 2 new pods ready.\n',
    );
  });

  test('a note is told once for all workloads that have it', () => {
    const noted = [running({ health: 'drifted', notes: [{ form: 'clause', text: 'EnvoyFilter shop/x was deleted' }] })];
    const text = seen(
      report({
        command: 'status',
        status: {
          state: 'read',
          workloads: [found('shop/a', noted), found('shop/b', noted)],
          namespaces: ['shop'],
          garbage: [],
        },
      }),
    );
    expect(text).toContain('Deployment shop/a , Deployment shop/b : EnvoyFilter shop/x was deleted');
  });
});

describe('workloads', () => {
  test('failed ones come first, then those that were not touched', () => {
    const page = seen(
      report({ targets: [unchanged('shop/d'), deployed('shop/c'), untouched('shop/b'), stuck('shop/a')] }),
    );
    const table = page.slice(page.indexOf('Workload Rollout'));
    expect([...table.matchAll(/Deployment shop\/([a-d])/g)].map(([, name]) => name).join('')).toBe('abcd');
  });

  test('a revision that all share stands above the table', () => {
    const page = renderSummary(report({ targets: [deployed('shop/a'), deployed('shop/b')] }));
    expect(page).toContain('Revision: <code>0b6e4d1f93</code>&nbsp;→ <code>4f2a91c07b</code>');
    expect(page).not.toContain('| Revision |');
  });

  test('revisions that differ stand in the rows, as the run leaves them', () => {
    const rows = renderSummary(
      report({
        targets: [
          deployed('shop/a'),
          unchanged('shop/b'),
          untouched('shop/c'),
          untouched('shop/d', { revisions: [{ filter: 'add-header', revision: NEW }] }),
        ],
      }),
    )
      .split('\n')
      .filter((line) => /^\| \w+ shop\//.test(line));
    const revision = (name: string): string | undefined =>
      rows
        .find((row) => row.includes(`<wbr>${name} |`))
        ?.split(' | ')
        .at(-1)
        ?.replace(' |', '');
    expect(revision('a')).toBe('<code>0b6e4d1f93</code>&nbsp;→ <code>4f2a91c07b</code>');
    expect(revision('b')).toBe('<code>4f2a91c07b</code>');
    expect(revision('c')).toBe('<code>0b6e4d1f93</code>, as&nbsp;before');
    expect(revision('d')).toBe('none, as&nbsp;before');
  });

  test('fold when there are many and all is well', () => {
    const page = renderSummary(report({ targets: Array.from({ length: 26 }, (_, i) => deployed(`shop/w${i}`)) }));
    expect(page).toContain('<summary>The 26 workloads of this run: ✅ 26 deployed</summary>');
  });

  test('that failed stay open among many', () => {
    const page = renderSummary(
      report({ targets: [stuck('shop/bad'), ...Array.from({ length: 26 }, (_, i) => deployed(`shop/w${i}`))] }),
    );
    expect(page.indexOf('<wbr>bad')).toBeLessThan(page.indexOf('<summary>26 more workloads: ✅ 26 deployed</summary>'));
    expect(page.indexOf('<wbr>w0')).toBeGreaterThan(page.indexOf('<summary>26 more workloads'));
  });
});

describe('settings', () => {
  const page = (configuration: string, settings: object = {}): string =>
    renderSummary(report({ filters: [filter({ settings: { ...filter().settings, configuration, ...settings } })] }));

  test('have the names of the inputs, of those that were set', () => {
    const text = page('x', { vmId: 'shared', direction: 'outbound', port: 80, failPolicy: 'open' });
    for (const name of ['root-id', 'vm-id', 'direction', 'port', 'fail-policy', 'mount-path', 'configuration']) {
      expect(text).toContain(`${name}: `);
    }
  });

  test('do not repeat what nobody has set', () => {
    const text = page('', { mountPath: '/var/local/lib/wasm-filters/add-header' });
    for (const name of [
      'vm-id',
      'direction',
      'port',
      'fail-policy',
      'order',
      'insert',
      'mount-path',
      'configuration',
    ]) {
      expect(text).not.toContain(`${name}: `);
    }
    for (const name of ['wait', 'verify', 'on-failure', 'max-failures', 'soak'])
      expect(text).not.toContain(`${name}: `);
  });

  test('say of an input that was refused that it has no value', () => {
    const text = renderSummary(report({ refusedInputs: ['verify'] }));
    expect(text).toContain('verify: not valid');
  });

  test('say of a setting of a manifest that was refused that it has no value, and of the same of another filter which', () => {
    const settings = { ...filter().settings, port: 1, order: -1 };
    const refused = filter({ settings, refusedSettings: ['port', 'order'] });
    const text = renderSummary(
      report({ filters: [refused, filter({ name: 'other', settings: { ...settings, port: 9080 } })] }),
    );
    expect(text.match(/^ +(?:port|order): .*$/gm)?.map((line) => line.trim())).toEqual([
      'port: not valid',
      'order: not valid',
      'port: 9080',
      'order: -1',
    ]);
  });

  test('never fold a line, in which the runner could then not mask a secret', () => {
    const secret = `key ${'s'.repeat(300)} with spaces ${'t'.repeat(300)}`;
    expect(page(secret)).toContain(secret);
  });

  test('show whole lines of a long configuration and how much is left out', () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
    const text = page(lines.join('\n'));
    expect(text).toContain('line 100\n');
    expect(text).toMatch(/… 4\.\d KiB of 8\.7 KiB not shown/);
    expect(text).not.toContain('line 999');
  });

  test('show no part of a line that is too long', () => {
    const text = page('s'.repeat(5_000));
    expect(text).toContain('… 4.9 KiB of 4.9 KiB not shown');
    expect(text).not.toContain('sss');
  });
});

test('warnings are listed, each once', () => {
  const page = seen(
    report({
      targets: [deployed('shop/a')],
      warnings: ['one', 'two', 'one'].map((text) => ({ topic: 'Topic', text })),
    }),
  );
  expect(page).toContain('⚠️ one ⚠️ two');
  expect(page.match(/⚠️/g)).toHaveLength(2);
});

test.each<[string, readonly TargetReport[], string]>([
  ['that went well', [deployed('shop/a')], 'nothing runs there, and nothing was verified'],
  ['that failed', [rolledBack('shop/a')], 'fix the cause and re-run before they are scaled up'],
  ['that was cancelled', [interrupted('shop/a')], 'nothing runs there, and nothing was verified'],
  ['that waits', [waiting('shop/a')], 'nothing runs there, and nothing was verified'],
])('a workload without pods counts as verified in no run: one %s', (_, others, said) => {
  const idle = deployed('shop/idle', {
    pods: { ready: 0, wanted: 0 },
    verification: verification('ready', { pods: 0, wanted: 0 }),
  });
  const page = seen(report({ targets: [...others, idle] }));
  expect(page).toContain('1 workload has no pods: nothing runs there, and nothing was verified.');
  expect(page).toContain(said);
  expect(page).toContain('⚪ no pods, not verified');
  expect(page).not.toContain('No action is needed');
  expect(page).not.toContain('idle ) runs');
  expect(page).not.toContain('the other run');
});
