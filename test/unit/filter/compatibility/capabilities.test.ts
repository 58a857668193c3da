import { expect, test } from '@jest/globals';
import {
  CAPABILITIES,
  isCapabilityAllowed,
  unknownCapabilities,
  withheldFrom,
} from '../../../../src/filter/compatibility/capabilities.ts';
import { factsOf, importing, LEAST } from '../wat.ts';

test('a capability is a host function or a callback, by the name that Envoy asks for', () => {
  expect(new Set(CAPABILITIES).size).toBe(CAPABILITIES.length);
  for (const name of ['proxy_log', 'proxy_get_log_level', 'proxy_on_request_headers', 'fd_write', 'sock_send']) {
    expect(CAPABILITIES).toContain(name);
  }
  for (const name of CAPABILITIES) expect(name).toMatch(/^(proxy_(on_)?|fd_|path_|sock_|args_|environ_|clock_)?\w+$/);
});

test.each([
  'malloc',
  '_initialize',
  'emscripten_notify_memory_growth',
  'envoy_resolve_dns',
  'proxy_on_memory_allocate',
])('%s is given without being asked for', (name) => {
  expect(CAPABILITIES).not.toContain(name);
  expect(unknownCapabilities([name])).toEqual([]);
  expect(isCapabilityAllowed(name, ['proxy_log'])).toBe(true);
});

test('only a list restricts, and only by whole names', () => {
  expect(isCapabilityAllowed('proxy_log', undefined)).toBe(true);
  expect(isCapabilityAllowed('proxy_log', ['proxy_log'])).toBe(true);
  expect(isCapabilityAllowed('proxy_log', ['log', 'proxy_get_log_level', 'env.proxy_log'])).toBe(false);
});

test('a name that nobody knows is told', () => {
  expect(unknownCapabilities(['proxy_log', 'log', 'on_request_headers', 'fd_write', 'path_fly'])).toEqual([
    'log',
    'on_request_headers',
    'path_fly',
  ]);
});

test('what a module imports and exports is compared with the list', () => {
  const facts = factsOf(
    [
      importing('env', 'proxy_log', 'i32 i32 i32'),
      importing('env', 'pthread_equal', 'i32 i32'),
      importing('env', 'proxy_done', ''),
      importing('wasi_unstable', 'fd_write', 'i32 i32 i32 i32'),
      importing('wasi_snapshot_preview1', 'fd_write', 'i32 i32 i32 i32'),
      LEAST,
      '(func (export "proxy_on_log") (param i32))',
      '(func (export "helper"))',
      '(global (export "proxy_on_tick") i32 (i32.const 0))',
    ].join(''),
  );
  expect(withheldFrom(facts, ['proxy_log'])).toEqual({
    functions: ['proxy_done', 'fd_write'],
    callbacks: ['proxy_on_context_create', 'proxy_on_log'],
  });
  expect(
    withheldFrom(facts, ['fd_write', 'proxy_done', 'proxy_log', 'proxy_on_context_create', 'proxy_on_log']),
  ).toEqual({ functions: [], callbacks: [] });
});
