import type { Direction, VmEnvironment } from '../settings.ts';

/** A filter and the settings that it is going to get. */
export interface TrialRequest {
  readonly module: Uint8Array;
  readonly rootId: string;
  readonly vmId: string;
  /** The plugin's name, which the filter can ask for. */
  readonly name: string;
  readonly configuration: string;
  readonly direction: Direction;
  readonly environment?: VmEnvironment;
  /** The host functions that it may call and the callbacks that it gets; all when absent. */
  readonly capabilities?: readonly string[];
  /** Whether a filter that stops at the headers of a request still gets its body; it does not when absent. */
  readonly allowOnHeadersStopIteration?: true;
  /** The minor version of the Envoy 1 that it is tried for; without one, what Envoys differ in says nothing. */
  readonly envoy?: number;
}

/** Name and value, in the order in which they are sent. */
export type Header = readonly [name: string, value: string];
