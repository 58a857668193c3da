import { findHostFunction } from '../../../../../src/filter/compatibility/host-functions.ts';
import { serializeHeaders } from '../../../../../src/filter/host/pairs.ts';
import { assemble } from '../../wat.ts';

const CALLBACKS: Readonly<Record<string, readonly [params: number, result: boolean]>> = {
  vm_start: [2, true],
  configure: [2, true],
  request_headers: [3, true],
  request_body: [3, true],
  request_trailers: [2, true],
  response_headers: [3, true],
  response_body: [3, true],
  response_trailers: [2, true],
  http_call_response: [5, false],
  grpc_receive_initial_metadata: [3, false],
  grpc_receive: [3, false],
  grpc_receive_trailing_metadata: [3, false],
  grpc_close: [3, false],
  tick: [1, false],
  queue_ready: [2, false],
  log: [1, false],
};

/** Places in memory: where results go, and where texts and what the host gives begin. */
const TO = '(i32.const 16) (i32.const 20)';
const TEXTS = 1_024;
const GIVEN = 32_768;

/** What the host gave last: pointer and size. */
export const LAST = '(i32.load (i32.const 16)) (i32.load (i32.const 20))';
export const CONTINUE = '(i32.const 0)';
export const PAUSE = '(i32.const 1)';
export const P = (index: number): string => `(local.get ${index})`;

/** Writes filters in WebAssembly's text format. `code` of a callback ends with what it returns, where it returns something. */
export class WatFilter {
  readonly #hosts = new Set(['proxy_log']);
  readonly #texts = new Map<string, number>();
  #end = TEXTS;
  readonly #callbacks: string[] = [];
  #globals = '';

  /** A text in memory, as pointer and size. */
  text(value: string | Uint8Array): string {
    const bytes = Buffer.from(value);
    const key = bytes.toString('latin1');
    const at = this.#texts.get(key) ?? this.#end;
    if (!this.#texts.has(key)) {
      this.#texts.set(key, at);
      this.#end += bytes.length;
    }
    return `(i32.const ${at}) (i32.const ${bytes.length})`;
  }

  pairs(headers: readonly (readonly [string, string])[]): string {
    return this.text(serializeHeaders(headers));
  }

  /** Calls a host function; its status is on the stack. */
  call(name: string, ...args: readonly (string | number)[]): string {
    this.#hosts.add(name);
    return `(call $${name} ${args.map((arg) => (typeof arg === 'number' ? `(i32.const ${arg})` : arg)).join(' ')})`;
  }

  do(name: string, ...args: readonly (string | number)[]): string {
    return `(drop ${this.call(name, ...args)})`;
  }

  log(text: string, level = 2): string {
    return this.do('proxy_log', level, this.text(text));
  }

  /** Logs what the host gave last. */
  logLast(level = 2): string {
    return this.do('proxy_log', level, LAST);
  }

  /** Logs a text and a number below 1,000. */
  logNumber(text: string, value: string): string {
    return `(call $number ${this.text(text)} ${value})`;
  }

  add(map: number, name: string, value: string): string {
    return this.do('proxy_add_header_map_value', map, this.text(name), this.text(value));
  }

  replace(map: number, name: string, value: string): string {
    return this.do('proxy_replace_header_map_value', map, this.text(name), this.text(value));
  }

  /** Sets a header to what the host gave last. */
  replaceByLast(map: number, name: string): string {
    return this.do('proxy_replace_header_map_value', map, this.text(name), LAST);
  }

  remove(map: number, name: string): string {
    return this.do('proxy_remove_header_map_value', map, this.text(name));
  }

  getHeader(map: number, name: string): string {
    return this.do('proxy_get_header_map_value', map, this.text(name), TO);
  }

  getProperty(path: string): string {
    return this.do('proxy_get_property', this.text(path.replaceAll('.', '\0')), TO);
  }

  getBuffer(type: number, size: string | number = 10_000): string {
    return this.do('proxy_get_buffer_bytes', type, 0, size, TO);
  }

  setBuffer(type: number, text: string): string {
    return this.do('proxy_set_buffer_bytes', type, 0, 10_000, this.text(text));
  }

  respond(status: number, body = '', headers: readonly (readonly [string, string])[] = [], grpc = -1): string {
    return this.do('proxy_send_local_response', status, this.text(''), this.text(body), this.pairs(headers), grpc);
  }

  httpCall(cluster: string, headers: readonly (readonly [string, string])[], body = '', timeout = 5_000): string {
    return this.call(
      'proxy_http_call',
      this.text(cluster),
      this.pairs(headers),
      this.text(body),
      this.pairs([]),
      timeout,
      24,
    );
  }

  /** Makes host functions act for the first stream, or another. */
  actFor(context: number): string {
    return this.do('proxy_set_effective_context', context);
  }

  on(name: string, code: string): this {
    const [params, result] = CALLBACKS[name] ?? [0, false];
    this.#callbacks.push(
      `(func (export "proxy_on_${name}") (param ${'i32 '.repeat(params)}) ${result ? '(result i32)' : ''} ${code})`,
    );
    return this;
  }

  global(name: string): this {
    this.#globals += `(global $${name} (mut i32) (i32.const 0))`;
    return this;
  }

  build(): Uint8Array {
    const imports = [...this.#hosts].map((name) => {
      const host = ['env', 'wasi_snapshot_preview1'].map((module) => findHostFunction(module, name)).find(Boolean);
      const results = host?.results.join(' ') ?? '';
      return `(import "${host?.modules[0]}" "${name}" (func $${name} (param ${host?.params.join(' ')}) (result ${results})))`;
    });
    const texts = [...this.#texts].map(([latin1, at]) => {
      const escaped = [...Buffer.from(latin1, 'latin1')].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`);
      return `(data (i32.const ${at}) "${escaped.join('')}")`;
    });
    return assemble(`${imports.join('\n')}
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const ${GIVEN}))
      ${this.#globals}
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param $size i32) (result i32)
        global.get $next
        (global.set $next (i32.add (global.get $next) (local.get $size))))
      (func $number (param $at i32) (param $size i32) (param $value i32)
        (memory.copy (i32.const 512) (local.get $at) (local.get $size))
        (i32.store8 (i32.add (i32.const 512) (local.get $size))
          (i32.add (i32.const 48) (i32.div_u (local.get $value) (i32.const 100))))
        (i32.store8 (i32.add (i32.const 513) (local.get $size))
          (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get $value) (i32.const 10)) (i32.const 10))))
        (i32.store8 (i32.add (i32.const 514) (local.get $size))
          (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
        (drop (call $proxy_log (i32.const 2) (i32.const 512) (i32.add (local.get $size) (i32.const 3)))))
      ${texts.join('\n')}
      ${this.#callbacks.join('\n')}`);
  }
}
