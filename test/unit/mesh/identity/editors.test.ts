import { describe, expect, test } from '@jest/globals';
import type { ObjectMeta } from '../../../../src/cluster/objects.ts';
import { editorsOf, isLabelledByOthers } from '../../../../src/mesh/identity/editors.ts';

test.each<[string, ObjectMeta['managedFields'], string[]]>([
  ['nothing is recorded', undefined, []],
  ['we alone', [{ manager: 'deploy-wasm-filter', operation: 'Apply' }], []],
  [
    'others, each once and in order',
    [
      { manager: 'kubectl-edit', operation: 'Update' },
      { manager: 'deploy-wasm-filter', operation: 'Apply' },
      { manager: 'argocd-controller', operation: 'Apply' },
      { manager: 'kubectl-edit', operation: 'Apply' },
    ],
    ['argocd-controller', 'kubectl-edit'],
  ],
  ['who has changed the spec', [{ manager: 'a', fieldsV1: { 'f:spec': {} } }], ['a']],
  [
    'who has changed our labels',
    [{ manager: 'a', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:deploy-wasm-filter/revision': {} } } } }],
    ['a'],
  ],
  [
    'who has changed what is not ours',
    [
      { manager: 'a', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:team': {} }, 'f:annotations': {} } } },
      { manager: 'pilot-discovery', fieldsV1: { 'f:status': {} } },
    ],
    [],
  ],
  ['somebody without a name', [{ operation: 'Update' }], []],
])('%s', (_, managedFields, editors) => {
  expect(editorsOf({ metadata: { name: 'x', ...(managedFields === undefined ? {} : { managedFields }) } })).toEqual(
    editors,
  );
});

describe('a label of a pod template is by others', () => {
  const LABEL = 'deploy-wasm-filter/add-header';
  const holding = (manager: string, label = LABEL): NonNullable<ObjectMeta['managedFields']>[number] => ({
    manager,
    fieldsV1: { 'f:spec': { 'f:template': { 'f:metadata': { 'f:labels': { [`f:${label}`]: {} } } } } },
  });

  test.each<[string, ObjectMeta['managedFields'], boolean]>([
    ['where somebody else alone has written it', [holding('kubectl-rollout')], true],
    ['not where this action has written it', [holding('deploy-wasm-filter')], false],
    ['not where this action has written it, too', [holding('helm'), holding('deploy-wasm-filter')], false],
    ['not where others have written other labels', [holding('kubectl-rollout', 'app')], false],
    ['not where nobody is recorded', undefined, false],
  ])('%s', (_, managedFields, expected) => {
    const metadata = { name: 'x', ...(managedFields === undefined ? {} : { managedFields }) };
    expect(isLabelledByOthers({ metadata }, LABEL)).toBe(expected);
  });
});
