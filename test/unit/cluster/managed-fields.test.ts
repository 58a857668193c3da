import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withReadFieldSets } from '../../../src/cluster/managed-fields.ts';
import type { Workload } from '../../../src/cluster/objects.ts';
import { isAppliedByServer, isDeclared } from '../../../src/mesh/identity/applier.ts';
import { editorsOf, isWrittenByUs, writtenAt } from '../../../src/mesh/identity/editors.ts';
import { describeTemplateKeeper, templateManagers } from '../../../src/mesh/identity/owner.ts';

const leaf = fc.constantFrom({}, { '.': {} });
const labels = fc.dictionary(
  fc.constantFrom('f:app', 'f:app.kubernetes.io/managed-by', 'f:deploy-wasm-filter/filter'),
  leaf,
);
const annotations = fc.dictionary(
  fc.constantFrom('f:sidecar.istio.io/userVolume', 'f:sidecar.istio.io/userVolumeMount', 'f:note'),
  leaf,
);
const metadata = fc.record({ 'f:labels': labels, 'f:annotations': annotations }, { requiredKeys: [] });
const podSpec = fc.constant({ 'f:containers': { 'k:{"name":"app"}': { 'f:image': {}, 'f:ports': {} } } });
const template = fc.record({ 'f:metadata': metadata, 'f:spec': podSpec }, { requiredKeys: [] });
const spec = fc.record({ 'f:replicas': leaf, 'f:template': template }, { requiredKeys: [] });
const fields = fc.record({ 'f:metadata': metadata, 'f:spec': spec, 'f:status': podSpec }, { requiredKeys: [] });
const entry = fc.record(
  {
    manager: fc.constantFrom(
      'deploy-wasm-filter',
      'kubectl-edit',
      'argocd-controller',
      'helm',
      'kube-controller-manager',
    ),
    operation: fc.constantFrom('Apply', 'Update'),
    time: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    fieldsV1: fc.oneof(
      fields,
      fc.constantFrom<unknown>(undefined, null, 'f:spec', { 'f:spec': null }, { 'f:spec': { 'f:template': 1 } }),
    ),
  },
  { requiredKeys: [] },
);
const workload = fc
  .record({ managedFields: fc.array(entry, { maxLength: 4 }) }, { requiredKeys: [] })
  .map((meta) => ({ metadata: { name: 'web', namespace: 'shop', ...meta } }) as Workload);

/** All that is read of field sets. */
const read = (object: Workload): unknown => [
  editorsOf(object),
  isWrittenByUs(object),
  writtenAt(object),
  isDeclared(object),
  isAppliedByServer(object),
  templateManagers(object),
  describeTemplateKeeper(object),
];

describe('the field sets of an object that was read', () => {
  test('tell every reader what the whole ones tell', () => {
    fc.assert(fc.property(workload, (object) => expect(read(withReadFieldSets(object))).toEqual(read(object))));
  });

  test('have no branches for containers and status', () => {
    fc.assert(
      fc.property(workload, (object) => {
        expect(JSON.stringify(withReadFieldSets(object))).not.toMatch(/f:containers|f:status|f:replicas/);
      }),
    );
  });
});
