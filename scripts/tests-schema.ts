import { MAX_TESTS } from '../src/action/tests-file/limits.ts';
import { test } from '../src/action/tests-file/test.ts';
import type { Schema } from './manifest-schema.ts';

/** The schema of a list of tests, of the forms that read it. */
export function testList(): Schema {
  return {
    type: 'array',
    minItems: 1,
    maxItems: MAX_TESTS,
    items: { ...test.schema, required: ['name'], anyOf: [{ required: ['expect'] }, { required: ['sequence'] }] },
  };
}

/** Makes the JSON Schema of a file of tests, in the draft that editors read. */
export function testsSchema(): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Tests of deploy-wasm-filter',
    description: 'Tests of a Proxy-Wasm filter: requests, and what must come of them.',
    ...testList(),
  };
}
