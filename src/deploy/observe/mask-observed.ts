import { maskFound, secretsInValue } from '../../base/redaction/configuration-secrets.ts';
import type { Mask } from '../../base/redaction/redactor.ts';
import type { ClusterSnapshot } from './snapshot.ts';

/**
 * Makes known what stands under a secret's key in our EnvoyFilters and plugins of some namespaces: the same value may come back under
 * another key, from an input or from what a proxy says.
 */
export function maskObserved(
  snapshot: Pick<ClusterSnapshot, 'filterResources'>,
  namespaces: readonly string[],
  mask: Mask | undefined,
): void {
  if (mask === undefined) return;
  const specs = namespaces.flatMap((namespace) => snapshot.filterResources(namespace).map(({ spec }) => spec));
  for (const secret of new Set(secretsInValue(specs))) maskFound(secret, mask);
}
