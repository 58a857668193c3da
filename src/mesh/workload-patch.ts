import type { PodLists } from './template/gateway-mounts.ts';

/** Keys of a map and what they become; null takes a key away (RFC 7386). */
export type KeyChanges = Readonly<Record<string, string | null>>;

/**
 * What of a workload changes: our state, our labels, and the two mount annotations of its pod template or, where it is a
 * gateway's, its lists of volumes and containers.
 */
export interface WorkloadPatch {
  readonly metadata?: { readonly annotations: KeyChanges };
  readonly spec?: {
    readonly template: {
      readonly metadata?: { readonly labels?: KeyChanges; readonly annotations?: KeyChanges };
      readonly spec?: PodLists;
    };
  };
}
