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
  const text = `Not every workload was looked at: ${whyUnseen(unseen)}. A filter of the others is neither reported nor removed, and objects that they may use stay in the namespace. Grant that permission, or make sure that they have no filter.`;
  return [{ topic: TOPIC, text }];
}

/** That nobody knows whether a target lends its pod template to another workload, whose list could not be read. */
export function unseenReferrerWarnings(unseen: readonly Problem[]): Warning[] {
  if (unseen.length === 0) return [];
  const text = `It is not known whether a Rollout takes its pod template from a Deployment of the target list (workloadRef): ${whyUnseen(unseen)}. The pods of such a Rollout would get the change, and this run would not verify them. Grant that permission, or make sure that there is no such Rollout.`;
  return [{ topic: TOPIC, text }];
}

const TOPIC = 'Workloads not seen';

function whyUnseen(unseen: readonly Problem[]): string {
  const missing = missingToSee(unseen);
  return missing.length === 0
    ? 'the API server does not show every kind of workload to the kubeconfig user'
    : `the kubeconfig user cannot ${listWords(missing.map(describePermission), 'and', 3)}`;
}
