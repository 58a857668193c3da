import { truncate } from '../../base/text.ts';
import type { HostImplementation } from './engine.ts';
import { MAX_LINE_LENGTH } from './filter-log.ts';
import type { HostState } from './host-state.ts';
import { property } from './properties.ts';
import { LOG_LEVELS, Status } from './status.ts';
import { levelNumber } from './world.ts';

/** UTF-8 needs at most this many bytes for one UTF-16 unit. */
const BYTES_PER_CHARACTER = 3;

/** Log, clock, properties, the configuration of ABI 0.1.0, contexts. */
export function generalFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory } = state;
  return {
    proxy_log: (level: number, pointer: number, size: number) => {
      const name = LOG_LEVELS[level >>> 0];
      if (name === undefined) return Status.badArgument;
      const text = memory.text(pointer, size, (MAX_LINE_LENGTH + 1) * BYTES_PER_CHARACTER);
      if (text === undefined) return Status.invalidMemoryAccess;
      state.log.add(name, text);
      return Status.ok;
    },
    proxy_get_log_level: (levelTo: number) => written(memory.setUint32(levelTo, levelNumber(state.world.logLevel))),
    proxy_get_current_time_nanoseconds: (timeTo: number) => written(memory.setUint64(timeTo, state.world.now())),
    proxy_set_tick_period_milliseconds: (period: number) => {
      state.tickPeriodMs = period >>> 0;
      return Status.ok;
    },
    proxy_get_status: (codeTo: number, pointerTo: number, sizeTo: number) =>
      memory.setUint32(codeTo, state.status.code)
        ? memory.give(new TextEncoder().encode(state.status.message), pointerTo, sizeTo)
        : Status.invalidMemoryAccess,
    proxy_get_configuration: (pointerTo: number, sizeTo: number) =>
      memory.give(
        new TextEncoder().encode(state.configurationReadable ? state.request.configuration : ''),
        pointerTo,
        sizeTo,
      ),
    proxy_get_property: (pointer: number, size: number, valueTo: number, sizeTo: number) => {
      const path = memory.text(pointer, size);
      if (path === undefined) return Status.invalidMemoryAccess;
      if (path === '') return Status.serializationFailure;
      const value =
        state.activeStream?.properties.get(path) ?? property(path, state.request, state.activeStream, state.world);
      if (typeof value !== 'string') return memory.give(value, valueTo, sizeTo);
      if (value === 'unknown') state.unsupported(`the property ${pathWords(path)}`);
      return Status.notFound;
    },
    proxy_set_property: (pointer: number, size: number, valueAt: number, valueSize: number) => {
      const [path, value] = [memory.keptText(pointer, size), memory.bytes(valueAt, valueSize)];
      if (path === undefined || value === undefined) return Status.invalidMemoryAccess;
      if (state.activeStream === undefined) return Status.notFound;
      state.activeStream.properties.set(path, value);
      return Status.ok;
    },
    proxy_set_effective_context: (context: number) => (state.actFor(context >>> 0) ? Status.ok : Status.badArgument),
    // Only a root context that is being shut down can be done, and none is here.
    proxy_done: () => Status.notFound,
    pthread_equal: (left: number, right: number) => (left === right ? 1 : 0),
    emscripten_notify_memory_growth: (_memory: number) => undefined,
  };
}

/** A path as a person writes it, and no more of it than a person reads. */
function pathWords(path: string): string {
  return truncate(path.endsWith('\0') ? path.slice(0, -1) : path, 100).replaceAll('\0', '.');
}

/** The status of a call that only writes an answer. */
export function written(ok: boolean): number {
  return ok ? Status.ok : Status.invalidMemoryAccess;
}
