import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  findHostFunction,
  HOST_FUNCTIONS,
  NEWEST_KNOWN_ENVOY,
} from '../../../../src/filter/compatibility/host-functions.ts';
import { refusedImports } from '../../../../src/filter/compatibility/imports.ts';
import { ABI_VERSIONS } from '../../../../src/filter/module/facts.ts';
import { describeType } from '../../../../src/filter/module/wasm-types.ts';
import { factsOf, importing, LEAST } from '../wat.ts';

const NAMES = HOST_FUNCTIONS.flatMap(({ modules, name }) => modules.map((module) => `${module}.${name}`));

describe('the tables', () => {
  test('name no function twice', () => {
    expect(new Set(NAMES).size).toBe(NAMES.length);
  });

  // Counted in proxy-wasm-cpp-host's exports.h, and found by trying on real Envoys.
  test.each<[number, number, number]>([
    [0, 45, 10],
    [17, 0, 2],
    [21, 0, 3],
    [23, 1, 0],
    [33, 0, 3],
    [39, 0, 27],
  ])('since Envoy 1.%i: %i in env, %i of WASI', (since, env, wasi) => {
    const those = HOST_FUNCTIONS.filter((entry) => entry.since === since);
    expect(those.filter(({ modules }) => modules.includes('env'))).toHaveLength(env);
    expect(those.filter(({ modules }) => modules.includes('wasi_unstable'))).toHaveLength(wasi);
  });

  test.each<[string, string, string]>([
    ['env', 'proxy_log', 'i32 i32 i32 -> i32'],
    ['env', 'proxy_done', 'void -> i32'],
    ['env', 'proxy_increment_metric', 'i32 i64 -> i32'],
    ['env', 'emscripten_notify_memory_growth', 'i32 -> void'],
    ['wasi_unstable', 'proc_exit', 'i32 -> void'],
    ['wasi_snapshot_preview1', 'path_open', 'i32 i32 i32 i32 i32 i64 i64 i32 i32 -> i32'],
    // What Envoy 1.39.0 and 1.40.0 have, not what WASI says.
    ['wasi_snapshot_preview1', 'path_link', 'i32 i32 i32 i32 i32 i32 -> i32'],
    ['wasi_snapshot_preview1', 'path_symlink', 'i32 i32 i32 i32 -> i32'],
  ])('%s.%s is %s', (module, name, type) => {
    const found = findHostFunction(module, name);
    expect(found === undefined ? undefined : describeType(found)).toBe(type);
  });

  test('a function is known under its own modules only', () => {
    expect(findHostFunction('env', 'fd_write')).toBeUndefined();
    expect(findHostFunction('wasi_unstable', 'proxy_log')).toBeUndefined();
  });
});

test('an import is accepted exactly where the table says, and with another type never', () => {
  const marker = (abi: string): string => `(func (export "proxy_abi_version_${abi.replaceAll('.', '_')}"))`;
  fc.assert(
    fc.property(
      fc.constantFrom(...HOST_FUNCTIONS).chain((host) => fc.tuple(fc.constant(host), fc.constantFrom(...host.modules))),
      fc.constantFrom(...ABI_VERSIONS),
      fc.integer({ min: 0, max: NEWEST_KNOWN_ENVOY }),
      ([host, module], abi, minor) => {
        const rest = marker(abi) + LEAST.replace(/\(func \(export "proxy_abi_version[^)]+\)\)/, '');
        const same = importing(module, host.name, host.params.join(' '), host.results.join(' '));
        const other = importing(module, host.name, [...host.params, 'i32'].join(' '), host.results.join(' '));
        const accepted = host.abis.includes(abi) && host.since <= minor;
        expect(refusedImports(factsOf(same + rest), minor)).toHaveLength(accepted ? 0 : 1);
        expect(refusedImports(factsOf(other + rest), minor)).toHaveLength(1);
      },
    ),
  );
});
