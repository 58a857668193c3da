import { describe, expect, test } from '@jest/globals';
import { hasAllocator, hasUsefulCallback, wrongSignatures } from '../../../../src/filter/compatibility/callbacks.ts';
import { NEWEST_KNOWN_ENVOY } from '../../../../src/filter/compatibility/host-functions.ts';
import { describeType } from '../../../../src/filter/module/wasm-types.ts';
import { factsOf, MALLOC, MARKER, MEMORY } from '../wat.ts';

const REST = `${MEMORY}${MARKER}${MALLOC}`;

function wrongIn(fields: string, minor = NEWEST_KNOWN_ENVOY): string[] {
  return wrongSignatures(factsOf(fields), minor).map(
    ({ name, wanted, found }) => `${name}: ${describeType(found)}, wanted ${describeType(wanted)}`,
  );
}

describe('the type of a callback', () => {
  // What Envoy 1.36.2 and 1.40.0 wanted when each was exported with a double as its parameter.
  test.each<[string, string]>([
    ['proxy_on_new_connection proxy_on_done', 'i32 -> i32'],
    ['proxy_validate_configuration proxy_on_vm_start proxy_on_configure', 'i32 i32 -> i32'],
    ['proxy_on_request_trailers proxy_on_request_metadata', 'i32 i32 -> i32'],
    ['proxy_on_response_trailers proxy_on_response_metadata', 'i32 i32 -> i32'],
    ['proxy_on_downstream_data proxy_on_upstream_data', 'i32 i32 i32 -> i32'],
    ['proxy_on_request_headers proxy_on_response_headers', 'i32 i32 i32 -> i32'],
    ['proxy_on_request_body proxy_on_response_body', 'i32 i32 i32 -> i32'],
    ['proxy_on_tick proxy_on_log proxy_on_delete', 'i32 -> void'],
    ['proxy_on_context_create proxy_on_queue_ready', 'i32 i32 -> void'],
    ['proxy_on_downstream_connection_close proxy_on_upstream_connection_close', 'i32 i32 -> void'],
    ['proxy_on_grpc_receive proxy_on_grpc_close', 'i32 i32 i32 -> void'],
    ['proxy_on_grpc_receive_initial_metadata proxy_on_grpc_receive_trailing_metadata', 'i32 i32 i32 -> void'],
    ['proxy_on_foreign_function', 'i32 i32 i32 -> void'],
    ['proxy_on_http_call_response', 'i32 i32 i32 i32 i32 -> void'],
    ['envoy_on_resolve_dns', 'i32 i32 i32 -> void'],
    ['envoy_on_stats_update', 'i32 i32 -> void'],
    ['_start', 'void -> void'],
  ])('%s: %s', (names, wanted) => {
    for (const name of names.split(' ')) {
      expect(wrongIn(`${REST}(func (export "${name}") (param f64))`)).toEqual([
        `${name}: f64 -> void, wanted ${wanted}`,
      ]);
    }
  });

  test.each<[string, string, string[]]>([
    [
      'of headers is another one in ABI 0.1.0',
      `${MEMORY}${MALLOC}(func (export "proxy_abi_version_0_1_0"))(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)`,
      ['proxy_on_request_headers: i32 i32 i32 -> i32, wanted i32 i32 -> i32'],
    ],
    [
      'of a foreign function does not matter in ABI 0.1.0',
      `${MEMORY}${MALLOC}(func (export "proxy_abi_version_0_1_0"))(func (export "proxy_on_foreign_function") (param i64))`,
      [],
    ],
    [
      'of headers cannot be judged without an ABI',
      `${MEMORY}${MALLOC}(func (export "proxy_on_request_headers") (param i64))(func (export "proxy_on_tick"))`,
      ['proxy_on_tick: void -> void, wanted i32 -> void'],
    ],
    ['does not matter when it is no function', `${REST}(global (export "proxy_on_tick") i32 (i32.const 0))`, []],
    ['does not matter when Envoy does not know it', `${REST}(func (export "proxy_on_something") (param i64))`, []],
  ])('%s', (_, fields, wrong) => {
    expect(wrongIn(fields)).toEqual(wrong);
  });
});

describe('start functions', () => {
  const reactor = `${REST}(func (export "_initialize"))`;
  test.each<[string, string, number, string[]]>([
    [
      '_initialize',
      `${REST}(func (export "_initialize") (param i32))`,
      40,
      ['_initialize: i32 -> void, wanted void -> void'],
    ],
    ['main of a reactor', `${reactor}(func (export "main"))`, 40, ['main: void -> void, wanted i32 i32 -> i32']],
    ['main of anything else', `${REST}(func (export "main"))`, 40, []],
    ['_start of a reactor', `${reactor}(func (export "_start") (param i32))`, 40, []],
    ['__main_void before Envoy 1.39', `${reactor}(func (export "__main_void"))`, 38, []],
    [
      '__main_void since',
      `${reactor}(func (export "__main_void"))`,
      39,
      ['__main_void: void -> void, wanted void -> i32'],
    ],
  ])('%s', (_, fields, minor, wrong) => {
    expect(wrongIn(fields, minor)).toEqual(wrong);
  });
});

describe('the allocator', () => {
  const alloc = '(func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)';
  const wrongMalloc = '(func (export "malloc") (param i64) (result i32) i32.const 1024)';
  test.each<[string, string, boolean, string[]]>([
    ['malloc', MALLOC, true, []],
    ['proxy_on_memory_allocate', alloc, true, []],
    ['none', '', false, []],
    ['a global', '(global (export "malloc") i32 (i32.const 0))', false, []],
    ['a wrong malloc', wrongMalloc, true, ['malloc: i64 -> i32, wanted i32 -> i32']],
    [
      'a wrong malloc is not made good by the other',
      wrongMalloc + alloc,
      true,
      ['malloc: i64 -> i32, wanted i32 -> i32'],
    ],
    ['beside malloc, the other does not matter', `${MALLOC}(func (export "proxy_on_memory_allocate"))`, true, []],
  ])('%s', (_, fields, has, wrong) => {
    expect(hasAllocator(factsOf(MEMORY + MARKER + fields))).toBe(has);
    expect(wrongIn(MEMORY + MARKER + fields)).toEqual(wrong);
  });
});

test.each<[string, boolean]>([
  ['(func (export "proxy_on_context_create") (param i32 i32))', true],
  ['(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) i32.const 0)', true],
  ['(func (export "proxy_on_log") (param i32))', true],
  ['(func (export "proxy_on_delete") (param i32))', false],
  ['(global (export "proxy_on_tick") i32 (i32.const 0))', false],
  ['', false],
])('%s is useful: %s', (fields, useful) => {
  expect(hasUsefulCallback(factsOf(REST + fields))).toBe(useful);
});
