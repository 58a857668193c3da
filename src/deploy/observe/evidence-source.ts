import type { Permission } from '../../base/permission.ts';
import type { Client } from '../../cluster/client.ts';
import { ApiError, isApiError } from '../../cluster/errors.ts';
import type { DeployContext } from '../context.ts';

/** Where evidence comes from. All of it is optional: what may not be read is left out. */
export interface EvidenceSource {
  readonly client: Client;
  readonly debug: (line: string) => void;
  /** Told of what the kubeconfig user may not read. */
  readonly denied?: (permission: Permission) => void;
}

/** Where a run's evidence comes from. */
export function evidenceSource({ client, log }: DeployContext): EvidenceSource {
  return { client, debug: (line) => log.debug(line) };
}

/** Reads what a permission is needed for; `undefined` if it cannot be read, of which a refusal is told. */
export function readIfAllowed<T>(
  permission: Permission,
  { client, debug, denied }: EvidenceSource,
  read: (client: Client) => Promise<T>,
): Promise<T | undefined> {
  return readIfPossible(debug, async () => {
    try {
      return await read(client);
    } catch (error) {
      if (isApiError(error, 403)) denied?.(permission);
      throw error;
    }
  });
}
/** Reads what a run can do without; `undefined` if it cannot be read, which the debug log tells. */
export async function readIfPossible<T>(debug: (line: string) => void, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    debug(`No evidence from ${error instanceof ApiError ? error.path : 'the API server'}: ${String(error)}`);
    return undefined;
  }
}
