import { assemble } from './filters.ts';

/** What a filter does to real requests that no start of it shows. */
export const SOAK_FILTERS = [
  'noisy',
  'trap-on-path',
  'trap-on-nth',
  'trap-in-log',
  'trap-in-tick',
  'some-500',
  'many-500',
  'slow',
  'leak',
] as const;
export type SoakFilter = (typeof SOAK_FILTERS)[number];

/** How many requests `trap-on-nth` serves in a VM before it traps. */
const NTH = 40;
/** One in so many requests is answered 500 by `some-500`. */
const ONE_IN = 50;
/** One in so many by `many-500`. */
const MANY_ONE_IN = 20;
/** One in so many by `noisy`, which is as good in each of its revisions. */
const NOISE_ONE_IN = 100;
/** What `slow` adds to a request, in nanoseconds. */
const DELAY_NS = 300_000_000;
/** After how long `trap-in-tick` traps, in milliseconds: once its pods are ready and verified. */
const TICK_MS = 35_000;
/** What `leak` keeps of each request, in pages of 64 KiB. */
const LEAK_PAGES = 12;

/** Returns a filter of the soak tests as a module: a few lines each, so that it is plain what goes wrong. */
export function assembleSoakFilter(filter: SoakFilter): Promise<Uint8Array> {
  return assemble(BODIES[filter]);
}

/** A module with the memory, the allocator and the marker that Envoy asks for, and with `functions`. */
function moduleOf(functions: string): string {
  return `(module
  (import "env" "proxy_get_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $ticks (param i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $in_context (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) ":path")
  (data (i32.const 32) "filter")
  (global $next (mut i32) (i32.const 65536))
  (global $seen (mut i32) (i32.const 0))
  (global $first (mut i32) (i32.const 0))
  (global $last (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $next) (local.get $size)) (i32.const 131072))
      (then (global.set $next (i32.const 65536))))
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -16))))
    (local.get $at))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func $now (result i64) (drop (call $time (i32.const 8))) (i64.load (i32.const 8)))
  ${functions})`;
}

/** Each trap has a function of its own, whose name stands in Envoy's stack. */
const BOOM = '(func $boom unreachable)';

function failingOneIn(requests: number): string {
  return moduleOf(`
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (if (i32.eqz (i32.rem_u (global.get $seen) (i32.const ${requests})))
      (then
        (drop (call $answer (i32.const 500) (i32.const 32) (i32.const 6) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const -1)))
        (return (i32.const 1))))
    (i32.const 0))`);
}

const BODIES: Readonly<Record<SoakFilter, string>> = {
  noisy: failingOneIn(NOISE_ONE_IN),
  // The letter behind the slash is a "?".
  'trap-on-path': moduleOf(`${BOOM}
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $header (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 48) (i32.const 52)))
    (if (i32.gt_u (i32.load (i32.const 52)) (i32.const 1))
      (then (if (i32.eq (i32.load8_u (i32.add (i32.load (i32.const 48)) (i32.const 1))) (i32.const 63))
        (then (call $boom)))))
    (i32.const 0))`),
  'trap-on-nth': moduleOf(`${BOOM}
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (if (i32.ge_u (global.get $seen) (i32.const ${NTH})) (then (call $boom)))
    (i32.const 0))`),
  'trap-in-log': moduleOf(`${BOOM}
  (func (export "proxy_on_log") (param i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (if (i32.ge_u (global.get $seen) (i32.const ${NTH})) (then (call $boom))))`),
  'trap-in-tick': moduleOf(`${BOOM}
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $ticks (i32.const ${TICK_MS}))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32) (call $boom))`),
  'some-500': failingOneIn(ONE_IN),
  'many-500': failingOneIn(MANY_ONE_IN),
  // A ring of what waits, 16 bytes each: the context, and since when.
  slow: moduleOf(`
  (func $slot (param i32) (result i32)
    (i32.add (i32.const 1024) (i32.mul (i32.and (local.get 0) (i32.const 1023)) (i32.const 16))))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $ticks (i32.const 10))) (i32.const 1))
  (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (call $slot (global.get $last)))
    (i32.store (local.get $at) (local.get $context))
    (i64.store (i32.add (local.get $at) (i32.const 8)) (call $now))
    (global.set $last (i32.add (global.get $last) (i32.const 1)))
    (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (local $at i32)
    (block $done
      (loop $more
        (br_if $done (i32.eq (global.get $first) (global.get $last)))
        (local.set $at (call $slot (global.get $first)))
        (br_if $done (i64.lt_u
          (i64.sub (call $now) (i64.load (i32.add (local.get $at) (i32.const 8))))
          (i64.const ${DELAY_NS})))
        (global.set $first (i32.add (global.get $first) (i32.const 1)))
        (if (i32.eqz (call $in_context (i32.load (local.get $at))))
          (then (drop (call $continue (i32.const 0)))))
        (br $more))))`),
  leak: moduleOf(`
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $page i32) (local $left i32)
    (local.set $page (memory.grow (i32.const ${LEAK_PAGES})))
    (if (i32.ne (local.get $page) (i32.const -1)) (then
      (local.set $left (i32.const ${LEAK_PAGES * 16}))
      (loop $touch
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (i32.store8
          (i32.add (i32.mul (local.get $page) (i32.const 65536)) (i32.mul (local.get $left) (i32.const 4096)))
          (i32.const 1))
        (br_if $touch (local.get $left)))))
    (i32.const 0))`),
};
