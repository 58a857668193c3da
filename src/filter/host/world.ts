import type { Header } from './request.ts';
import { LOG_LEVELS, type LogLevel, Status } from './status.ts';

/** A call that the filter makes to another service by itself. */
export interface OutgoingCall {
  readonly kind: 'http' | 'grpc-call' | 'grpc-stream';
  readonly token: number;
  /** The cluster as Envoy names it. */
  readonly cluster: string;
  /** With `:path`, `:method` and `:authority`; of a gRPC call its metadata and its path. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  readonly trailers: readonly Header[];
  /** Milliseconds; 0: none. */
  readonly timeoutMs: number;
}

/** What is around the filter. */
export interface World {
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Nanoseconds of a clock that is never set. */
  readonly monotonic: () => bigint;
  /** What `proxy_get_log_level` answers. */
  readonly logLevel: LogLevel;
  /** A property that somebody has said, by its parts divided by dots. */
  readonly property: (path: string) => string | bigint | boolean | undefined;
  /** The filter makes a call; gives the status that it gets. */
  readonly called: (call: OutgoingCall) => number;
  /** The filter has sent a message on a gRPC stream that it has begun; `end`: its last one. */
  readonly sent: (token: number, message: Uint8Array, end: boolean) => void;
  /** The filter has cancelled a call. */
  readonly cancelled: (token: number) => void;
  /** The filter has asked for something that comes later in a proxy, and never comes here. */
  readonly unanswered: (about: string) => void;
  /** There is something new in a queue of the filter. */
  readonly enqueued: (queue: number) => void;
}

const ignore = (): void => undefined;

/** The world of a trial: the clock of this machine, and nobody who answers. Istio's proxies log from warn on. */
export const NOBODY: World = {
  now: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n,
  monotonic: () => BigInt(Math.round(performance.now() * 1_000)) * 1_000n,
  logLevel: 'warn',
  property: () => undefined,
  called: () => Status.ok,
  sent: ignore,
  cancelled: ignore,
  unanswered: ignore,
  enqueued: ignore,
};

/** The number of a level, as the ABI has it. */
export function levelNumber(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}
