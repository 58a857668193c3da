import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { parseCapabilities, parseEnvironment } from '../../../../src/action/inputs/vm.ts';
import { messagesIn, must } from '../../builders.ts';

describe('an environment', () => {
  test.each<[string, object | undefined]>([
    ['', undefined],
    [' \n', undefined],
    ['{}', undefined],
    ['MODE: strict', { MODE: 'strict' }],
    ['{"MODE": "strict", "POD_NAME": {"from": "proxy"}}', { MODE: 'strict', POD_NAME: { from: 'proxy' } }],
    ['POD_NAME: { from: proxy }\nEMPTY: ""', { POD_NAME: { from: 'proxy' }, EMPTY: '' }],
    ['RETRIES: 5\nDEBUG: true', { RETRIES: '5', DEBUG: 'true' }],
    ['TEXT: |\n  a\n  b=c\n', { TEXT: 'a\nb=c\n' }],
    ['my-app.level: x', { 'my-app.level': 'x' }],
  ])('%j', (text, environment) => {
    expect(must(parseEnvironment(text))).toEqual(environment);
  });

  test.each<[string, RegExp]>([
    ['MODE', /is not a mapping of variables\./],
    ['- MODE', /is not a mapping of variables\./],
    ['MODE=strict', /is not a mapping of variables\./],
    ['# nothing', /is empty/],
    ['A: [', /is not valid YAML/],
    ['A: 1\nA: { from: proxy }', /duplicated mapping key in line 2/],
    ['A:', /has no value for "A"\. Write a text, "" for an empty one, or \{from: proxy\}/],
    ['A: [x]', /has no value for "A"/],
    ['A: { from: pod }', /has no value for "A"/],
    ['A: { from: proxy, name: B }', /has no value for "A"/],
    ['A: "\\0"', /has no value for "A"/],
    ['"A B": x', /has the variable "A B"\. A name has no blanks and no "="\./],
    ['"A=B": x', /has the variable "A=B"/],
    ['"": x', /has the variable ""/],
  ])('%j is refused', (text, message) => {
    expect(messagesIn(parseEnvironment(text))).toEqual([expect.stringMatching(message)]);
  });

  test('is read to the byte, whatever the text', () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/);
    const value = fc.oneof(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      fc.constant({ from: 'proxy' as const }),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1, noNullPrototype: true }), (environment) => {
        expect(must(parseEnvironment(dump(environment)))).toEqual(environment);
      }),
    );
  });
});

describe('capabilities', () => {
  test.each<[string, readonly string[] | undefined]>([
    ['', undefined],
    ['proxy_log', ['proxy_log']],
    ['proxy_log, fd_write\n proxy_log', ['fd_write', 'proxy_log']],
    ['[proxy_on_log, proxy_log]', ['proxy_log', 'proxy_on_log']],
    ['- proxy_on_log\n- fd_write # for prints\n', ['fd_write', 'proxy_on_log']],
  ])('%j', (text, names) => {
    expect(must(parseCapabilities(text))).toEqual(names);
  });

  test.each<[string, RegExp]>([
    ['[]', /is an empty list, which Envoy treats as no restriction at all\./],
    ['", "', /is an empty list/],
    ['{proxy_log: {}}', /is not a list of names\./],
    ['5', /is not a list of names\./],
    ['[proxy_log, 5]', /has the name 5\./],
    ['[proxy-log]', /has the name "proxy-log"\./],
    ['env.proxy_log', /has the name "env\.proxy_log"\. Write "proxy_log", without the module/],
    ['wasi_snapshot_preview1.fd_write', /Write "fd_write", without the module/],
    ['[proxy_log', /is not valid YAML/],
  ])('%j is refused', (text, message) => {
    expect(messagesIn(parseCapabilities(text))).toEqual([expect.stringMatching(message)]);
  });
});
