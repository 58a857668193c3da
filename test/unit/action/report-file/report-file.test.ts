import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { reportFile } from '../../../../src/action/report-file/report-file.ts';
import { REPORT_FILE } from '../../../../src/action/report-file/schema.ts';
import { schemaDocument } from '../../../../src/base/schema.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { reportFaults } from '../../../harness/report-schema.ts';
import { SCENARIOS } from '../scenarios.ts';
import { COMPLETE_REPORTS } from './complete-reports.ts';
import { definedProperties, describedNodes, walkUsed } from './schema-walk.ts';

const FILE = new URL('../../../../schema/report.schema.json', import.meta.url);
/** `UPDATE_GOLDEN=1 npm test -- report-file` writes the schema anew; look at the difference before you keep it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1';

const DOCUMENT = schemaDocument('Report of deploy-wasm-filter', REPORT_FILE);
const REPORTS: Readonly<Record<string, () => Report>> = { ...SCENARIOS, ...COMPLETE_REPORTS };

/** A report file as its reader gets it. */
const fileOf = (report: Report): unknown => JSON.parse(JSON.stringify(reportFile(report, '✅ done')));

describe('schema/report.schema.json', () => {
  test('is what the code says', async () => {
    const text = `${JSON.stringify(DOCUMENT, null, 2)}\n`;
    if (UPDATE) await writeFile(FILE, text);
    expect(await readFile(FILE, 'utf8')).toBe(text);
  });

  test('says of everything what it is', () => {
    const silent = describedNodes(DOCUMENT).filter(([, node]) => !('description' in node) && !('$ref' in node));
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  test('has no property that no report has', () => {
    const used = new Set<string>();
    for (const build of Object.values(REPORTS)) walkUsed(DOCUMENT, DOCUMENT, fileOf(build()), '', used);
    expect([...definedProperties(DOCUMENT)].filter((path) => !used.has(path))).toEqual([]);
  });
});

test.each(Object.entries(REPORTS))('the report "%s" is valid', (_, build) => {
  expect(reportFaults(fileOf(build()))).toEqual([]);
});

test('a report with a property that the format does not know is not valid', () => {
  const report = fileOf(SCENARIOS['all-deployed']?.() as Report) as object;
  expect(reportFaults({ ...report, more: 1 })).not.toEqual([]);
});

test('nothing is left out or shortened', () => {
  const message = 'x'.repeat(100_000);
  const report = COMPLETE_REPORTS.deployed?.() as Extract<Report, { command: 'deploy' }>;
  const [target] = report.targets;
  if (target === undefined) throw new Error('no target');
  const targets = Array.from({ length: 3_000 }, (_, index) => ({
    ...target,
    ref: { ...target.ref, name: `w${index}` },
    diagnosis: [message],
  }));
  const file = reportFile({ ...report, targets }, '');
  if (file.command !== 'deploy') throw new Error(file.command);
  expect(file.targets.map(({ name }) => name)).toEqual(targets.map(({ ref }) => ref.name));
  expect(file.targets.every(({ diagnosis }) => diagnosis[0] === message)).toBe(true);
});

test('values of environment variables, headers of a probe and causes are not in it', () => {
  const file = JSON.stringify(reportFile(COMPLETE_REPORTS.deployed?.() as Report, ''));
  expect(file).not.toContain('NOT-TO-BE-TOLD');
});
