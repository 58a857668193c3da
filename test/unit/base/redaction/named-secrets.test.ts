import { expect, test } from '@jest/globals';
import { withoutNamedInLine, withoutNamedSecrets } from '../../../../src/base/redaction/named-secrets.ts';

test.each([
  ['{"pin":4711,"a":1}', '{"pin":"***","a":1}'],
  ['{"auth":{"password":"x"},"tokens":["a","b"]}', '{"auth":{"password":"***"},"tokens":["***","***"]}'],
  ['{\n  "a": 1,\n  "pin": 4711\n}', '{\n  "a": 1,\n  "pin": "***"\n}'],
  ['{ "a" : 1 }', '{ "a" : 1 }'],
  ['mode: fast\npin: 4711', 'mode: fast\npin: ***'],
  ['users:\n  - name: a\n    "password" : x y', 'users:\n  - name: a\n    password: ***'],
  ['API_TOKEN=abc\nMODE=gentle', 'API_TOKEN=***\nMODE=gentle'],
  ['password:\n  - next', 'password:\n  - ***'],
  ['bypass: yes', 'bypass: yes'],
  ['a line of words', 'a line of words'],
  ['', ''],
])('%j becomes %j', (text, expected) => {
  expect(withoutNamedSecrets(text)).toBe(expected);
});

test.each([
  ['+    value: {"pin":4711,"a":1}', '+    value: {"pin":***,"a":1}'],
  ['+    value: "{\\"pin\\":\\"47 11\\",\\"a\\":1}"', '+    value: "{\\"pin\\":\\"***\\",\\"a\\":1}"'],
  ['+  DB_PASS: x1', '+  DB_PASS: ***'],
  ['+        "password": {', '+        "password": {'],
])('of a line of a difference: %j becomes %j', (line, expected) => {
  expect(withoutNamedInLine(line)).toBe(expected);
});
