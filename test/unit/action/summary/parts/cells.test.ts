import { expect, test } from '@jest/globals';
import { writeCell } from '../../../../../src/action/summary/parts/cells.ts';
import { NEW, ref, rolledBack } from '../../report-builder.ts';

const PATH = 'shop/deployment/reviews';

/** The cells of a workload that was rolled back, after these objects were deleted. */
function cellsAfter(...deleted: readonly string[]): string[] {
  const target = rolledBack(PATH);
  const report = { outcome: 'failed' as const, collected: { deleted, left: [] } };
  return (['configMap', 'filterResource'] as const).map((step) => writeCell(step, target, report));
}

test('what was written for a workload is told as deleted once it is, also the record of a filter that proxies pull', () => {
  const { namespace } = ref(PATH);
  const name = `${namespace}/add-header-${NEW}`;
  expect(cellsAfter(`WasmPlugin ${name}`, `ConfigMap ${name}`)).toEqual(['↩️&nbsp;deleted', '↩️&nbsp;deleted']);
  expect(cellsAfter(`WasmPlugin ${name}`)).toEqual(['✅&nbsp;written', '↩️&nbsp;deleted']);
});
