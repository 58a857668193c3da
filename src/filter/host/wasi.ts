import type { HostImplementation } from './engine.ts';
import { isSince, SINCE } from './envoy-kinds.ts';
import { MAX_LINE_LENGTH } from './filter-log.ts';
import type { HostState } from './host-state.ts';

/** `wasi_errno_t`. */
export const Errno = {
  success: 0,
  badf: 8,
  fault: 21,
  inval: 28,
  noent: 44,
  nosys: 52,
  notsup: 58,
  notcapable: 76,
} as const;

const STDOUT = 1;
const STDERR = 2;
/** The most random bytes that Envoy gives at once. */
const MAX_RANDOM = 65_536;
const MAX_WRITTEN = MAX_LINE_LENGTH * 4;

/** Functions that only newer Envoys have. */
const UNCERTAIN = (
  'clock_res_get fd_advise fd_allocate fd_datasync fd_fdstat_set_rights fd_filestat_get ' +
  'fd_filestat_set_size fd_filestat_set_times fd_pread fd_pwrite fd_readdir fd_renumber fd_sync fd_tell ' +
  'path_create_directory path_filestat_get path_filestat_set_times path_link path_readlink path_remove_directory ' +
  'path_rename path_symlink path_unlink_file sock_accept sock_recv sock_send sock_shutdown'
).split(' ');

/** The WASI functions as Envoy answers them: a log, clocks, randomness, variables, no files, no arguments. */
export function wasiFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory } = state;
  const faultUnless = (ok: boolean): number => (ok ? Errno.success : Errno.fault);
  const unsupportedCall = (name: string): number => {
    state.unsupported(`WASI's ${name}`);
    return Errno.nosys;
  };
  const uncertain = UNCERTAIN.map((name): [string, HostImplementation] => [name, () => unsupportedCall(name)]);
  return {
    ...Object.fromEntries(uncertain),
    fd_write: (fd: number, vectors: number, count: number, writtenTo: number) => {
      if (fd !== STDOUT && fd !== STDERR) return Errno.badf;
      const text = gather(state, vectors >>> 0, count >>> 0);
      if (text === undefined) return Errno.fault;
      if (text.size > 0) state.log.add(fd === STDOUT ? 'info' : 'error', text.start.replace(/\n$/, ''));
      return faultUnless(memory.setUint32(writtenTo, text.size));
    },
    fd_read: (_fd: number, _vectors: number, _count: number, _readTo: number) => Errno.nosys,
    fd_seek: (_fd: number, _offset: bigint, _whence: number, _to: number) => Errno.success,
    fd_close: (_fd: number) => Errno.success,
    fd_fdstat_get: (fd: number, statTo: number) => {
      if (fd !== STDOUT && fd !== STDERR) return Errno.badf;
      const stat = new Uint8Array(24);
      // The right to write.
      stat[8] = 64;
      memory.write(statTo, stat);
      return Errno.success;
    },
    fd_fdstat_set_flags: (_fd: number, _flags: number) => Errno.nosys,
    fd_prestat_get: (_fd: number, _to: number) => Errno.badf,
    fd_prestat_dir_name: (_fd: number, _path: number, _size: number) => Errno.nosys,
    path_open: (..._parameters: never[]) => Errno.noent,
    sched_yield: () => Errno.success,
    // It never waits: no event has happened, whatever was asked for.
    poll_oneoff: (_subscriptions: number, _events: number, _count: number, happenedTo: number) => {
      const polling = isSince(state.request.envoy, SINCE.polling);
      if (polling === undefined) return unsupportedCall('poll_oneoff');
      return polling ? faultUnless(memory.setUint32(happenedTo, 0)) : Errno.nosys;
    },
    environ_get: (pointersTo: number, bufferTo: number) => {
      let at = bufferTo;
      return faultUnless(
        variablesOf(state).every((variable, index) => {
          const written = memory.setUint32(pointersTo + index * 4, at) && memory.write(at, variable);
          at += variable.length;
          return written;
        }),
      );
    },
    environ_sizes_get: (countTo: number, sizeTo: number) => {
      const variables = variablesOf(state);
      const size = variables.reduce((sum, { length }) => sum + length, 0);
      return faultUnless(memory.setUint32(countTo, variables.length) && memory.setUint32(sizeTo, size));
    },
    args_get: (_to: number, _buffer: number) => Errno.success,
    args_sizes_get: (countTo: number, sizeTo: number) =>
      faultUnless(memory.setUint32(countTo, 0) && memory.setUint32(sizeTo, 0)),
    clock_time_get: (clock: number, _precision: bigint, timeTo: number) => {
      if (clock !== 0 && clock !== 1) return Errno.notsup;
      return faultUnless(memory.setUint64(timeTo, clock === 0 ? state.world.now() : state.world.monotonic()));
    },
    random_get: (pointer: number, size: number) => {
      if (size >>> 0 > MAX_RANDOM) return Errno.inval;
      if (size === 0) return Errno.success;
      return faultUnless(memory.write(pointer, crypto.getRandomValues(new Uint8Array(size >>> 0))));
    },
    // Envoy goes on after it; compilers put an `unreachable` behind the call.
    proc_exit: (code: number) => {
      state.exitCode = code;
      return undefined;
    },
  };
}

/** `NAME=value` with a zero behind it, of each variable. Those of the proxy are not known here. */
function variablesOf(state: HostState): Uint8Array[] {
  return Object.entries(state.request.environment ?? {}).flatMap(([name, value]) => {
    if (typeof value === 'string') return [Buffer.from(`${name}=${value}\0`)];
    state.unsupported(`the variable ${name} of the proxy`);
    return [];
  });
}

/** The bytes of an array of (pointer, size): how many, and the text of the first ones. */
function gather({ memory }: HostState, vectors: number, count: number): { size: number; start: string } | undefined {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let index = 0; index < count; index += 1) {
    const vector = memory.view(vectors + index * 8, 8);
    if (vector === undefined) return undefined;
    const numbers = new DataView(vector.buffer, vector.byteOffset, 8);
    const part = memory.view(numbers.getUint32(0, true), numbers.getUint32(4, true));
    if (part === undefined) return undefined;
    if (size < MAX_WRITTEN && part.length > 0) parts.push(part.slice(0, MAX_WRITTEN));
    size += part.length;
  }
  return { size, start: Buffer.concat(parts).toString('utf8') };
}
