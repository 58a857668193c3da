import { formatBytes } from '../../base/text.ts';
import type { AbiVersion } from '../module/facts.ts';
import type { FilterLog } from './filter-log.ts';
import { GuestMemory } from './guest-memory.ts';
import { Metrics } from './metrics.ts';
import type { TrialRequest } from './request.ts';
import { SharedData, SharedQueues } from './shared-data.ts';
import { Stream } from './stream.ts';

/** Context ids as Envoy counts them. */
export const ROOT_CONTEXT = 1;
export const STREAM_CONTEXT = 2;

const TOKEN_STEP = 4;

/** Bytes of names, values, headers and bodies that the host keeps for the filter, freed or not. */
const MAX_KEPT = 134_217_728;

/** Everything that the host functions share during one trial run. */
export class HostState {
  readonly request: TrialRequest;
  readonly abi: AbiVersion;
  readonly log: FilterLog;
  readonly memory: GuestMemory;
  readonly metrics = new Metrics();
  readonly data = new SharedData();
  readonly queues: SharedQueues;
  readonly stream = new Stream();
  /** Properties that the filter has set, by path. */
  readonly properties = new Map<string, Uint8Array>();
  readonly #unsupported: (about: string) => void;

  /** Envoy gives out the plugin's configuration only while it creates and configures the root context. */
  configurationReadable = false;
  /** The module is instantiated, its own start function included. */
  linked = false;
  /** While the module starts, only a few host functions may be called. */
  starting = false;
  streamExists = false;
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
  readonly #tokens = new Set<number>();

  constructor(request: TrialRequest, abi: AbiVersion, log: FilterLog, unsupported: (about: string) => void) {
    this.request = request;
    this.abi = abi;
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
    this.exitCode = undefined;
    this.log.forget();
  }

  /** Makes host functions act for another context until the call ends; false for one that does not exist. */
  actFor(context: number): boolean {
    const known = context === ROOT_CONTEXT || context === 0 || (context === STREAM_CONTEXT && this.streamExists);
    if (known) this.#effective = context;
    return known;
  }

  /** The stream, when the call acts for it. */
  get activeStream(): Stream | undefined {
    const context = this.#effective === 0 ? this.#current : this.#effective;
    return context === STREAM_CONTEXT ? this.stream : undefined;
  }

  /** A token for something that is answered later, which in a trial run is never; `kind` is its lowest two bits. */
  nextToken(kind: number): number {
    this.memory.keep(1);
    const token = (this.#tokens.size + 1) * TOKEN_STEP + kind;
    this.#tokens.add(token);
    return token;
  }

  hasToken(token: number): boolean {
    return this.#tokens.has(token);
  }
}
