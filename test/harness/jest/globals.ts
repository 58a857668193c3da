import type * as Globals from '@jest/globals';

// What test files get that import `@jest/globals` (see `runner.ts`).
export let afterAll: typeof Globals.afterAll;
export let afterEach: typeof Globals.afterEach;
export let beforeAll: typeof Globals.beforeAll;
export let beforeEach: typeof Globals.beforeEach;
export let describe: typeof Globals.describe;
export let expect: typeof Globals.expect;
export let jest: typeof Globals.jest;
export let test: typeof Globals.test;

/** Makes what is exported here that of the test file that runs next. */
export function setGlobals(globals: typeof Globals): void {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } = globals);
}
