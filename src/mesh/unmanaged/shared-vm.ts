/** A filter of a proxy, by what Envoy makes its VM of. */
export interface VmUser {
  /** Which filter it is, for a reader. */
  readonly what: string;
  readonly vmId: string;
  readonly rootId: string;
  /** `sha256:` and 64 hex digits of its module; `undefined` if nothing tells it. */
  readonly digest: string | undefined;
}

/** How two filters of a proxy share a VM: as two roots of it, which may be meant, or as one and the same. */
export type VmSharing = 'roots' | 'everything';

/**
 * Whether two filters of one proxy share a VM, which Envoy keys by its id, its own configuration and its code, whatever the filters are
 * called (proxy-wasm-cpp-host `makeVmKey`). With equal root ids the module cannot tell them apart either.
 */
export function sharingOf(a: VmUser, b: VmUser): VmSharing | undefined {
  if (a.vmId === '' || a.vmId !== b.vmId) return undefined;
  if (a.digest === undefined || a.digest !== b.digest) return undefined;
  return a.rootId === b.rootId ? 'everything' : 'roots';
}
