import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import { reportedProblems } from '../../../../src/action/verdict/problem-groups.ts';
import { commandsWithoutContext } from '../../../harness/commands-in-context.ts';
import { misread } from '../../../harness/reading.ts';
import { HOSTILE, SCENARIOS } from '../scenarios.ts';

const FOLDER = new URL('../../../golden/', import.meta.url);
/** `UPDATE_GOLDEN=1 npm test -- golden` writes the files anew; look at the difference before you keep it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

describe('job summary, against test/golden', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (name, build) => {
    const file = new URL(`${name}.md`, FOLDER);
    const report = build();
    expect(misread(reportedProblems(report).filter(({ message }) => message !== HOSTILE))).toEqual([]);
    const page = renderSummary(report);
    const contexts = report.clusters.map(({ kubectlContext }) => kubectlContext);
    if (contexts.length > 0 && !contexts.includes(undefined)) expect(commandsWithoutContext(page)).toEqual([]);
    if (UPDATE) await writeFile(file, page);
    expect(page).toBe(await readFile(file, 'utf8'));
  });

  test('has no file without a scenario', async () => {
    const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.md'));
    expect(files.sort()).toEqual(
      Object.keys(SCENARIOS)
        .map((name) => `${name}.md`)
        .sort(),
    );
  });
});
