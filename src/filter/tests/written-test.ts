import type { SettingPlace } from '../written.ts';
import type { FilterTest } from './filter-test.ts';

/** A test of a filter, and where somebody has written it. */
export interface WrittenTest {
  readonly test: FilterTest;
  /** What messages call the test, and where it stands if that is in a file of the workspace. */
  readonly place: SettingPlace;
}
