import { untilAborted } from '../../base/concurrency.ts';
import { messageOf } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { readTarget } from '../kinds/target-access.ts';
import { isGone } from '../observe/deleted.ts';

/** What came of a look at a workload. */
export type Look =
  | { readonly state: 'seen'; readonly workload: Workload }
  | { readonly state: 'deleted' }
  /** The kubeconfig user may not look. */
  | { readonly state: 'forbidden' }
  | { readonly state: 'unseen'; readonly trouble: string };

/** A server that takes longer for one object does not show it. */
const LOOK_MS = 5_000;

/** Returns how a workload is at this moment, or why the API server does not tell. Never throws. */
export async function lookOnce(client: Client, ref: WorkloadRef, latest: Workload): Promise<Look> {
  const limit = AbortSignal.timeout(LOOK_MS);
  try {
    return { state: 'seen', workload: await untilAborted(readTarget(client, ref, latest), limit) };
  } catch (error) {
    if (isGone(error, ref)) return { state: 'deleted' };
    if (isApiError(error, 403)) return { state: 'forbidden' };
    return {
      state: 'unseen',
      trouble: limit.aborted ? `no answer within ${LOOK_MS / 1_000} s` : messageOf(error),
    };
  }
}
