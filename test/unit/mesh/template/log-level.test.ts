import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROXY_LOG_LEVELS, type ProxyLogLevel } from '../../../../src/filter/settings.ts';
import type { LogLevelBefore } from '../../../../src/mesh/identity/state.ts';
import { changeLogLevel, wantedLogLevel } from '../../../../src/mesh/template/log-level.ts';

describe('the level that filters want together', () => {
  const run = { revision: '0123456789', run: 'r' };
  test.each<[string, readonly (ProxyLogLevel | undefined)[], ProxyLogLevel | undefined]>([
    ['of no filter', [], undefined],
    ['of filters that want none', [undefined, undefined], undefined],
    ['of one that wants one', [undefined, 'info'], 'info'],
    ['of two: what shows more', ['error', 'debug'], 'debug'],
  ])('%s', (_, levels, wanted) => {
    const state = levels.map((logLevel, index) => [`f${index}`, { ...run, ...(logLevel && { logLevel }) }] as const);
    expect(wantedLogLevel(Object.fromEntries(state))).toBe(wanted);
  });
});

describe('the annotation', () => {
  test.each<[string, string | undefined, ProxyLogLevel, string]>([
    ['that is not there says what Istio says, too', undefined, 'info', 'misc:error,wasm:info'],
    ['keeps the levels of others', 'rbac:debug, http:info', 'info', 'rbac:debug, http:info,wasm:info'],
    ['that is empty', '', 'info', 'wasm:info'],
    ['with less of ours', 'wasm:error,http:info', 'info', 'wasm:info,http:info'],
    ['with more of ours, which stays', 'wasm:trace', 'info', 'wasm:trace'],
    ['with the short word of a level', 'wasm:warn', 'error', 'wasm:warn'],
    ['with a level that Envoy does not know', 'wasm:loud', 'error', 'wasm:error'],
    [
      'with two entries of ours, of which Envoy takes the last',
      'wasm:error,wasm:debug',
      'info',
      'wasm:debug,wasm:debug',
    ],
  ])('%s', (_, now, wanted, text) => {
    expect(changeLogLevel(now, undefined, wanted)).toEqual({ text, before: now === undefined ? {} : { text: now } });
  });

  test('goes up and down with what the filters want, from what it was before the first', () => {
    const first = changeLogLevel('http:info', undefined, 'debug');
    const second = changeLogLevel(first.text, first.before, 'warning');
    expect(second).toEqual({ text: 'http:info,wasm:warning', before: { text: 'http:info' } });
  });

  test.each<[string, string | undefined, LogLevelBefore, string | undefined]>([
    ['which others have added to', 'misc:error,wasm:info,http:debug', {}, 'misc:error,http:debug'],
    ['of which others have taken our level', 'http:debug', { text: 'http:debug,rbac:info' }, 'http:debug'],
    ['whose level of ours was another before', 'wasm:info,rbac:info', { text: 'wasm:error' }, 'wasm:error,rbac:info'],
    ['that others have taken away', undefined, { text: 'http:debug' }, undefined],
    ['in which nothing but ours is left', 'wasm:info', {}, undefined],
  ])('%s keeps that when the last filter goes', (_, now, before, text) => {
    expect(changeLogLevel(now, before, undefined)).toEqual({ text, before: undefined });
  });

  test('that nothing of this action is in stays as it is', () => {
    expect(changeLogLevel('wasm:info', undefined, undefined)).toEqual({ text: 'wasm:info', before: undefined });
  });

  test('is to the letter what it was, once the last filter goes', () => {
    const level = fc.constantFrom(...PROXY_LOG_LEVELS);
    const entry = fc.tuple(
      fc.constantFrom('wasm', ' wasm', 'http', 'rbac', ''),
      fc.constantFrom('warn', 'x', ...PROXY_LOG_LEVELS),
    );
    const text = fc.option(
      fc.array(entry.map((parts) => parts.join(':'))).map((all) => all.join(',')),
      { nil: undefined },
    );
    fc.assert(
      fc.property(text, fc.array(level, { minLength: 1, maxLength: 4 }), (before, wanted) => {
        let now = { text: before, before: undefined as LogLevelBefore | undefined };
        for (const one of wanted) {
          now = { ...changeLogLevel(now.text, now.before, one) };
          expect(changeLogLevel(now.text, now.before, one)).toEqual(now);
        }
        expect(changeLogLevel(now.text, now.before, undefined).text).toBe(before);
      }),
    );
  });
});
