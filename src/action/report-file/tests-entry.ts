import { defined } from '../../base/defined.ts';
import type { ValueOf } from '../../base/schema.ts';
import type { TestedFilter, TestOutcome } from '../../deploy/test-report.ts';
import type { TESTED } from './schema-tests.ts';

type Entry = ValueOf<typeof TESTED>;

/** Returns what the tests of a filter have come to. */
export function testedEntry({ filter, runs }: TestedFilter): Entry {
  return { filter, runs: runs.map(({ proxies, tests }) => ({ proxies, tests: tests.map(testEntry) })) };
}

function testEntry(outcome: TestOutcome): Entry['runs'][number]['tests'][number] {
  const { name, state, log, trace, place } = outcome;
  return { name, state, ...defined({ file: place.at?.file, line: place.at?.line }), log, trace, ...saidOf(outcome) };
}

function saidOf(outcome: TestOutcome): Pick<Entry['runs'][number]['tests'][number], 'why' | 'differences'> {
  switch (outcome.state) {
    case 'passed':
      return {};
    case 'stopped':
      return { why: [outcome.why] };
    case 'inconclusive':
      return { why: outcome.why };
    case 'failed':
      return {
        differences: outcome.differences.map(({ where, expected, got }) => ({ where, expected, ...defined({ got }) })),
      };
  }
}
