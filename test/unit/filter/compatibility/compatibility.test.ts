import { describe, expect, test } from '@jest/globals';
import { warningTexts } from '../../../../src/base/warning.ts';
import {
  type Compatibility,
  type CompatibilitySettings,
  checkCompatibility,
} from '../../../../src/filter/compatibility/compatibility.ts';
import { type ProxyVersion, proxyVersionOfImage } from '../../../../src/filter/compatibility/proxy-version.ts';
import { CREATE, factsOf, importing, LEAST, MALLOC, MARKER, MEMORY } from '../wat.ts';

function proxies(...tags: string[]): ProxyVersion[] {
  return tags.map((tag) => proxyVersionOfImage(`istio/proxyv2:${tag}`)).filter((version) => version !== undefined);
}

function check(fields: string, tags: readonly string[] = ['1.31.0'], settings?: CompatibilitySettings): Compatibility {
  return checkCompatibility(factsOf(fields), proxies(...tags), settings);
}

function messages(fields: string, ...tags: string[]): string[] {
  return check(fields, tags).problems.map(({ message }) => message);
}

const wasi = (name: string, params: string): string => importing('wasi_snapshot_preview1', name, params);

test.each<[string[]]>([[[]], [['1.9.0']], [['1.24.3', '1.31.0']], [['1.40.0']]])(
  'the least filter suits %j',
  (tags) => {
    expect(check(LEAST, tags)).toEqual({ problems: [], warnings: [] });
  },
);

describe('what Envoy rejects whatever its version', () => {
  test.each<[string, string, string[]]>([
    [
      'no marker',
      MEMORY + MALLOC + CREATE,
      [
        'is WebAssembly, but not a Proxy-Wasm filter: it exports no function like proxy_abi_version_0_2_1; Envoy knows 0.1.0, 0.2.0 and 0.2.1.',
      ],
    ],
    [
      'an unknown marker',
      `${MEMORY}${MALLOC}${CREATE}(func (export "proxy_abi_version_0_3_0"))`,
      ['is made for Proxy-Wasm ABI 0.3.0; Envoy knows 0.1.0, 0.2.0 and 0.2.1.'],
    ],
    [
      'no allocator',
      MEMORY + MARKER + CREATE,
      ['exports neither malloc nor proxy_on_memory_allocate, so Envoy cannot hand it anything and rejects it.'],
    ],
    [
      'more memory than there is',
      `(memory (export "memory") 16385)${MARKER}${MALLOC}${CREATE}`,
      ['requires 1024.06 MiB of memory at its start; Envoy provides at most 1024.00 MiB.'],
    ],
    [
      'a shared memory from outside',
      `(import "env" "memory" (memory 1 2 shared))${MARKER}${MALLOC}${CREATE}`,
      ['imports a shared memory; Envoy provides one that is not shared.'],
    ],
    [
      'two tables from outside',
      `(import "env" "a" (table 1 funcref))(import "env" "b" (table 1 funcref))${LEAST}`,
      ['imports 2 tables; Envoy provides one.'],
    ],
    [
      'globals',
      `(import "env" "__stack_pointer" (global (mut i32)))(import "GOT.mem" "x" (global i32))${LEAST}`,
      ['imports 2 globals, which Envoy never provides: env.__stack_pointer and GOT.mem.x.'],
    ],
    [
      'callbacks of a wrong type',
      `${LEAST}(func (export "proxy_on_tick"))(func (export "proxy_on_request_headers") (param i32 i32) (result i32) i32.const 0)`,
      [
        'exports 2 functions with a type that Envoy rejects for ABI 0.2.1: proxy_on_request_headers is i32 i32 -> i32, expected i32 i32 i32 -> i32; proxy_on_tick is void -> void, expected i32 -> void.',
      ],
    ],
    [
      'an exception tag',
      `(tag (export "oops") (param i32))${LEAST}`,
      [
        'would crash the whole proxy: it has exception tags, or vector or reference types, among its imports or exports (export oops).',
      ],
    ],
    [
      'a vector in a global',
      `${LEAST}(global i32 (i32.add (i32.const 1) (i32.const 2)))(global (export "mask") v128 (v128.const i64x2 0 0))`,
      [
        'would crash the whole proxy: it has exception tags, or vector or reference types, among its imports or exports (export mask).',
      ],
    ],
    [
      'a vector in a signature',
      `${LEAST}(func (export "mix") (param v128))`,
      [
        'would crash the whole proxy: it has exception tags, or vector or reference types, among its imports or exports (export mix).',
      ],
    ],
  ])('%s', (_, fields, found) => {
    expect(messages(fields, '1.31.0')).toEqual(found);
  });

  test('the problems name the file, and all are told together', () => {
    const fields = `${importing('env', 'nobody_has_this', '')}(import "env" "g" (global i32))(func (export "proxy_on_tick"))`;
    const { problems } = check(fields, ['1.31.0'], { origin: 'filter "a.wasm"' });
    expect(problems).toHaveLength(5);
    expect(problems.every(({ kind, subject }) => kind === 'filter' && subject === 'filter "a.wasm"')).toBe(true);
    expect(problems.filter(({ remedy }) => remedy === undefined)).toEqual([]);
  });
});

describe('what Envoy accepts, tried on 1.36 to 1.40', () => {
  test.each<[string, string]>([
    ['a memory from outside', `(import "env" "memory" (memory 1))${MARKER}${MALLOC}${CREATE}`],
    ['a memory under the name of a function', `(import "env" "proxy_log" (memory 1))${MARKER}${MALLOC}${CREATE}`],
    ['a memory of another name', `(memory (export "mem") 1)${MARKER}${MALLOC}${CREATE}`],
    ['a table from outside', `(import "env" "t" (table 1 externref))${LEAST}`],
    ['one import twice', importing('env', 'proxy_done', '') + importing('env', 'proxy_done', '') + LEAST],
    ['a wrong free', `${LEAST}(func (export "free") (param i64))`],
    ['vectors inside', `${LEAST}(func (param v128))`],
    ['tags inside', `${LEAST}(tag (param i32))`],
    ['references in what it exports', `${LEAST}(func (export "x") (param externref))`],
    ['a start function', `${LEAST}(func $start) (start $start)`],
  ])('%s', (_, fields) => {
    expect(check(fields, ['1.28.0', '1.32.0'])).toEqual({ problems: [], warnings: [] });
  });

  test('several memories, but they deserve a word', () => {
    const found = check(`${LEAST}(memory (export "other") 1)`);
    expect(found.problems).toEqual([]);
    expect(warningTexts(found.warnings)).toEqual([expect.stringContaining('2 memories')]);
  });

  test.each([
    ['nothing', ''],
    ['what needs none', importing('env', 'proxy_set_tick_period_milliseconds', 'i32')],
    ['what needs one, maybe', importing('env', 'proxy_log', 'i32 i32 i32')],
  ])('no memory, when %s is called', (_, imports) => {
    const found = check(imports + MARKER + MALLOC + CREATE);
    expect(found.problems).toEqual([]);
    expect(warningTexts(found.warnings)).toEqual([expect.stringContaining('no memory')]);
  });
});

describe('imports by the version of the proxies', () => {
  const GO = wasi('sched_yield', '') + wasi('poll_oneoff', 'i32 i32 i32 i32') + LEAST;
  const FILES = wasi('fd_filestat_get', 'i32 i32') + wasi('sched_yield', '') + LEAST;

  test.each<[string, string, string[], string[]]>([
    ['new enough', GO, ['1.25.0'], []],
    [
      'too old',
      GO,
      ['1.24.3'],
      [
        'imports 2 functions that came with a newer Envoy: wasi_snapshot_preview1.sched_yield, poll_oneoff with Envoy 1.33 (Istio 1.25). Older than that: Istio 1.24.3 (Envoy 1.32).',
      ],
    ],
    [
      'in the middle of an upgrade',
      FILES,
      ['1.24.3', '1.30.1', '1.31.0'],
      [
        'imports 2 functions that came with a newer Envoy: wasi_snapshot_preview1.sched_yield with Envoy 1.33 (Istio 1.25); wasi_snapshot_preview1.fd_filestat_get with Envoy 1.39 (Istio 1.31). Older than that: Istio 1.24.3 (Envoy 1.32) and Istio 1.30.1 (Envoy 1.38).',
      ],
    ],
    ['new enough for the last functions too', FILES, ['1.31.0', '1.32.0'], []],
    ['not known', FILES, [], []],
  ])('%s', (_, fields, tags, found) => {
    expect(messages(fields, ...tags)).toEqual(found);
  });

  test('nothing known of the proxies: what is needed is told, unless every Istio has it', () => {
    expect(warningTexts(check(FILES, []).warnings)).toEqual([
      'The filter needs Envoy 1.39 (Istio 1.31) or newer; the version of the proxies is not known.',
    ]);
    expect(warningTexts(check(wasi('random_get', 'i32 i32') + LEAST, []).warnings)).toEqual([]);
  });
});

describe('imports that are told apart by their cause', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'no Envoy',
      importing('env', 'proxy_does_not_exist', 'i32') + importing('foo', 'bar', ''),
      'imports 2 functions that no Envoy has: env.proxy_does_not_exist and foo.bar.',
      /wasm-objdump/,
    ],
    [
      'another ABI',
      importing('env', 'proxy_get_configuration', 'i32 i32') + importing('env', 'proxy_clear_route_cache', ''),
      'says that it is made for ABI 0.2.1, but imports 2 functions of 0.1.0: env.proxy_get_configuration, proxy_clear_route_cache.',
      /one version of one Proxy-Wasm SDK/,
    ],
    [
      'another type',
      importing('env', 'proxy_log', 'i32 i32 i32', ''),
      "imports 1 function with another type than Envoy's: env.proxy_log is i32 i32 i32 -> void, Envoy has i32 i32 i32 -> i32.",
      /SDK/,
    ],
    [
      "WASI's own type, where Envoy has another",
      wasi('path_symlink', 'i32 i32 i32 i32 i32'),
      "imports 1 function with another type than Envoy's: wasi_snapshot_preview1.path_symlink is i32 i32 i32 i32 i32 -> i32, Envoy has i32 i32 i32 i32 -> i32.",
      /path_symlink cannot be used/,
    ],
    [
      'a browser',
      importing('__wbindgen_placeholder__', '__wbindgen_throw', 'i32 i32', ''),
      'is built for a browser: it imports 1 function from JavaScript: __wbindgen_placeholder__.__wbindgen_throw.',
      /wasmbind.*wasm32-wasip1/,
    ],
    [
      "a browser, Go's",
      importing('gojs', 'runtime.wasmExit', 'i32', ''),
      'is built for a browser: it imports 1 function from JavaScript: gojs.runtime.wasmExit.',
      /not for browsers/,
    ],
    [
      "AssemblyScript's abort",
      importing('env', 'abort', 'i32 i32 i32 i32', '') + importing('env', 'seed', '', 'f64'),
      "imports 2 functions from AssemblyScript's JavaScript, which Envoy does not have: env.abort, seed.",
      /--use abort=abort_proc_exit/,
    ],
    [
      "Emscripten's JavaScript",
      importing('env', 'invoke_vi', 'i32 i32', '') + importing('env', '__cxa_throw', 'i32 i32 i32', ''),
      "imports 2 functions from Emscripten's JavaScript, which Envoy does not have: env.invoke_vi, __cxa_throw.",
      /-sSTANDALONE_WASM/,
    ],
    [
      'WASI beyond what any Envoy has',
      wasi('proc_raise', 'i32'),
      'imports 1 function that no Envoy has: wasi_snapshot_preview1.proc_raise.',
      /WASI preview 1/,
    ],
  ])('%s', (_, imports, message, remedy) => {
    const { problems } = check(imports + LEAST);
    expect(problems.map((problem) => problem.message)).toEqual([message]);
    expect(problems[0]?.remedy).toMatch(remedy);
  });
});

describe('proxies that the tables do not know', () => {
  const UNKNOWN = importing('env', 'proxy_new', '') + LEAST;

  test('a newer one may have everything: only warnings', () => {
    const { problems, warnings } = check(`${UNKNOWN}(func (export "proxy_on_tick"))`, ['1.35.0']);
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toHaveLength(2);
    expect(warningTexts(warnings)[0]).toContain('Istio 1.35.0 (Envoy 1.43) may differ');
  });

  test.each([[['1.31.0', '1.35.0']], [['1.31.0']], [[]]])('refused for the known ones among %j', (tags) => {
    expect(check(UNKNOWN, tags).problems).toHaveLength(1);
    expect(warningTexts(check(UNKNOWN, tags).warnings)).toEqual([]);
  });

  test('what only a newer one may refuse is a warning', () => {
    const fields = `${LEAST}(func (export "_initialize"))(func (export "__main_void"))`;
    const { problems, warnings } = check(fields, ['1.30.0', '1.35.0']);
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toEqual([expect.stringContaining('__main_void')]);
  });

  test('an older one had other types in places', () => {
    const { problems, warnings } = check(importing('env', 'proxy_grpc_call', 'i32 i32') + LEAST, ['1.6.0']);
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toEqual([expect.stringContaining('Istio 1.6.0 (Envoy 1.14) may differ')]);
  });
});

test('a module that does nothing is accepted with a warning', () => {
  expect(check(MEMORY + MARKER + MALLOC)).toMatchObject({
    problems: [],
    warnings: [
      {
        text: 'The filter exports no callback in which it could do anything: Envoy will load it and never call it.',
      },
    ],
  });
});

test.each(['open', 'reload'] as const)(
  'to fail %s is told to be of no help, where something is refused',
  (failPolicy) => {
    const open = { failPolicy };
    expect(warningTexts(check(MEMORY + MARKER + CREATE, ['1.31.0'], open).warnings)).toEqual([
      expect.stringMatching(/^The fail policy does not help/),
    ]);
    expect(warningTexts(check(MEMORY + MARKER + CREATE, ['1.31.0'], { failPolicy: 'closed' }).warnings)).toEqual([]);
    expect(warningTexts(check(LEAST, ['1.31.0'], open).warnings)).toEqual([]);
  },
);
