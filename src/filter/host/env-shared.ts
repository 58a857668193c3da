import type { HostImplementation } from './engine.ts';
import { written } from './env-general.ts';
import type { HostState } from './host-state.ts';
import { Status } from './status.ts';

/** Shared data, shared queues and metrics. */
export function sharedFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory, metrics, data, queues } = state;
  return {
    proxy_get_shared_data: (key: number, keySize: number, valueTo: number, sizeTo: number, versionTo: number) => {
      const name = memory.text(key, keySize);
      if (name === undefined) return Status.invalidMemoryAccess;
      const entry = data.get(name);
      if (entry === undefined) return Status.notFound;
      const status = memory.give(entry.value, valueTo, sizeTo);
      return status === Status.ok ? written(memory.setUint32(versionTo, entry.version)) : status;
    },
    proxy_set_shared_data: (key: number, keySize: number, value: number, valueSize: number, version: number) => {
      const [name, bytes] = [memory.keptText(key, keySize), memory.bytes(value, valueSize)];
      if (name === undefined || bytes === undefined) return Status.invalidMemoryAccess;
      return data.set(name, bytes, version >>> 0);
    },
    proxy_register_shared_queue: (name: number, nameSize: number, idTo: number) => {
      const text = memory.keptText(name, nameSize);
      return text === undefined ? Status.invalidMemoryAccess : written(memory.setUint32(idTo, queues.register(text)));
    },
    proxy_resolve_shared_queue: (vm: number, vmSize: number, name: number, nameSize: number, idTo: number) => {
      const [vmId, text] = [memory.text(vm, vmSize), memory.text(name, nameSize)];
      if (vmId === undefined || text === undefined) return Status.invalidMemoryAccess;
      const id = queues.resolve(vmId, text);
      if (id !== undefined) return written(memory.setUint32(idTo, id));
      state.unsupported(`the shared queue ${text} of another filter`);
      return Status.notFound;
    },
    proxy_enqueue_shared_queue: (id: number, pointer: number, size: number) => {
      const bytes = memory.bytes(pointer, size);
      if (bytes === undefined) return Status.invalidMemoryAccess;
      const items = queues.items(id);
      if (items === undefined) return Status.notFound;
      items.push(bytes);
      state.world.enqueued(id);
      return Status.ok;
    },
    proxy_dequeue_shared_queue: (id: number, pointerTo: number, sizeTo: number) => {
      const items = queues.items(id);
      if (items === undefined) return Status.notFound;
      const item = items.shift();
      return item === undefined ? Status.empty : memory.give(item, pointerTo, sizeTo);
    },
    proxy_define_metric: (kind: number, name: number, nameSize: number, idTo: number) => {
      const text = memory.keptText(name, nameSize);
      if (text === undefined) return Status.invalidMemoryAccess;
      const id = metrics.define(kind, text);
      return id === undefined ? Status.badArgument : written(memory.setUint32(idTo, id));
    },
    proxy_increment_metric: (id: number, offset: bigint) => metrics.increment(id, offset),
    proxy_record_metric: (id: number, value: bigint) => metrics.record(id, value),
    proxy_get_metric: (id: number, valueTo: number) => {
      const value = metrics.get(id);
      return typeof value === 'number' ? value : written(memory.setUint64(valueTo, value));
    },
  };
}
