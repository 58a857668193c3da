import { expect, test } from '@jest/globals';
import { linksOf } from '../../../../src/action/runner/links.ts';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import type { Problem } from '../../../../src/base/problem.ts';
import { report } from '../report-builder.ts';

const ACTION = { GITHUB_ACTION_REPOSITORY: 'octo/deploy-wasm-filter', GITHUB_ACTION_REF: 'v0.1.0' };
const links = linksOf({ GITHUB_SERVER_URL: 'https://github.com', ...ACTION });
const DOCUMENTS = 'https://github.com/octo/deploy-wasm-filter/blob/v0.1.0';
const TROUBLESHOOTING = `[troubleshooting](${DOCUMENTS}/docs/troubleshooting.md)`;

test('the pages of the action are those of its version', () => {
  expect(links).toEqual({
    server: 'https://github.com',
    documentation: `${DOCUMENTS}/README.md`,
    troubleshooting: `${DOCUMENTS}/docs/troubleshooting.md`,
  });
});

test('only the page of a run that failed leads to Troubleshooting', () => {
  const problem: Problem = { kind: 'input', message: 'The input is wrong.', remedy: 'Mend it.' };
  const pageOf = (problems: readonly Problem[]): string =>
    renderSummary(report({ command: 'plan', problems }), { links });
  expect(pageOf([problem])).toContain(TROUBLESHOOTING);
  expect(pageOf([])).not.toContain(TROUBLESHOOTING);
});
