import fc from 'fast-check';
import { findHostFunction } from '../../src/filter/compatibility/host-functions.ts';
import { LOG_LEVELS } from '../../src/filter/host/status.ts';
import { ABI_VERSIONS, type AbiVersion } from '../../src/filter/module/facts.ts';
import { data } from '../unit/filter/trial/modules.ts';
import { assemble, MEMORY } from '../unit/filter/wat.ts';

/** A call of a host function somewhere in the life of a filter. */
export interface HostCall {
  readonly phase: Phase;
  readonly name: string;
  readonly args: readonly number[];
}

/** A filter that calls host functions and logs what they answer. */
export interface HostCalls {
  readonly abi: AbiVersion;
  readonly calls: readonly HostCall[];
}

/** Where in the life of a filter a host function is called: the callback's parameters, and what it returns. */
const PHASES = {
  vm_start: { params: 2, result: 1 },
  configure: { params: 2, result: 1 },
  request_headers: { params: 3, result: 0 },
  request_body: { params: 3, result: 0 },
  response_headers: { params: 3, result: 0 },
  response_body: { params: 3, result: 0 },
  done: { params: 1, result: 1 },
  log: { params: 1, result: undefined },
} as const;
type Phase = keyof typeof PHASES;
const PHASE_NAMES = Object.keys(PHASES) as Phase[];

/** Texts in the filter's memory. Header names, property paths, names of metrics and queues, and a key. */
const TEXTS = [
  ...['x-a', ':path', 'content-type', ':status', 'key', 'stat'],
  ...['request\0path', 'request\0headers\0content-type', 'response\0code', 'plugin_root_id', 'plugin_name'],
  ...['xds\0listener_direction', 'xds\0route_name', 'xds\0cluster_name', 'request\0method', 'response\0headers\0key'],
  ...['request\0duration', 'upstream\0address', 'xds\0node\0id', 'listener_direction', 'plugin_vm_id'],
  '',
] as const;
const FIRST_TEXT = 256;
const TEXT_BYTES = 64;
const places = TEXTS.map((text, index): number[] => [FIRST_TEXT + index * TEXT_BYTES, text.length]);

/** Outside of the one page of memory, or at its last byte. */
const OUTSIDE = [65_535, 70_000, -1];
const SOMEWHERE = [0, 8, 16, 24];

const number = (...values: readonly number[]): fc.Arbitrary<number[]> =>
  fc.constantFrom(...values).map((value) => [value]);
const text = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...places) },
  { weight: 1, arbitrary: fc.constantFrom(...OUTSIDE).map((at) => [at, 5]) },
);
/** Nothing that begins with a colon, without which a request does not get through, and no NUL. */
const header = fc.constantFrom(...places.filter((_, index) => /^[a-z]+(-[a-z]+)?$/.test(TEXTS[index] ?? '')));
const to = fc.oneof({ weight: 9, arbitrary: number(...SOMEWHERE) }, { weight: 1, arbitrary: number(...OUTSIDE) });
const map = number(0, 1, 2, 3, 4, 5, 8, -1);
/** Without trailers: whether they can be added depends on the pieces in which the body comes. */
const changed = number(0, 2, 4, 5, 8, -1);
/** Without the data of a foreign call, 8: over that Envoy ends in some callbacks. */
const buffer = number(0, 1, 4, 6, 7, 9, -1);
const offset = number(0, 1, 5, 100);
const metric = number(0, 1, 2, 3, 4, 5, 6, 7, 8);

/** What each function is given, in the order of its parameters. */
const ARGUMENTS: Readonly<Record<string, readonly fc.Arbitrary<number[]>[]>> = {
  proxy_get_header_map_value: [map, text, to, to],
  proxy_add_header_map_value: [changed, header, header],
  proxy_replace_header_map_value: [changed, header, header],
  proxy_remove_header_map_value: [changed, header],
  proxy_get_header_map_pairs: [map, to, to],
  proxy_get_header_map_size: [changed, to],
  proxy_get_property: [text, to, to],
  proxy_set_property: [text, text],
  proxy_get_buffer_bytes: [buffer, offset, offset, to, to],
  proxy_get_buffer_status: [buffer, to, to],
  proxy_get_shared_data: [text, to, to, to],
  proxy_set_shared_data: [text, text, number(0)],
  proxy_register_shared_queue: [text, to],
  proxy_resolve_shared_queue: [fc.constant([0, 0]), text, to],
  proxy_define_metric: [number(0, 1, 2, 3, -1), text, to],
  proxy_increment_metric: [metric, number(0, 1, -1)],
  proxy_record_metric: [metric, number(0, 1, 5)],
  proxy_get_metric: [metric, to],
  proxy_log: [number(0, 1, 2, 3, 4, 5, 6, 7, -1), text],
  proxy_get_log_level: [to],
  proxy_set_tick_period_milliseconds: [number(0, 1_000_000)],
  proxy_get_current_time_nanoseconds: [to],
  proxy_get_status: [to, to, to],
  proxy_set_effective_context: [number(0, 1, 99)],
  proxy_done: [],
  proxy_grpc_cancel: [number(0, 1, 2, 3)],
  proxy_grpc_close: [number(0, 1, 2, 3)],
  proxy_continue_stream: [number(0, 2, 3, 4, -1)],
  proxy_get_configuration: [to, to],
  proxy_clear_route_cache: [],
  proxy_call_foreign_function: [text, text, to, to],
  envoy_resolve_dns: [text, to],
  pthread_equal: [number(0, 1), number(0, 1)],
  fd_read: [number(0, 1), to, number(0, 1), to],
  fd_seek: [number(0, 1), offset, number(0, 1, 2), to],
  fd_close: [number(0, 1, 2, 3)],
  fd_fdstat_get: [number(0, 1, 2, 3), to],
  fd_fdstat_set_flags: [number(0, 1, 2, 3), number(0, 1)],
  fd_prestat_get: [number(2, 3, 4), to],
  fd_prestat_dir_name: [number(2, 3, 4), to, offset],
  path_open: [number(3), number(0), text, number(0), number(0), number(0), number(0), to],
  sched_yield: [],
  poll_oneoff: [to, to, number(0, 1), to],
  environ_get: [to, to],
  environ_sizes_get: [to, to],
  args_get: [to, to],
  args_sizes_get: [to, to],
  clock_time_get: [number(0, 1, 2, 3), number(0), to],
  random_get: [to, number(0, 8, 65_536, 65_537)],
};

/** A body comes in one piece or several, so what it changes is changed once or more often. */
const onlyOnce = (phase: Phase, name: string): boolean =>
  !phase.endsWith('body') || !/define|increment|record/.test(name);

const hostOf = (name: string) =>
  [...['env', 'wasi_snapshot_preview1']]
    .map((module) => findHostFunction(module, name))
    .find((host) => host !== undefined);

const callOf = (abi: AbiVersion): fc.Arbitrary<HostCall> => {
  const names = Object.keys(ARGUMENTS).filter((name) => hostOf(name)?.abis.includes(abi));
  return fc
    .tuple(fc.constantFrom(...PHASE_NAMES), fc.constantFrom(...names))
    .filter(([phase, name]) => onlyOnce(phase, name))
    .chain(([phase, name]) =>
      fc.tuple(...(ARGUMENTS[name] ?? [])).map((args): HostCall => ({ phase, name, args: args.flat() })),
    );
};

/** Filters of up to 60 calls: the trial keeps a hundred lines. */
export const hostCalls: fc.Arbitrary<HostCalls> = fc
  .constantFrom(...ABI_VERSIONS)
  .chain((abi) => fc.array(callOf(abi), { minLength: 40, maxLength: 60 }).map((calls) => ({ abi, calls })));

/** The filter: it logs `#NNN=SSS`, the number of each call and what it answered. */
export function callingFilter({ abi, calls }: HostCalls): Uint8Array {
  const names = [...new Set(['proxy_log', ...calls.map(({ name }) => name)])];
  return assemble(`
    ${names.map(importOf).join('\n')}
    ${MEMORY}
    (func (export "proxy_abi_version_${abi.replaceAll('.', '_')}"))
    (func (export "malloc") (param i32) (result i32) (i32.const 32768))
    ${TEXTS.map((line, index) => data(FIRST_TEXT + index * TEXT_BYTES, line)).join('\n')}
    (func $digit (param $at i32) (param $value i32)
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10)))))
    (func $report (param $call i32) (param $answer i32)
      (i32.store8 (i32.const 60000) (i32.const 35))
      (call $digit (i32.const 60001) (i32.div_u (local.get $call) (i32.const 100)))
      (call $digit (i32.const 60002) (i32.div_u (local.get $call) (i32.const 10)))
      (call $digit (i32.const 60003) (local.get $call))
      (i32.store8 (i32.const 60004) (i32.const 61))
      (call $digit (i32.const 60005) (i32.div_u (local.get $answer) (i32.const 100)))
      (call $digit (i32.const 60006) (i32.div_u (local.get $answer) (i32.const 10)))
      (call $digit (i32.const 60007) (local.get $answer))
      (drop (call $proxy_log (i32.const ${LOG_LEVELS.indexOf('warn')}) (i32.const 60000) (i32.const 8))))
    ${PHASE_NAMES.map((phase) => callbackOf(phase, abi, calls)).join('\n')}`);
}

/** The answers in a log, by the number of the call; of a call that was made in several VMs the first. */
export function answersIn(log: string): Map<number, number> {
  const answers = new Map<number, number>();
  for (const [, call, answer] of log.matchAll(/#(\d{3})=(\d{3})/g)) {
    if (!answers.has(Number(call))) answers.set(Number(call), Number(answer));
  }
  return answers;
}

function importOf(name: string): string {
  const host = hostOf(name);
  const params = host?.params.join(' ') ?? '';
  return `(import "${host?.modules[0]}" "${name}" (func $${name} (param ${params}) (result i32)))`;
}

function callbackOf(phase: Phase, abi: AbiVersion, calls: readonly HostCall[]): string {
  const { params, result } = PHASES[phase];
  const own = abi === '0.1.0' && phase.endsWith('headers') ? params - 1 : params;
  const code = calls.map((call, index) => (call.phase === phase ? reportOf(call, index) : '')).join('\n');
  const returned = result === undefined ? '' : `(i32.const ${result})`;
  return `(func (export "proxy_on_${phase}") (param ${'i32 '.repeat(own)}) ${returned && '(result i32)'} ${code} ${returned})`;
}

function reportOf({ name, args }: HostCall, index: number): string {
  const params = hostOf(name)?.params ?? [];
  const values = params.map((type, at) => `(${type}.const ${args[at]})`).join(' ');
  return `(call $report (i32.const ${index}) (call $${name} ${values}))`;
}
