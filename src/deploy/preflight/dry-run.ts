import { messageOf } from '../../base/problem.ts';
import { isDryRunUnsupported } from '../../cluster/api-server-words.ts';
import type { Client } from '../../cluster/client.ts';
import { ApiError } from '../../cluster/errors.ts';
import { missingPermission } from '../../cluster/missing-permission.ts';
import { tellingAdmission } from '../kinds/admission-warnings.ts';
import type { Admission } from '../report/plan-report.ts';
import type { ProposedChange } from './changes.ts';

/** Sends a write as a dry run, with all of admission, and tells what came of it. */
export async function dryRunChange({ send }: ProposedChange, client: Client): Promise<Admission> {
  try {
    return { state: 'accepted', warnings: tellingAdmission(await send(client)) };
  } catch (error) {
    if (!(error instanceof ApiError)) return nothingAdmitted(messageOf(error));
    if (error.status === 403 && missingPermission(error.message) !== undefined) {
      return nothingAdmitted(`the kubeconfig user may not make this write (${error.message})`);
    }
    if (error.status === 429 || error.status >= 500) return nothingAdmitted(error.message);
    if (isDryRunUnsupported(error)) return nothingAdmitted(error.message);
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
