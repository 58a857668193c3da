import type { TrialRequest } from '../../src/filter/host/request.ts';
import type { FilterTest } from '../../src/filter/tests/filter-test.ts';
import { run } from '../unit/filter/tests/tests.ts';
import { minorOf, requestOf } from './compare.ts';
import type { EnvoyProgram } from './envoy.ts';
import type { Fixture } from './fixture.ts';
import { TestProxy } from './test-proxy.ts';

/** What one test of one filter comes to here and in a real Envoy, in words that are the same where they agree. */
export interface TestComparison {
  readonly filter: string;
  readonly test: string;
  /** The version of the Envoy. */
  readonly program: string;
  readonly ours: string;
  readonly envoy: string;
}

/**
 * Runs tests of a filter here and in an Envoy. Those that have settings of their own have an Envoy of their own; all others go
 * through one, so the filter must keep nothing from one test to the next where there are several.
 */
export async function compareTests(
  filter: string,
  program: EnvoyProgram,
  fixture: Fixture,
  tests: readonly FilterTest[],
): Promise<TestComparison[]> {
  const request = requestOf(fixture);
  const groups = Map.groupBy(tests, (test) => (needsOwn(test) ? test.name : ''));
  const found: TestComparison[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const proxy = await TestProxy.start(program, request, first);
    try {
      for (const test of group) {
        const ours = outcomeHere(request, test, minorOf(program));
        const wanted = ours.state === 'ran' ? ours.where : [];
        const real = await proxy.run(test, wanted);
        found.push({
          filter,
          test: test.name,
          program: program.version,
          ours: words(ours),
          envoy: words(real),
        });
      }
    } finally {
      await proxy.stop();
    }
  }
  return found;
}

/** An Envoy is started with the settings of a test. */
function needsOwn({ settings, start }: FilterTest): boolean {
  return start.kind === 'refused' || Object.keys(settings).length > 0;
}

type Came =
  | { readonly state: 'ran'; readonly where: readonly string[] }
  | { readonly state: 'trapped' }
  | { readonly state: 'unknown'; readonly why: readonly string[] };

function outcomeHere(request: TrialRequest, test: FilterTest, envoy: number): Came {
  const result = run(request.module, test, { ...request, envoy });
  switch (result.state) {
    case 'passed':
      return { state: 'ran', where: [] };
    case 'failed':
      return { state: 'ran', where: result.differences.map(({ where }) => where) };
    case 'stopped':
      return { state: 'trapped' };
    case 'inconclusive':
      return { state: 'unknown', why: result.why };
  }
}

function words(came: Came): string {
  if (came.state === 'trapped') return 'the filter traps';
  if (came.state === 'unknown') return `says nothing: ${came.why.join('; ')}`;
  return came.where.length === 0 ? 'passes' : `fails: ${came.where.join(', ')}`;
}
