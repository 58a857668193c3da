import { describePermission, type Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { isApiError } from '../../cluster/errors.ts';

/** Whether a list could not be read for want of a permission, which only what a run is told to look at has to have. */
export function isRefused({ cause }: Problem): boolean {
  return isApiError(cause, 403);
}

/** The permissions to list what nobody named. */
export function missingToSee(unseen: readonly Problem[]): Permission[] {
  return unseen.flatMap(({ permission }) => permission ?? []);
}

/** What may have been missed in lists that nobody named and that could not be read; none where all could. */
export function unseenWarnings(unseen: readonly Problem[]): Warning[] {
  if (unseen.length === 0) return [];
  const missing = missingToSee(unseen);
  const why =
    missing.length === 0
      ? 'the API server does not show every kind of workload to the kubeconfig user'
      : `the kubeconfig user cannot ${listWords(missing.map(describePermission), 'and', 3)}`;
  const text = `Not every workload was looked at: ${why}. A filter that one of the others has is neither told of nor taken away, and objects that it may use stay in the namespace. Grant that permission, or make sure that no filter is there.`;
  return [{ topic: 'Workloads not seen', text }];
}
