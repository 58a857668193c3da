import { assemble } from './modules.ts';

/** A filter that fills its memory again and again while it starts: V8 cannot end a thread in the middle of that. */
export const endlessFilter = (): Promise<Uint8Array> =>
  assemble(`(module (memory (export "memory") 1024)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) i32.const 0)
    (func (export "_initialize")
      (loop $on (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3ff0000)) (br $on))))`);
