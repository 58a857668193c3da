import type { PodRevision } from '../identity/revision.ts';
import type { EmptyLists } from '../identity/state.ts';
import type { KeyChanges, PodLists } from '../workload-patch.ts';

/** What is to change about the mounts of a pod template. */
export interface MountChange {
  /** One that is not mounted takes the mount of an earlier revision away. */
  readonly podRevisions: readonly PodRevision[];
  /** Filters whose mounts are to go. */
  readonly remove: readonly string[];
  /** Volumes of others whose entries are to go, because our mount takes their place. */
  readonly drop?: readonly string[];
  /** What a list becomes when its last entry goes; where it has none here, the annotation goes. */
  readonly emptyLists?: EmptyLists;
}

/** What of a pod template changes so that it brings filters to the pods. */
export interface PlacePatch {
  readonly annotations?: KeyChanges;
  readonly spec?: PodLists;
  readonly emptyLists?: EmptyLists;
}

/** The filters that a pod template does not mount any more once a change is made. */
export function unmountedBy({ podRevisions, remove }: MountChange): string[] {
  return [...remove, ...podRevisions.filter(({ image }) => image !== undefined).map(({ filter }) => filter)];
}
