import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { annotationsOf } from '../../../src/action/annotations.ts';
import { outputsOf } from '../../../src/action/outputs.ts';
import { logSections } from '../../../src/action/page-log.ts';
import { renderSummary } from '../../../src/action/summary.ts';
import { judge } from '../../../src/action/verdict.ts';
import type { Report, TargetReport } from '../../../src/deploy/report.ts';
import { visibleText } from './page.ts';
import {
  deployed,
  interrupted,
  removed,
  report,
  rollback,
  stuck,
  superseded,
  takenBack,
  unawaited,
  unchanged,
  untouched,
  withdrawn,
} from './report-builder.ts';

const ENDINGS: readonly ((path: string) => TargetReport)[] = [
  deployed,
  interrupted,
  removed,
  stuck,
  superseded,
  takenBack,
  unawaited,
  unchanged,
  untouched,
  withdrawn,
  (path) => stuck(path, { rollback: rollback('failed') }),
];

/** Any mix of what may become of workloads, with any number of requests. */
const anyReport: fc.Arbitrary<Report> = fc
  .record({
    command: fc.constantFrom('deploy' as const, 'remove' as const),
    endings: fc.array(fc.nat(ENDINGS.length - 1), { minLength: 1, maxLength: 9 }),
    reads: fc.nat(3),
    writes: fc.nat(3),
    durationMs: fc.nat(200),
    garbage: fc.nat(2),
  })
  .map(({ command, endings, reads, writes, durationMs, garbage }) =>
    report({
      command,
      targets: endings.map((ending, at) => (ENDINGS[ending] as (path: string) => TargetReport)(`shop/w${at}`)),
      requests: { reads, writes },
      durationMs,
      collected: { deleted: Array.from({ length: garbage }, (_, at) => `ConfigMap shop/x${at}`), left: [] },
    }),
  );

const numbersOf = (text: string, pattern: RegExp): number[] => [...text.matchAll(pattern)].map(([, n]) => Number(n));

test('the numbers of headline, table, outputs and annotations agree, whatever became of the workloads', () => {
  fc.assert(
    fc.property(anyReport, (given) => {
      const { headline } = judge(given);
      const outputs = outputsOf(given);
      const page = renderSummary(given);
      const total = given.targets.length;
      const failed = given.targets.filter(({ outcome }) => outcome === 'failed').length;

      // Each workload counts once, above the table and in it.
      const [counts = ''] = /^\*\*(.+?)\*\*<br>/m.exec(page)?.slice(1) ?? [];
      expect(numbersOf(counts, /(\d+) /g).reduce((sum, n) => sum + n, 0)).toBe(total);
      expect((page.match(/^\| shop \|/gm) ?? []).length).toBe(total);
      expect(JSON.parse(outputs.targets)).toHaveLength(total);

      // What failed is one number everywhere.
      expect(outputs.failed).toBe(String(failed));
      for (const [said] of headline.matchAll(/\d+ (?:of \d+ )?workloads? failed/g)) {
        expect(said).toMatch(total === 1 ? /^1 workload / : new RegExp(`^${failed} of ${total} workloads? `));
      }
      const outcomes = ['deployed', 'unchanged', 'removed', 'failed'] as const;
      for (const outcome of outcomes) {
        expect(outputs[outcome]).toBe(String(given.targets.filter((target) => target.outcome === outcome).length));
      }
      // The annotations end with the very same headline.
      const errors = annotationsOf(given).filter(({ level }) => level === 'error');
      for (const { title, message } of errors) expect(`${title}\n${message}`).toContain(headline);
      expect(errors.length > 0).toBe(given.outcome === 'failed');
    }),
    { numRuns: 300 },
  );
});

test('no text has a number that nobody would say', () => {
  fc.assert(
    fc.property(anyReport, (given) => {
      const { headline, sentence } = judge(given);
      const texts = [
        headline,
        sentence,
        visibleText(renderSummary(given)),
        ...annotationsOf(given).flatMap(({ title, message }) => [title, message]),
        ...logSections(given).flatMap(({ title, lines }) => [title, ...lines]),
      ];
      for (const text of texts) {
        expect(text).not.toMatch(/\b1 of 1\b|\b0\.0 s\b/);
        expect(text).not.toMatch(/\b1 (?:workloads|objects|pods|reads|writes|proxies|problems|warnings|namespaces)\b/);
        expect(text).not.toMatch(
          /\b(?:[02-9]|\d\d+) (?:workload|object|pod|read|write|proxy|problem|warning|namespace)\b/,
        );
        for (const [, part, whole] of text.matchAll(/\b(\d+) of (\d+)\b/g)) {
          expect(Number(part)).toBeLessThanOrEqual(Number(whole));
        }
      }
    }),
    { numRuns: 300 },
  );
});
