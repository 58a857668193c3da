import { expect, test } from '@jest/globals';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { clearResultFiles } from '../../../../src/action/request/result-files.ts';
import { FileError } from '../../../../src/base/files.ts';

const read = (path: string) => readInputs((name) => ({ command: 'status', 'report-file': path })[name] ?? '');
const system = (code: string): Error => Object.assign(new Error(code), { code });

test('what an earlier run has left is removed', async () => {
  const removed: string[] = [];
  const removeFile = async (path: string): Promise<boolean> => removed.push(path) > 0;
  const given = read('out/report.json');
  expect(await clearResultFiles(given, { removeFile })).toBe(given);
  expect(removed).toEqual(['out/report.json']);
});

test('nothing is touched where no report is asked for', async () => {
  const removeFile = (): Promise<boolean> => Promise.reject(new Error('touched'));
  const given = read('');
  expect(await clearResultFiles(given, { removeFile })).toBe(given);
});

test.each([
  [new FileError('it is outside the workspace', 'Name a path inside the workspace.'), 'it is outside the workspace'],
  [system('EISDIR'), 'it is a folder'],
  [system('EACCES'), 'permission denied'],
])('a place for no file is an input problem before anything is done: %s', async (error, why) => {
  const { inputs, problems, faulty } = await clearResultFiles(read('out'), { removeFile: () => Promise.reject(error) });
  expect(problems.map(({ subject, message }) => `${subject} ${message}`)).toEqual([
    `input "report-file" is "out", which cannot be written: ${why}.`,
  ]);
  expect(problems[0]?.remedy).toMatch(/in(side)? the workspace\.$/);
  expect(inputs.reportFile).toBe('');
  expect([...faulty]).toEqual(['report-file']);
});
