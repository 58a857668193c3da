import { messageOf } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import { ApiError } from '../../cluster/errors.ts';
import { tellingAdmission } from '../kinds/admission-warnings.ts';
import type { Admission } from '../report/plan-report.ts';
import type { ProposedChange } from './changes.ts';

/** Sends a write as a dry run, with all of admission, and tells what came of it. */
export async function dryRunChange({ send }: ProposedChange, client: Client): Promise<Admission> {
  try {
    return { state: 'accepted', warnings: tellingAdmission(await send(client)) };
  } catch (error) {
    if (!(error instanceof ApiError)) return nothingAdmitted(messageOf(error));
    if (error.status === 403 && error.reason === 'Forbidden' && /cannot (patch|create|delete)/.test(error.message)) {
      return nothingAdmitted(`the kubeconfig user may not make this write (${error.message})`);
    }
    if (error.status === 429 || error.status >= 500) return nothingAdmitted(error.message);
    // k8s.io/apiserver admission/plugin/webhook/errors: a webhook with side effects is not called, and says nothing of the write.
    if (error.status === 400 && /does not support dry run/.test(error.message)) return nothingAdmitted(error.message);
    // Somebody has changed the object since it was read: nothing that admission has said.
    if (error.status === 409 && error.reason === 'Conflict')
      return nothingAdmitted('the object was modified by another client');
    return { state: 'refused', message: error.message };
  }
}

/** The API server was not asked. */
export function nothingAdmitted(why: string): Admission {
  return { state: 'not-asked', why };
}
