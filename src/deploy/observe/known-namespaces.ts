import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import { NAMESPACE } from '../../cluster/resources.ts';
import type { NamespaceState } from '../../targets/workload-index.ts';

/** Returns the names of namespaces, for who has mistyped one; none if they may not be listed, which a deployer needs no permission for. */
export async function someNamespaces(client: Client): Promise<readonly string[]> {
  try {
    return (await client.listSome(NAMESPACE, undefined)).map(({ metadata }) => metadata.name);
  } catch {
    return [];
  }
}

/** Returns `undefined` if there is no answer: reading namespaces is a permission that a deployer need not have. */
export async function namespaceState(client: Client, namespace: string): Promise<NamespaceState | undefined> {
  try {
    const { metadata } = await client.get(NAMESPACE, undefined, namespace);
    return metadata.deletionTimestamp === undefined ? 'there' : 'ending';
  } catch (error) {
    return isApiError(error, 404) ? 'missing' : undefined;
  }
}
