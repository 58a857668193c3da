import { expect, test } from '@jest/globals';
import { type ProcessEnd, processEndWords } from '../../../../src/filter/trial/process-end.ts';

const FATAL = 'FATAL ERROR: invalid array length Allocation failed - JavaScript heap out of memory\n';

test.each<[string, Partial<ProcessEnd>, string | undefined, string]>([
  ['a signal', { signal: 'SIGSEGV' }, 'configure', 'its process was ended by SIGSEGV in configure'],
  ['an exit code', { code: 3 }, 'link', 'its process ended with exit code 3 in link'],
  [
    'a heap that is full',
    { signal: 'SIGABRT', errors: `<--- Last few GCs --->\n${FATAL}` },
    'start',
    'its process could get no more memory and was ended by SIGABRT in start',
  ],
  [
    'an error before it began',
    { code: 1, errors: "node:internal/x:1\n\nError: Cannot find module 'trial.js'\n    at x" },
    undefined,
    "its process ended with exit code 1 before the filter was started: Error: Cannot find module 'trial.js'",
  ],
])('%s is told', (_case, end, step, cause) => {
  expect(processEndWords({ code: null, signal: null, errors: '', ...end }, step)).toBe(cause);
});
