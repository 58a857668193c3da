import fc from 'fast-check';
import { HOST_FUNCTIONS } from '../../src/filter/compatibility/host-functions.ts';

/** One field of a module in WebAssembly's text format, or nothing. */
type Field = fc.Arbitrary<string>;

const types = fc.array(fc.constantFrom('i32', 'i32', 'i64', 'f64'), { maxLength: 4 });
const functionType = fc
  .tuple(types, fc.constantFrom('', 'i32', 'i32', 'i64'))
  .map(([params, result]) => ({ params, results: result === '' ? [] : [result] }));

const mostly = (usual: string, ...others: readonly string[]): Field =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom('', ...others) });

const marker = mostly(
  '(func (export "proxy_abi_version_0_2_1"))',
  '(func (export "proxy_abi_version_0_2_0"))',
  '(func (export "proxy_abi_version_0_1_0"))',
  '(func (export "proxy_abi_version_0_4_0"))',
  '(func (export "proxy_abi_version_0_1_0"))(func (export "proxy_abi_version_0_2_1"))',
);

const allocator = mostly(
  '(func (export "malloc") (param i32) (result i32) i32.const 1024)',
  '(func (export "malloc") (param i32 i32) (result i32) i32.const 1024)',
  '(func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)',
  '(global (export "malloc") i32 (i32.const 0))',
);

const memory = mostly('(memory (export "memory") 1)', '(memory 1)', '(memory (export "m") 1 1)');

/** An import of the tables, as they have it or changed a little. */
const imported: Field = fc
  .tuple(
    fc.constantFrom(...HOST_FUNCTIONS),
    fc.nat(9),
    fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: functionType }),
    fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('wasi_unstable', 'env', 'other') },
    ),
  )
  .map(([host, pick, changed, module]) => {
    const { params, results } = changed ?? host;
    const from = module ?? host.modules[pick % host.modules.length];
    return `(import "${from}" "${host.name}" (func (param ${params.join(' ')}) (result ${results.join(' ')})))`;
  });

const CALLBACKS = {
  proxy_on_tick: ['i32', ''],
  proxy_on_configure: ['i32 i32', 'i32'],
  proxy_on_vm_start: ['i32 i32', 'i32'],
  proxy_on_context_create: ['i32 i32', ''],
  proxy_on_request_headers: ['i32 i32 i32', 'i32'],
  proxy_on_response_headers: ['i32 i32', 'i32'],
  proxy_on_response_body: ['i32 i32 i32', 'i32'],
  proxy_on_foreign_function: ['i32 i32 i32', ''],
  _initialize: ['', ''],
  _start: ['', ''],
  main: ['i32 i32', 'i32'],
} as const;

/** A callback of the right type, mostly, that returns 1, or 0 now and then. */
const exported = (name: keyof typeof CALLBACKS): Field => {
  const [params, results] = CALLBACKS[name];
  const right = { params: params.split(' '), results: results === '' ? [] : [results as string] };
  return fc
    .tuple(
      fc.oneof({ weight: 10, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: functionType }),
      fc.constantFrom(1, 1, 1, 1, 1, 0),
    )
    .map(([type, value]) => {
      const returned = type.results.map((result) => `(${result}.const ${value})`).join('');
      return `(func (export "${name}") (param ${type.params.join(' ')}) (result ${type.results.join(' ')}) ${returned})`;
    });
};

/** The fields of a module that is a filter, or nearly one. */
export const moduleFields: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(imported, { maxLength: 3 }),
    memory,
    marker,
    allocator,
    fc
      .subarray(Object.keys(CALLBACKS) as (keyof typeof CALLBACKS)[], { maxLength: 4 })
      .chain((names) => fc.tuple(...names.map(exported))),
  )
  .map(([imports, ...rest]) => [...imports, ...rest.flat()].join('\n'));
