import { expect, test } from '@jest/globals';
import { missingFilter } from '../../../../src/deploy/commands/present.ts';
import { filterRequest } from '../../builders.ts';

test('a filter that the targets of a manifest do not have is told where these stand', () => {
  const at = { file: 'mesh.yaml', line: 9, column: 3 };
  const entries = filterRequest('- deployment/reviews').targets.map((entry) => ({ ...entry, at }));
  const scope = { filter: 'auth', entries, namespaces: ['shop'] };
  const nothing = { workloads: () => [], filtersWithObjects: () => [] };
  const [problem] = missingFilter({ scope, workloads: [], targets: [], namespaces: ['shop'] }, nothing);
  expect(problem).toMatchObject({ kind: 'targets', at });
});
