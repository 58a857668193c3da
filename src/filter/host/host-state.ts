import { formatBytes } from '../../base/text.ts';
import type { AbiVersion } from '../module/facts.ts';
import type { FilterLog } from './filter-log.ts';
import { GuestMemory } from './guest-memory.ts';
import { Metrics } from './metrics.ts';
import type { Header, TrialRequest } from './request.ts';
import { SharedData, SharedQueues } from './shared-data.ts';
import { Stream, type StreamAction } from './stream.ts';
import type { World } from './world.ts';

/** Context ids as Envoy counts them. */
export const ROOT_CONTEXT = 1;

const TOKEN_STEP = 4;

/** Bytes of names, values, headers and bodies that the host keeps for the filter, freed or not. */
const MAX_KEPT = 134_217_728;

/** What has come of a call of the filter, while a callback for it runs. */
export interface CallResult {
  /** By `proxy_map_type_t`. */
  readonly maps: Readonly<Record<number, readonly Header[]>>;
  /** By `proxy_buffer_type_t`. */
  readonly buffers: Readonly<Record<number, Uint8Array>>;
}

const NO_RESULT: CallResult = { maps: {}, buffers: {} };

/** Everything that the host functions share during one run of a filter. */
export class HostState {
  readonly request: TrialRequest;
  readonly abi: AbiVersion;
  readonly log: FilterLog;
  readonly memory: GuestMemory;
  readonly metrics = new Metrics();
  readonly data = new SharedData();
  readonly queues: SharedQueues;
  readonly world: World;
  readonly #unsupported: (about: string) => void;

  /** Envoy gives out the plugin's configuration only while it creates and configures the root context. */
  configurationReadable = false;
  /** The module is instantiated, its own start function included. */
  linked = false;
  /** While the module starts, only a few host functions may be called. */
  starting = false;
  callResult = NO_RESULT;
  /** What `proxy_get_status` says. */
  status = { code: 0, message: '' };
  /** How often the filter wants `proxy_on_tick`, in milliseconds; 0: never. */
  tickPeriodMs = 0;
  /** The filter has answered by itself in the current call, so nothing goes on, whatever the call returns. */
  stopped = false;
  /** Set by `proc_exit` in the current call. */
  exitCode: number | undefined;
  /** What ended the proxy. */
  crashed: string | undefined;
  /** What the host has no room for: the trial ends with the running call. */
  overrun: string | undefined;
  /** A trap of the filter's allocator while the host wanted memory: the host goes on, and the VM is lost. */
  lost: string | undefined;
  #current = 0;
  #effective = 0;
  #tokenCount = 0;
  readonly #tokens = new Set<number>();
  readonly #streams = new Map<number, Stream>();
  #lastContext = ROOT_CONTEXT;
  #actions: { readonly stream: Stream; readonly action: StreamAction }[] = [];

  constructor(
    request: TrialRequest,
    abi: AbiVersion,
    log: FilterLog,
    unsupported: (about: string) => void,
    world: World,
  ) {
    this.request = request;
    this.abi = abi;
    this.world = world;
    this.log = log;
    this.queues = new SharedQueues(request.vmId);
    this.#unsupported = unsupported;
    this.memory = new GuestMemory(MAX_KEPT, {
      tooMuch: () => {
        this.overrun = `it makes its host keep more than ${formatBytes(MAX_KEPT)} of headers, keys, values and bodies`;
        return new Error(this.overrun);
      },
      missing: () => this.crash('Envoy looks into the memory of the filter, which exports none'),
      lost: (reason) => {
        this.lost ??= reason;
      },
    });
  }

  /** Here Envoy's process would end; the error ends the call. */
  crash(reason: string): Error {
    this.crashed ??= reason;
    return new Error(reason);
  }

  /** The filter asked for something that a real proxy may answer otherwise: what it does from here on proves nothing bad. */
  unsupported(about: string): void {
    this.#unsupported(about);
  }

  /** A call into the filter begins, for a context. */
  enter(context: number): void {
    this.#current = context;
    this.#effective = 0;
    this.stopped = false;
    this.exitCode = undefined;
    this.log.forget();
  }

  /** A new stream, which has the next context. */
  openStream(): Stream {
    this.#lastContext += 1;
    const stream = new Stream(this.#lastContext);
    this.#streams.set(stream.id, stream);
    return stream;
  }

  /** The context of a stream is gone. */
  closeStream({ id }: Stream): void {
    this.#streams.delete(id);
  }

  /** The filter wants something of the stream that the call acts for; it happens when the call has ended. */
  defer(action: StreamAction): void {
    const stream = this.activeStream;
    if (stream !== undefined) this.#actions.push({ stream, action });
  }

  /** Does what was put off. */
  act(): void {
    const actions = this.#actions;
    this.#actions = [];
    for (const { stream, action } of actions) stream.perform(action);
  }

  /** Runs a callback for a call while its result can be read. */
  withResult(result: CallResult, run: () => void): void {
    this.callResult = result;
    run();
    this.callResult = NO_RESULT;
  }

  /** Makes host functions act for another context until the call ends; false for one that does not exist. */
  actFor(context: number): boolean {
    const known = context === ROOT_CONTEXT || context === 0 || this.#streams.has(context);
    if (known) this.#effective = context;
    return known;
  }

  /** The stream, when the call acts for it. */
  get activeStream(): Stream | undefined {
    return this.#streams.get(this.#effective === 0 ? this.#current : this.#effective);
  }

  /** A token for something that is answered later, which in a trial run is never; `kind` is its lowest two bits. */
  nextToken(kind: number): number {
    this.memory.keep(1);
    this.#tokenCount += 1;
    const token = this.#tokenCount * TOKEN_STEP + kind;
    this.#tokens.add(token);
    return token;
  }

  hasToken(token: number): boolean {
    return this.#tokens.has(token);
  }

  /** What the token stands for is over. */
  dropToken(token: number): void {
    this.#tokens.delete(token);
  }
}
