import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { planWorkload } from '../../../../src/deploy/plan/workload.ts';
import { checkTogether, type FilterBesideOthers } from '../../../../src/deploy/preflight/filters-together.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import type { SettingPlaces } from '../../../../src/filter/written.ts';
import { filterModule, filterRequest, pulledRevision, revision, settings } from '../../builders.ts';
import { PLANNING, wantedOf } from '../planned.ts';

const at = (line: number): SettingPlaces => {
  const place = { subject: `m.yaml:${line}:7`, at: { file: 'm.yaml', line, column: 7 } };
  return { filter: place, 'vm-id': place, 'mount-path': place };
};
const filter = (
  name: string,
  line: number,
  over: Partial<FilterSettings> = {},
  targets = '- deployment/reviews',
  more: Partial<FilterBesideOthers> = {},
): FilterBesideOthers => ({
  ...filterRequest(targets),
  name,
  places: at(line),
  settings: settings({ vmId: name, mountPath: `/filters/${name}`, ...over }),
  ...more,
});
const problems = (...filters: readonly FilterBesideOthers[]): string[] =>
  checkTogether(filters).problems.map(describeProblem);
const VM = { vmId: 'shared', rootId: 'headers' };
const PATH = { mountPath: '/filters/shared' };

test('filters that share nothing are good', () => {
  expect(checkTogether([filter('auth', 3), filter('limits', 7)])).toEqual({
    problems: [],
    warnings: [],
    refused: new Set(),
  });
});

test('filters of one workload with one VM id, root id and module are refused, with both places', () => {
  const found = checkTogether([filter('auth', 3, VM), filter('limits', 7, VM)]);
  expect(found.problems.map(describeProblem)).toEqual([
    expect.stringMatching(
      /^Deployment shop\/reviews would run limits \(m\.yaml:7\) and auth \(m\.yaml:3\) as one: both have the vm-id "shared"/,
    ),
  ]);
  expect(found.problems[0]?.at).toMatchObject({ line: 7 });
  expect(found.refused).toEqual(new Set(['auth', 'limits']));
});

describe('a mount path that a second filter takes', () => {
  test.each([
    ['/filters/shared', 'at the same path "/filters/shared"'],
    ['/filters/shared/inner', 'at "/filters/shared" and "/filters/shared/inner", one inside of the other'],
    ['/filters', 'at "/filters/shared" and "/filters", one inside of the other'],
  ])('%s', (mountPath, how) => {
    const told = `Deployment shop/reviews would get auth (m.yaml:3) and limits (m.yaml:7) mounted ${how}. Give one of them another folder: "mount-path" (m.yaml:7) of filter "limits", or leave "mount-path" out for one that is named after the filter.`;
    expect(problems(filter('auth', 3, PATH), filter('limits', 7, { mountPath }))).toEqual([told]);
    const revisions = [
      { ...revision('auth', PATH), places: at(3) },
      { ...revision('limits', { mountPath }), places: at(7) },
    ];
    const planned = planWorkload(wantedOf('shop/deploy/reviews', { revisions }), PLANNING);
    expect(planned.ok ? [] : planned.problems.map(describeProblem)).toEqual([told]);
  });

  test('matters to no filter that proxies pull', () => {
    const pulled = { ...PATH, ...pulledRevision().settings };
    expect(problems(filter('auth', 3, PATH), filter('limits', 7, { ...pulled, ...PATH }))).toEqual([]);
  });
});

test.each<[string, string, string, { problems: number; warnings: number }]>([
  ['other workloads', '- deployment/reviews', '- deployment/ratings', { problems: 0, warnings: 0 }],
  ['one of several', '[deployment/reviews, deployment/ratings]', '- deployment/ratings', { problems: 1, warnings: 0 }],
  ['a selection in its namespace', '- deployment/reviews', '- selector: tier=api', { problems: 0, warnings: 1 }],
  ['a selection elsewhere', '- deployment/a', '- {namespace: other, selector: x=y}', { problems: 0, warnings: 0 }],
])('is looked at by the targets: %s', (_, first, second, expected) => {
  const found = checkTogether([filter('auth', 3, VM, first), filter('limits', 7, VM, second)]);
  expect({ problems: found.problems.length, warnings: found.warnings.length }).toEqual(expected);
  for (const text of warningTexts(found.warnings)) {
    expect(text).toMatch(
      /^The filters auth \(m\.yaml:3\) and limits \(m\.yaml:7\) have the same "vm-id", "root-id" and module:/,
    );
  }
});

test('what is not known says nothing', () => {
  const unknown = { unknown: new Set(['module', 'mount-path'] as const) };
  const both = { ...VM, ...PATH };
  expect(problems(filter('a', 3, both), filter('b', 7, both, '- deployment/reviews', unknown))).toEqual([]);
  expect(problems(filter('a', 3, VM), filter('b', 7, VM, '- deployment/reviews', { module: filterModule(7) }))).toEqual(
    [],
  );
});
