/** `proxy_status_t` of the Proxy-Wasm ABI (https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1). */
export const Status = {
  ok: 0,
  notFound: 1,
  badArgument: 2,
  serializationFailure: 3,
  invalidMemoryAccess: 6,
  empty: 7,
  casMismatch: 8,
  internalFailure: 10,
  unimplemented: 12,
} as const;

/** Their names in the specification, in words. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  [Status.notFound]: 'not found',
  [Status.badArgument]: 'bad argument',
  [Status.serializationFailure]: 'serialization failure',
  [Status.invalidMemoryAccess]: 'invalid memory access',
  [Status.empty]: 'empty',
  [Status.casMismatch]: 'cas mismatch',
  [Status.internalFailure]: 'internal failure',
  [Status.unimplemented]: 'unimplemented',
};

/** Returns a status as a reader of a call wants it: its number, and what that means where it is not good. */
export function statusWords(status: number): string {
  const words = STATUS_WORDS[status];
  return words === undefined ? String(status) : `${status} (${words})`;
}

/** `proxy_log_level_t`, by number. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
