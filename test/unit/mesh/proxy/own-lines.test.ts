import { expect, test } from '@jest/globals';
import { ownLines } from '../../../../src/mesh/proxy/own-lines.ts';
import { plainLog } from '../../../../src/mesh/proxy/trap-log.ts';

const AT = '2026-11-30T21:19:57.319604Z\terror\t';
const TRAP = [
  `${AT}envoy wasm source/extensions/common/wasm/wasm_vm.cc:38\tFunction: proxy_on_log failed: Uncaught RuntimeError: unreachable`,
  'Proxy-Wasm plugin in-VM backtrace:',
  '  0:  0x1db - boom\tthread=22',
];
const AGENT = `${AT}wasm\terror in converting the wasm config to local: cannot fetch Wasm module a: b`;

test('what Envoy and istio-agent say is kept, with the lines that go on with it', () => {
  const log = [...TRAP, AGENT, '2026-11-30T21:15:23.350407Z\tinfo\tEnvoy proxy is ready'].join('\n');
  expect(ownLines(log)).toBe(log);
});

test.each([
  ['by the usual format', '[2026-11-30T21:15:23.350Z] "GET / HTTP/1.1" 200 - "-" "Function: x failed: no" "-"'],
  ['as JSON', '{"user_agent":"Unable to create Wasm plugin f"}'],
  ['that begins with what a client says', 'Unable to create Wasm plugin f'],
  ['with a time of its own', '2026-11-30T21:15:23.350Z Failed to configure base Wasm plugin'],
])('an access log is not, %s', (_, access) => {
  const log = [access, ...TRAP, access, AGENT, access].join('\n');
  expect(ownLines(log)).toBe([...TRAP, AGENT].join('\n'));
});

test('what Envoy says as JSON is kept, and ends as it does otherwise', () => {
  const entry = { level: 'error', time: '2026-11-30T21:19:57.319604Z', scope: 'envoy wasm', msg: 'a\nb', thread: '22' };
  const log = plainLog([JSON.stringify(entry), '{"user_agent":"Function: x failed: no"}'].join('\n'));
  expect(ownLines(log)).toBe(`${AT}envoy wasm\ta\nb\tthread=22`);
});
