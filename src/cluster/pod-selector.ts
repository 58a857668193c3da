import type { Workload } from './objects.ts';

/**
 * The pods of a workload as a `labelSelector` of the API. Other workloads' pods may match, too: see `ownerOf`.
 * The API server admits no workload without a selector, and no operators but these four (apps/v1, LabelSelector).
 */
export function selectorOf({ spec }: Workload): string {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
    }),
  ].join(',');
}
