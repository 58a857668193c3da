import { expect, test } from '@jest/globals';
import { nameSettings, type SettingPlaces, settingAt } from '../../../src/filter/written.ts';

const at = (line: number) => ({ file: 'mesh/filters.yaml', line, column: 5 });
const PLACES: SettingPlaces = {
  'root-id': { subject: 'mesh/filters.yaml:12:5: filters[0].root-id', at: at(12) },
  configuration: { subject: 'targets entry 2' },
  'vm-id': { subject: 'mesh/filters.yaml:10:5: filters[0].vm-id', at: at(10), isUnset: true },
};
const WRITTEN = { filter: 'auth', places: PLACES };

test.each([
  [['root-id'], { filter: 'auth' }, 'the input "root-id"'],
  [['root-id', 'vm-id'], { filter: 'auth' }, 'the inputs "root-id" and "vm-id"'],
  [['root-id'], WRITTEN, '"root-id" (mesh/filters.yaml:12) of filter "auth"'],
  [
    ['root-id', 'vm-id'],
    WRITTEN,
    '"root-id" (mesh/filters.yaml:12) and "vm-id" (not set; mesh/filters.yaml:10) of filter "auth"',
  ],
  [['configuration', 'insert'], WRITTEN, '"configuration" (targets entry 2) of filter "auth" and the input "insert"'],
  [['configuration', 'root-id'], undefined, '"configuration" and "root-id"'],
])('settings %j are called by where they are written', (names, written, expected) => {
  expect(nameSettings(names, written)).toBe(expected);
});

test('a problem about a setting has its place', () => {
  expect(settingAt('root-id', WRITTEN)).toEqual({ subject: 'mesh/filters.yaml:12:5: filters[0].root-id', at: at(12) });
  expect(settingAt('port', WRITTEN)).toEqual({ subject: 'input "port"' });
});
