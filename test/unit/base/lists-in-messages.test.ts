import { describe, expect, test } from '@jest/globals';
import { annotationsOf } from '../../../src/action/publish/annotations.ts';
import { logSections } from '../../../src/action/publish/log-sections.ts';
import { renderSummary } from '../../../src/action/summary/summary.ts';
import { judge } from '../../../src/action/verdict/verdict.ts';
import { listWords, nameSome, someOf } from '../../../src/base/text.ts';
import { type Warning, warningTexts } from '../../../src/base/warning.ts';
import type { ObjectMeta } from '../../../src/cluster/objects.ts';
import { shortList } from '../../../src/deploy/plan/adopted-envoy-filters.ts';
import { templateWarnings } from '../../../src/deploy/plan/template-warnings.ts';
import { perWorkload } from '../../../src/deploy/plan/workload-warnings.ts';
import { stuckPodsWords } from '../../../src/deploy/rollout/rollback-problem.ts';
import { deployed, report, stuck } from '../action/report-builder.ts';
import { workload } from '../builders.ts';
import { plannedFor } from '../deploy/planned.ts';

const MANY = 5_000;
const names = Array.from({ length: MANY }, (_, at) => `name-${at}`);
/** How many of the names a text has. */
const namedIn = (text: string): number => new Set(text.match(/name-\d+/g)).size;
/** The warnings of workloads of all these names that somebody else writes, too. */
function warningsOf(metadata: Partial<ObjectMeta>): Warning[] {
  const planned = names.map((name) => {
    const observed = workload(name);
    return plannedFor(`shop/deploy/${name}`, {
      observed: { ...observed, metadata: { ...observed.metadata, ...metadata } },
    });
  });
  return templateWarnings(planned);
}
const textOf = (warnings: readonly Warning[]): string => warningTexts(warnings).join('\n');

describe('5,000 names in a message', () => {
  test.each<[string, string]>([
    ['listWords', listWords(names, 'and')],
    ['someOf', someOf(names)],
    ['someOf, with semicolons', someOf(names, 20, '; ')],
    ['nameSome', nameSome(names)],
    [
      'of workloads that a controller keeps',
      textOf(warningsOf({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'x' } })),
    ],
    [
      'of workloads that belong to another object',
      textOf(warningsOf({ ownerReferences: [{ kind: 'Shop', name: 'x', controller: true }] })),
    ],
    [
      'of an adoption',
      textOf(perWorkload(names.map((subject) => ({ kind: 'note', topic: 'Note', text: 'is so', subject })))),
    ],
    ['of EnvoyFilters', shortList(names)],
    ['of pods that are stuck', stuckPodsWords({ kind: 'StatefulSet', namespace: 'shop', name: 'db' }, names)],
  ])('%s: 20 at most, and the number of the others', (_, text) => {
    expect(namedIn(text)).toBeGreaterThan(0);
    expect(namedIn(text)).toBeLessThanOrEqual(20);
    const left = MANY - namedIn(text);
    expect(text).toContain(`${left.toLocaleString('en-US')} more`);
    expect(text.length).toBeLessThan(2_000);
  });

  test.each<[string, string]>([
    ['listWords', listWords(['x'.repeat(1e6), 'b'])],
    ['nameSome', nameSome(['x'.repeat(1e6), 'b'])],
  ])('a name of a megabyte is cut: %s', (_, text) => {
    expect(text.length).toBeLessThan(500);
    expect(text).toMatch(/^x+…(,| or) b$/);
  });
});

describe('a run with 5,000 workloads', () => {
  const problem = { kind: 'rollout', message: 'not ready after 30 s.' } as const;
  const given = report({
    targets: names.map((name, at) => (at % 2 === 0 ? stuck(`shop/${name}`, { problem }) : deployed(`shop/${name}`))),
    warnings: warningsOf({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'x' } }),
  });

  test('names 20 at most in an annotation and in the verdict', () => {
    const { headline, sentence } = judge(given);
    const messages = annotationsOf(given).map(({ title, message }) => `${title} ${message}`);
    expect(messages.length).toBeGreaterThan(0);
    for (const text of [headline, sentence, ...messages]) expect(namedIn(text)).toBeLessThanOrEqual(20);
  });

  test('names 20 at most in a line of the log and of the page, outside of tables and folded lists', () => {
    const lines = logSections(given).flatMap((section) => section.lines);
    const page = renderSummary(given).split('\n');
    expect(page.filter((line) => line.includes('name-')).length).toBeGreaterThan(1_000);
    expect([...lines, ...page].filter((line) => namedIn(line) > 20)).toEqual([]);
  });
});

test('a line of the log is cut, however long a message is', () => {
  const message = `${'x'.repeat(1e6)}.`;
  const lines = logSections(report({ problems: [{ kind: 'cluster', message }] })).flatMap((section) => section.lines);
  expect(lines.map((line) => line.length)).toEqual([4_000]);
});
