import { expect, test } from '@jest/globals';
import { parseQuantity } from '../../../../src/cluster/quantity.ts';
import { parseEnvoyMemory } from '../../../../src/mesh/proxy/proxy-memory.ts';
import { newLines, plainLog, readFilterLog } from '../../../../src/mesh/proxy/trap-log.ts';

const AT = '2026-11-30T21:19:57.319604Z\terror\tenvoy wasm source/extensions/common/wasm/wasm_vm.cc:38\t';

/** What Envoy 1.40 logged for modules with and without names of functions. */
const LOG = [
  '2026-11-30T21:15:23.350407Z\tinfo\tEnvoy proxy is ready',
  `${AT}Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable`,
  'Proxy-Wasm plugin in-VM backtrace:',
  '  0:  0x1db - boom',
  '  1:  0x207 - unknown(function index:11)\tthread=22',
  `${AT}Function: proxy_on_log failed: Uncaught RuntimeError: unreachable\tthread=23`,
  `${AT}Function: proxy_on_log failed: Uncaught RuntimeError: unreachable\tthread=22`,
  '2026-11-30T21:19:58.000000Z\twarning\tenvoy wasm context.cc:1198\twasm log shop shop: <b>no</b>\tthread=22',
].join('\n');

test('each trap is counted, one of each function is told, with its stack where there is one', () => {
  expect(readFilterLog(LOG)).toEqual({
    traps: 3,
    kinds: [
      {
        callback: 'proxy_on_request_headers',
        words: 'Uncaught RuntimeError: unreachable',
        stack: ['boom', 'unknown(function index:11)'],
      },
      { callback: 'proxy_on_log', words: 'Uncaught RuntimeError: unreachable', stack: [] },
    ],
    said: ['shop shop: <b>no</b>'],
  });
  expect(readFilterLog('')).toEqual({ traps: 0, kinds: [], said: [] });
});

test('words of others are bounded, however long', () => {
  const log = `${AT}Function: proxy_on_tick failed: ${'x'.repeat(1e6)}\n${`${AT}wasm log y\n`.repeat(1_000)}`;
  const { kinds, said } = readFilterLog(log);
  expect(kinds[0]?.words).toHaveLength(300);
  expect(said).toHaveLength(5);
});

test.each([
  [
    'an access log',
    '[2026-11-30T21:15:23.350Z] "GET / HTTP/1.1" 200 - "-" "Function: proxy_on_log failed: wasm log no" "-"',
  ],
  [
    'an access log with tabs',
    `[2026-11-30T21:15:23.350Z] "GET / HTTP/1.1" 200 "${AT}Function: proxy_on_log failed: no"`,
  ],
  [
    'an access log as JSON',
    '{"time":"2026-11-30T21:15:23.350Z","user_agent":"\\terror\\tenvoy wasm\\tFunction: proxy_on_log failed: no"}',
  ],
  [
    'an access log that is JSON by its format alone',
    '{"user_agent":"","time":"2026-11-30T21:15:23.350Z","level":"error","scope":"envoy wasm","msg":"Function: proxy_on_log failed: no"}',
  ],
  ['a filter that logs what clients say', `${AT}wasm log shop shop: Function: proxy_on_log failed: no\tthread=22`],
  ['another part of Envoy', `${AT.replace('wasm', 'lua')}Function: proxy_on_log failed: wasm log no`],
])('a client cannot make %s look like a trap', (_, line) => {
  expect(readFilterLog(plainLog(line))).toMatchObject({ traps: 0, kinds: [] });
  expect(readFilterLog(plainLog(line)).said.join()).not.toMatch(/^no$/);
});

test('a log that is written as JSON is read as any other', () => {
  const line = (time: string, msg: string): string =>
    JSON.stringify({ caller: 'wasm_vm.cc:38', level: 'error', msg, scope: 'envoy wasm', thread: '22', time });
  const trap = 'Function: proxy_on_log failed: unreachable\nProxy-Wasm plugin in-VM backtrace:\n  0:  0x1db - boom';
  const log = `${line('2026-11-30T21:15:23.350407Z', trap)}\n${line('2026-11-30T21:15:24.000000Z', 'wasm log shop: hi')}`;
  const first = newLines(plainLog(log), undefined);
  expect(first.last).toBe('2026-11-30T21:15:24.000000Z');
  expect(readFilterLog(first.text)).toEqual({
    traps: 1,
    kinds: [{ callback: 'proxy_on_log', words: 'unreachable', stack: ['boom'] }],
    said: ['shop: hi'],
  });
  expect(newLines(plainLog(log), first.last).text).toBe('');
  for (const broken of [
    '{"time":"',
    '{"a":"\\"time\\":\\"","time":1,"scope":"envoy wasm","msg":"x"}',
    '{"time":"x"}',
  ]) {
    expect(plainLog(broken)).toBe(broken);
  }
});

test('of a log that is read again only what is newer counts', () => {
  const first = newLines(LOG, undefined);
  expect(first).toEqual({ text: LOG, last: '2026-11-30T21:19:58.000000Z' });
  expect(newLines(LOG, first.last)).toEqual({ text: '', last: first.last });
  const more = `${LOG}\n2026-11-30T21:20:00.000000Z\terror\tnext\nand its end`;
  expect(newLines(more, first.last).text).toBe('2026-11-30T21:20:00.000000Z\terror\tnext\nand its end');
});

test("the memory of Envoy is that of its process, not of the agent's", () => {
  const status =
    'Name:\tpilot-agent\nVmRSS:\t   39468 kB\nName:\tenvoy\nVmRSS:\t   87472 kB\nName:\tgrep\nVmRSS:\t 1500 kB\n';
  expect(parseEnvoyMemory(status)).toBe(87_472 * 1024);
  expect(parseEnvoyMemory('sh: not found')).toBeUndefined();
});

test.each([
  ['51234Ki', 51_234 * 1024],
  ['1Gi', 2 ** 30],
  ['250m', 0.25],
  ['12345678n', 0.012345678],
  ['2', 2],
  ['', undefined],
  ['1e3', undefined],
  ['5 Ki', undefined],
])('the quantity %j is %p', (text, value) => {
  const read = parseQuantity(text);
  if (value === undefined) expect(read).toBeUndefined();
  else expect(read).toBeCloseTo(value, 12);
});
