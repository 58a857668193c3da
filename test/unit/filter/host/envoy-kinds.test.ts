import { describe, expect, test } from '@jest/globals';
import type { ProxyVersion } from '../../../../src/filter/compatibility/proxy-version.ts';
import { trialGroups } from '../../../../src/filter/host/envoy-kinds.ts';
import type { TrialOutcome } from '../../../../src/filter/trial/verdict.ts';
import { NO, tryText, withImports, YES } from '../trial/in-thread.ts';
import { callback, type FilterText } from '../trial/modules.ts';

const POLL = '(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))';
const GROWN = '(import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))';
const polled = '(call $poll (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16))';
const poll = `(drop ${polled})`;
const grown = '(call $grown (i32.const 0))';
const atStart = (imported: string, code: string): FilterText => ({
  head: withImports(imported),
  body: callback('_initialize', '', '', code),
});

const proxy = (minor: number, major = 1): ProxyVersion => ({ istio: `1.${minor - 8}.0`, envoy: { major, minor } });

describe('the Envoys for which a filter is tried', () => {
  test.each<[string, readonly ProxyVersion[], readonly (number | undefined)[]]>([
    ['none are known', [], [undefined]],
    ['one', [proxy(40)], [40]],
    ['several of one kind: the oldest', [proxy(36), proxy(30), proxy(33)], [30]],
    ['one of each kind, oldest first', [proxy(40), proxy(37), proxy(39), proxy(36), proxy(38)], [36, 37, 39]],
    ['newer and older ones than the tables know', [proxy(41), proxy(40), proxy(16), proxy(0, 2)], [40, undefined]],
  ])('%s', (_case, proxies, envoys) => {
    const groups = trialGroups(proxies);
    expect(groups.map(({ envoy }) => envoy)).toEqual(envoys);
    expect(groups.flatMap((group) => group.proxies)).toHaveLength(proxies.length);
  });
});

describe('what Envoys differ in', () => {
  const passed = { state: 'passed' };
  const refused = (reason: string) => ({ state: 'refused', reason: expect.stringContaining(reason) });
  const unsure = { state: 'inconclusive' };

  test.each<[string, FilterText, Record<string, object>]>([
    [
      'polling at the start',
      atStart(POLL, poll),
      {
        38: refused('it calls poll_oneoff, which Envoy before 1.39 forbids while a module starts'),
        39: passed,
        unknown: passed,
      },
    ],
    [
      'telling of grown memory at the start',
      atStart(GROWN, grown),
      {
        36: refused('it calls emscripten_notify_memory_growth, which Envoy before 1.37 forbids while a module starts'),
        37: passed,
        unknown: passed,
      },
    ],
    [
      '__main_void',
      { body: callback('_initialize', '', '') + callback('__main_void', '', NO, 'unreachable') },
      { 38: passed, 39: refused('__main_void ended in "unreachable"'), unknown: unsure },
    ],
    [
      'polling before the module is linked',
      { head: withImports(POLL), body: `(func $go ${poll}) (start $go)` },
      { 38: passed, 39: { state: 'crashed', step: 'start' }, unknown: passed },
    ],
    [
      'polling that fails',
      { head: withImports(POLL), body: callback('proxy_on_configure', 'i32 i32', `(i32.ne ${polled} (i32.const 52))`) },
      { 38: refused('proxy_on_configure returned false'), 39: passed, unknown: unsure },
    ],
    [
      'polling that finds events',
      {
        head: withImports(POLL),
        body: callback(
          'proxy_on_configure',
          'i32 i32',
          YES,
          `(i32.store (i32.const 16) (i32.const 1)) ${poll} (if (i32.load (i32.const 16)) (then (return (${NO}))))`,
        ),
      },
      { 38: refused('proxy_on_configure returned false'), 39: passed, unknown: unsure },
    ],
  ])('%s', async (_case, text, expected) => {
    const found: Record<string, TrialOutcome> = {};
    for (const envoy of Object.keys(expected)) {
      const { outcome } = await tryText(text, envoy === 'unknown' ? {} : { envoy: Number(envoy) });
      found[envoy] = outcome;
    }
    expect(found).toMatchObject(expected);
  });
});
