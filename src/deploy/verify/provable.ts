import type { Workload } from '../../cluster/objects.ts';
import type { ListenerSettings } from '../../filter/settings.ts';
import type { Placement } from '../../mesh/identity/revision.ts';
import type { WorkloadRef } from '../../targets/target.ts';

/** A filter whose running is to be proven: where it is, and the settings that show in a proxy. */
export interface ProvenRevision {
  readonly revision: { readonly settings: ListenerSettings };
  readonly carrier: Placement;
}

/** A workload whose filters are to be proven. */
export interface Provable {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly ProvenRevision[];
}
