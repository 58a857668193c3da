import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Pod } from '../../../../src/cluster/objects.ts';
import { DEFAULT_SOAK_LIMITS } from '../../../../src/deploy/policy.ts';
import { TrafficMark } from '../../../../src/deploy/soak/traffic-mark.ts';
import { WorkloadWatch } from '../../../../src/deploy/soak/workload-watch.ts';
import type { ProxyCounters } from '../../../../src/mesh/proxy/wasm-counters.ts';
import { refOf } from '../../builders.ts';

/** What becomes of a proxy between two looks. */
interface Step {
  readonly served: number;
  readonly failed: number;
  /** Before or after which of those its proxy is started anew, if at all. */
  readonly restart: 'before' | 'after' | 'never';
  /** Whether the look at it gets an answer. */
  readonly answers: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  served: fc.nat(50),
  failed: fc.nat(5),
  restart: fc.constantFrom('never', 'never', 'never', 'before', 'after'),
  answers: fc.boolean(),
});
const PODS = 3;
const courses = fc.array(fc.array(step, { minLength: PODS, maxLength: PODS }), { minLength: 1, maxLength: 12 });

const LOOK_SECONDS = 3;

/** A proxy whose counters begin anew with each start, and what a reader of them could know. */
class CountingProxy {
  readonly pod: Pod;
  #now = { requests: 0, errors: 0, uptime: 0 };
  #read = { requests: 0, errors: 0 };
  /** All that was served, and that of it which a restart has hidden before anybody read it. */
  served = { requests: 0, errors: 0 };
  lost = { requests: 0, errors: 0 };

  constructor(index: number) {
    this.pod = { metadata: { name: `reviews-${index}`, uid: `uid-${index}` } };
  }

  take({ served, failed, restart, answers }: Step, tellsUptime: boolean): ProxyCounters | undefined {
    this.#now.uptime += LOOK_SECONDS;
    // The kubelet waits ten seconds before it starts a container for the second time.
    const mayRestart = this.#now.uptime > LOOK_SECONDS;
    if (mayRestart && restart === 'before') this.#restart();
    this.#now.requests += served + failed;
    this.#now.errors += failed;
    this.served.requests += served + failed;
    this.served.errors += failed;
    if (mayRestart && restart === 'after') this.#restart();
    if (!answers) return undefined;
    const { requests, errors, uptime } = this.#now;
    this.#read = { requests, errors };
    return {
      plugins: new Map(),
      vms: { created: 0, active: 0 },
      traffic: { source: 'istio', requests, errors, resets: 0 },
      ...(tellsUptime && { uptimeSeconds: uptime }),
    };
  }

  #restart(): void {
    this.lost.requests += this.#now.requests - this.#read.requests;
    this.lost.errors += this.#now.errors - this.#read.errors;
    this.#read = { requests: 0, errors: 0 };
    this.#now = { requests: 0, errors: 0, uptime: 0 };
  }

  /** What was counted and could be read by now. */
  get unread(): { requests: number; errors: number } {
    return { requests: this.#now.requests - this.#read.requests, errors: this.#now.errors - this.#read.errors };
  }
}

function watchAll(course: readonly (readonly Step[])[], tellsUptime: boolean) {
  const proxies = Array.from({ length: PODS }, (_, index) => new CountingProxy(index));
  const watch = new WorkloadWatch(refOf('shop/deployment/reviews'), DEFAULT_SOAK_LIMITS);
  let at = 0;
  for (const steps of course) {
    at += LOOK_SECONDS * 1_000;
    const records = watch.show(proxies.map(({ pod }) => pod));
    for (const [index, record] of records.entries()) {
      const [proxy, one] = [proxies[index], steps[index]];
      const counters = one && proxy?.take(one, tellsUptime);
      record.add({ at, ...(counters !== undefined && { counters }) });
    }
  }
  const sum = (of: (proxy: CountingProxy) => number): number => proxies.reduce((all, proxy) => all + of(proxy), 0);
  return {
    watch,
    counted: watch.report([]).new,
    readable: {
      requests: sum((one) => one.served.requests - one.lost.requests - one.unread.requests),
      failed: sum((one) => one.served.errors - one.lost.errors - one.unread.errors),
    },
  };
}

test('of proxies that are started anew, all is counted that any look could see, and nothing else', () => {
  fc.assert(
    fc.property(courses, (course) => {
      // Each is longer up at the next look, unless it was started anew: each has to answer for that to be seen.
      const seen = course.map((steps) => steps.map((one) => ({ ...one, answers: true })));
      const { counted, readable } = watchAll(seen, true);
      expect(counted).toMatchObject(readable);
    }),
  );
});

test('of proxies that do not tell when they were started, or that do not answer, nothing is invented', () => {
  fc.assert(
    fc.property(courses, fc.boolean(), (course, tellsUptime) => {
      const { counted, readable } = watchAll(course, tellsUptime);
      expect(counted.requests).toBeLessThanOrEqual(readable.requests);
      expect(counted.failed).toBeLessThanOrEqual(readable.failed);
    }),
  );
});

test('what pods have counted since a time is that of each by itself, whichever have come or gone', () => {
  const watch = new WorkloadWatch(refOf('shop/deployment/reviews'), DEFAULT_SOAK_LIMITS);
  const podOf = (name: string): Pod => ({ metadata: { name, uid: name } });
  const look = (names: readonly string[], counts: Readonly<Record<string, number>>): void => {
    for (const record of watch.show(names.map(podOf))) {
      const requests = counts[record.name] ?? 0;
      const traffic = { source: 'istio', requests, errors: 0, resets: 0 } as const;
      record.add({ at: 0, counters: { plugins: new Map(), vms: { created: 0, active: 0 }, traffic } });
    }
  };
  look(['a', 'b'], { a: 1_000, b: 1_000 });
  const mark = new TrafficMark(watch.newPods, 0);
  // One is gone, one was started anew, and one has come, whose first requests are its start's.
  look(['b', 'c'], { b: 10, c: 70 });
  look(['b', 'c'], { b: 15, c: 90 });
  expect(mark.since(watch.newPods, 5)).toEqual({
    traffic: { source: 'istio', requests: 35, errors: 0, resets: 0 },
    ms: 5,
  });
});
