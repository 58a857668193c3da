import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { pause } from '../../src/base/concurrency.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { onlyTarget, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const istio = (requests: number, failed: number): string =>
  `istio_requests_total{reporter="destination",response_code="200"} ${requests - failed}\n` +
  `istio_requests_total{reporter="destination",response_code="503"} ${failed}\n`;

/** Serves the counters of old and new pods, by the number of the asking. */
async function serve(scene: Scene, old: (asked: number) => string, now: (asked: number) => string): Promise<void> {
  const before = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
  const asked = new Map<string, number>();
  scene.inject(({ path }) => {
    const [, pod] = /\/pods\/([^/:]+):15090\//.exec(path) ?? [];
    if (pod === undefined) return undefined;
    const turn = (asked.get(pod) ?? 0) + 1;
    asked.set(pod, turn);
    return { answer: { status: 200, body: before.has(pod) ? old(turn) : now(turn) } };
  });
}

describe('a soak reads old pods twice', () => {
  test.concurrent('and does not hold against a filter what a backend failed already before it', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    // For hours all was well; since some minutes one request in twenty fails.
    await serve(
      scene,
      (asked) => istio(90_000 + 400 * asked, 20 + 20 * asked),
      (asked) => istio(400 * asked, 20 * asked),
    );
    const report = await scene.deploy({ soak: '5s' });
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'deployed',
      soak: {
        verdict: 'passed',
        comparedWith: 'old-pods',
        excused: expect.stringMatching(
          /^istio_requests_total: 5\.0% of \d+ requests failed \(5xx or reset\) in the new pods, <0\.1% of \d+ requests in the old pods, but 5\.0% of \d+ requests in their last [\d.]+ s$/,
        ),
      },
    });
    expect(report.warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Deployment \S+ got worse before the change, so that is not held against it: istio_/),
    ]);
    expect(renderSummary(report.whole)).toMatch(/worse, as it was before the change.*lately \d+ \(5 %\)/);
  });

  test.concurrent('and says what both times were like where the filter is worse than both', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(
      scene,
      (asked) => istio(90_000 + 400 * asked, 20),
      (asked) => istio(400 * asked, 20 * asked),
    );
    const report = await scene.deploy({ soak: '60s' });
    const { problem, rollback } = onlyTarget(report);
    expect(problem === undefined ? '' : describeProblem(problem)).toMatch(
      /in the new pods, <0\.1% of \d+ requests in the old pods, 0% of \d+ requests in their last [\d.]+ s/,
    );
    expect(rollback?.state).toBe('rolled-back');
  });

  test.concurrent('and says that they had too few requests lately to tell', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(
      scene,
      () => istio(90_000, 20),
      (asked) => istio(400 * asked, 20 * asked),
    );
    const report = await scene.deploy({ soak: '60s' });
    const { problem, rollback } = onlyTarget(report);
    expect(problem === undefined ? '' : describeProblem(problem)).toMatch(
      /in the old pods, in their last [\d.]+ s too few requests to tell \(0\)/,
    );
    expect(rollback?.state).toBe('rolled-back');
  });

  test.concurrent('a bounded number of times, however long a rollout takes', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const old = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
    await serve(
      scene,
      (asked) => istio(1_000 * asked, 0),
      (asked) => istio(1_000 * asked, 0),
    );
    await scene.deploy({ soak: '10s' });
    const reads = scene.requests.filter(({ path }) => [...old].some((name) => path.includes(`/pods/${name}:15090/`)));
    expect(reads.length).toBeGreaterThanOrEqual(2);
    expect(reads.length).toBeLessThanOrEqual(8);
  });

  test.concurrent('one reading after the other, however slowly their proxies answer', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const before = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
    const readings = new Map<string, { asked: number; open: number }>();
    const atOnce: number[] = [];
    scene.inject(({ path }) => {
      const [, pod] = /\/pods\/([^/:]+):15090\//.exec(path) ?? [];
      if (pod === undefined) return undefined;
      const reading = readings.get(pod) ?? { asked: 0, open: 0 };
      readings.set(pod, reading);
      const turn = ++reading.asked;
      atOnce.push(++reading.open);
      const text = istio(90_000 + 400 * turn, before.has(pod) ? 20 : 20 * turn);
      async function* slowly(): AsyncGenerator<string> {
        // From the third time on, two occasions to read fall together: the last one before the change, and the usual one.
        if (turn > 2) await pause(1_000);
        reading.open--;
        yield text;
      }
      return { answer: { status: 200, body: slowly() } };
    });
    const report = await scene.deploy({ soak: '60s' });
    expect(onlyTarget(report).rollback?.state).toBe('rolled-back');
    expect(atOnce.length).toBeGreaterThan(4);
    expect(Math.max(...atOnce)).toBe(1);
  });
});
