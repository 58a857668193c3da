import { parseTests } from '../../../src/action/tests-file/parse.ts';
import { testProblems } from '../../../src/deploy/preflight/filter-tests.ts';
import type { TestResult } from '../../../src/filter/tests/filter-test.ts';
import { type Entry, ofFailure, ofProblem, type Section } from './entry.ts';

const FILE = 'tests.yaml';
const AT = { file: FILE, line: 3, column: 3 };

/** A test of the filter does not pass, or cannot be read. */
export function filterTests(): Section {
  return {
    title: 'Job summary: tests of the filter',
    intro:
      'Before anything is written, the [tests](filter-tests.md) of the filter run on the runner, once for each kind of Envoy.',
    entries: [
      failed('expected 429, got 200', {
        state: 'failed',
        differences: [{ where: 'response.status', expected: '429', got: '200' }],
      }),
      failed('for the filter stops', {
        state: 'stopped',
        why: 'request-headers: proxy_on_request_headers ended in "unreachable"',
      }),
      failed('is inconclusive', { state: 'inconclusive', why: ['the property node.metadata.OWNER'] }),
      unreadable('could never fail', '- name: adds the header\n'),
      unreadable(
        'which cannot be matched in linear time',
        "- name: adds the header\n  expect: { response: { body: '/(a)\\1/' } }\n",
      ),
    ],
  };
}

type Said<T> = T extends TestResult ? Omit<T, 'name' | 'log' | 'trace'> : never;

function failed(says: string, said: Said<TestResult>): Entry {
  const outcome = { name: 'closes after the third', log: [], trace: [], place: { subject: FILE, at: AT }, ...said };
  const [problem] = testProblems('add-header', [{ proxies: [], tests: [outcome] }], ['add-header']);
  return ofProblem(says, problem);
}

function unreadable(says: string, text: string): Entry {
  return ofFailure(says, parseTests(text, { kind: 'file', file: FILE }));
}
