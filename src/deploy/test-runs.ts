import { makeLimiter } from '../base/concurrency.ts';
import { dataKey } from '../base/json.ts';
import { distinctBy } from '../base/lists.ts';
import { formatProxyVersion, type ProxyVersion } from '../filter/compatibility/proxy-version.ts';
import type { TrialRequest } from '../filter/host/request.ts';
import type { FilterTest, TestResult } from '../filter/tests/filter-test.ts';
import type { WrittenTest } from '../filter/tests/written-test.ts';
import { withinBudget } from './test-budget.ts';
import type { TestedFilter, TestOutcome, TestRun } from './test-report.ts';

/** Runs tests of a filter; gives a result for each, in their order. Never rejects. */
export type RunTests = (request: TrialRequest, tests: readonly FilterTest[]) => Promise<readonly TestResult[]>;

/** Each compiles its module, which keeps a core busy. */
const PARALLEL_RUNS = 2;

interface Running {
  readonly filter: string;
  proxies: readonly ProxyVersion[];
  readonly run: Promise<Omit<TestRun, 'proxies'>>;
}

/** The runs of tests in all clusters of a run: what several of them ask is run once, and everything is kept for the report. */
export class TestRuns {
  readonly #run: RunTests;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  readonly #limit = makeLimiter(PARALLEL_RUNS);
  readonly #running = new WeakMap<Uint8Array, Map<string, Running>>();
  /** In the order in which they are asked for, which a report keeps whichever of them ends first. */
  readonly #asked = new Set<Running>();
  readonly #done = new Map<Running, Omit<TestRun, 'proxies'>>();

  /**
   * @param now milliseconds, from any start
   * @param signal once it aborts, what comes of tests is no result of theirs
   */
  constructor(run: RunTests, now: () => number, signal: AbortSignal) {
    this.#run = run;
    this.#now = now;
    this.#signal = signal;
  }

  /** Runs the tests of a filter as some proxies would, all in the same way; none where they are not known. */
  async run(
    request: TrialRequest,
    tests: readonly WrittenTest[],
    proxies: readonly ProxyVersion[],
  ): Promise<readonly TestOutcome[]> {
    const { module, ...rest } = request;
    const ofModule = this.#running.get(module) ?? new Map<string, Running>();
    this.#running.set(module, ofModule);
    const key = dataKey([rest, tests.map(({ place }) => place)]);
    const known = ofModule.get(key);
    const running = known ?? {
      filter: request.name,
      proxies: [],
      run: this.#limit(() => this.#start(request, tests)),
    };
    ofModule.set(key, running);
    this.#asked.add(running);
    running.proxies = distinctBy([...running.proxies, ...proxies], formatProxyVersion);
    const done = await running.run;
    if (!this.#signal.aborted) this.#done.set(running, done);
    return done.tests;
  }

  /** What has been run so far, by filter. */
  get tested(): readonly TestedFilter[] {
    const byFilter = Map.groupBy(this.#asked, ({ filter }) => filter);
    return [...byFilter].flatMap(([filter, asked]) => {
      const runs = asked.flatMap((running) => {
        const done = this.#done.get(running);
        return done === undefined ? [] : [{ proxies: running.proxies.map(formatProxyVersion), ...done }];
      });
      return runs.length === 0 ? [] : [{ filter, runs }];
    });
  }

  async #start(request: TrialRequest, tests: readonly WrittenTest[]): Promise<Omit<TestRun, 'proxies'>> {
    const started = this.#now();
    const given = tests.map(({ test }) => test);
    const results = withinBudget(await this.#run(request, given));
    return {
      durationMs: Math.round(this.#now() - started),
      tests: tests.map(({ test: { name }, place }, index): TestOutcome => {
        const result = results[index] ?? { name, log: [], trace: [], state: 'inconclusive', why: ['it was not run'] };
        return { ...result, place };
      }),
    };
  }
}
