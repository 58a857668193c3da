import type { FilterTest, TestStep } from '../../../../../src/filter/tests/filter-test.ts';
import { testOf } from '../tests.ts';
import { WatFilter } from './wat-filter.ts';

/** A test of a filter, and what it comes to wherever it runs. */
export interface Shape {
  readonly name: string;
  readonly module: Uint8Array;
  readonly test: FilterTest;
  readonly rootId?: string;
  readonly configuration?: string;
  readonly allowOnHeadersStopIteration?: true;
  /** Where the differences are; none: it passes. */
  readonly fails?: readonly string[];
  /** The filter traps. */
  readonly stops?: true;
}

/** Builds the filter and the test of a shape. */
export function shape(
  name: string,
  build: (filter: WatFilter) => void,
  steps: readonly TestStep[],
  more: Partial<Omit<Shape, 'name' | 'module' | 'test'>> & { readonly test?: Partial<FilterTest> } = {},
): Shape {
  const filter = new WatFilter();
  build(filter);
  const { test, ...rest } = more;
  return { name, module: filter.build(), test: testOf(steps, { name, ...test }), ...rest };
}
