import type { ContainerSpec, PodTemplate } from '../cluster/objects.ts';

export type Volume = NonNullable<NonNullable<PodTemplate['spec']>['volumes']>[number];

/**
 * The lists of a pod template that mount filters into a gateway, each as a whole, since a merge patch knows no other way; the
 * workload's resourceVersion keeps it from undoing what others write. Null takes a list away.
 */
export interface PodLists {
  readonly volumes?: readonly Volume[] | null;
  readonly containers?: readonly ContainerSpec[];
}

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

/** The keys of a map that differ from what is wanted; `undefined` if none does. A key that is wanted as `undefined` goes. */
export function changedKeys(
  now: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string | undefined>>,
): KeyChanges | undefined {
  const different = Object.entries(wanted).filter(([key, value]) => now?.[key] !== value);
  if (different.length === 0) return undefined;
  return Object.fromEntries(different.map(([key, value]) => [key, value ?? null]));
}
