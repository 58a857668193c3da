import { type PartialResult, partialResult } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';
import { readYamlNode, type YamlNode } from '../../base/yaml-node.ts';
import type { WrittenTest } from '../../filter/tests/written-test.ts';
import { subjectAt } from '../../filter/written.ts';
import { MAX_TESTS } from './limits.ts';
import { placeAt, Spot, type TestsOrigin } from './spot.ts';
import { test } from './test.ts';

const FORM =
  'Write a list of tests, such as - { name: adds the header, expect: { request: { headers: { x-added: "1" } } } }; docs/filter-tests.md has every key.';

/** Reads the text of a file of tests, or of the input `tests`: everything that is wrong with it, and the tests that can be read. */
export function parseTests(text: string, origin: TestsOrigin): PartialResult<readonly WrittenTest[]> {
  const read = readYamlNode(text);
  if (read.ok) return readTests(read.value, '', origin);
  const { line = 1, column = 1 } = read.syntax ?? {};
  const message = read.syntax === undefined ? `${read.fault}.` : `is not valid YAML: ${read.syntax.reason}.`;
  const place = subjectAt(placeAt(origin, '', { line, column }));
  return partialResult([], [{ kind: 'input', ...place, message, remedy: read.syntax?.remedy ?? FORM }]);
}

/** Reads a list of tests that is a value of a YAML text: `path` is the way of keys to it. */
export function readTests(node: YamlNode, path: string, origin: TestsOrigin): PartialResult<readonly WrittenTest[]> {
  const spot = new Spot(node, path, origin);
  const { value } = node;
  if (!Array.isArray(value) || value.length === 0) {
    spot.wrong(Array.isArray(value) ? 'is an empty list.' : `is ${quoted(value)}, which is not a list.`, FORM);
  } else if (value.length > MAX_TESTS) {
    spot.wrong(`has ${value.length} tests; at most ${MAX_TESTS} are run.`, 'Write fewer of them.');
  } else {
    const tests = node.items.flatMap((item, index): WrittenTest[] => {
      const own = spot.inner(item, `[${index}]`);
      const read = test.read(own);
      return read === undefined ? [] : [{ test: read, place: own.place }];
    });
    return partialResult(tests, spot.diagnostics.problems);
  }
  return partialResult([], spot.diagnostics.problems);
}
