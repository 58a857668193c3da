import { expect, test } from '@jest/globals';
import { evidenceSentence, gatherVerifications } from '../../../../src/action/verdict/evidence.ts';
import type { Verification } from '../../../../src/deploy/report/evidence-level.ts';

const verification = (...notes: readonly string[]): Verification => ({
  level: 'listener',
  pods: 1,
  wanted: 1,
  ...(notes.length === 0 ? {} : { notes }),
});

test('what passes by a filter is said with the evidence, each thing once and with its workloads', () => {
  const [past, only] = ['requests to port 81 pass by', 'inbound only: nothing is sent'];
  const seen = evidenceSentence(
    gatherVerifications([verification(), verification(past), verification(past, only)]),
    'the filter',
  );
  expect(seen).toBe(
    'All pods are ready, and every proxy has the filter in its listeners. ' +
      `Note: ${past} (2 workloads); ${only} (1 workload).`,
  );
});

test('where nothing passes by it, nothing is said, and of many kinds only some are told', () => {
  expect(evidenceSentence(gatherVerifications([verification()]), 'it')).not.toContain('Note:');
  const many = Array.from({ length: 7 }, (_, index) => verification(`note ${index}`));
  expect(evidenceSentence(gatherVerifications(many), 'it')).toMatch(/note 4 \(1 workload\); 2 more\.$/);
});
