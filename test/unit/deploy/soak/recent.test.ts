import { describe, expect, test } from '@jest/globals';
import { judgeRecent } from '../../../../src/deploy/soak/recent-judge.ts';
import { addRecent, LastMinutes } from '../../../../src/deploy/soak/recent-traffic.ts';
import type { Traffic } from '../../../../src/mesh/proxy/traffic.ts';

const of = (requests: number, errors = 0): Traffic => ({ source: 'istio', requests, errors, resets: 0 });
const counted = (minutes: LastMinutes) => {
  const { counted } = minutes;
  return counted && { ms: counted.ms, requests: counted.traffic.requests };
};

describe('the last minutes of a pod', () => {
  test('are nothing until it was read twice', () => {
    const minutes = new LastMinutes();
    expect(minutes.counted).toBeUndefined();
    minutes.add(1_000, of(50));
    expect(minutes.counted).toBeUndefined();
    minutes.add(4_000, of(80));
    expect(counted(minutes)).toEqual({ ms: 3_000, requests: 30 });
  });

  test('are two of them, or the time since the read before', () => {
    const minutes = new LastMinutes();
    for (let second = 0; second <= 600; second += 15) minutes.add(second * 1_000, of(second));
    expect(counted(minutes)).toEqual({ ms: 120_000, requests: 120 });
    minutes.add(1_200_000, of(900));
    expect(counted(minutes)).toEqual({ ms: 600_000, requests: 300 });
  });

  test('grow once they are held', () => {
    const minutes = new LastMinutes();
    for (const second of [0, 60, 120]) minutes.add(second * 1_000, of(second));
    minutes.hold();
    for (const second of [600, 1_200]) minutes.add(second * 1_000, of(second));
    expect(counted(minutes)).toEqual({ ms: 1_200_000, requests: 1_200 });
  });

  test('of several pods are those of all that were read twice', () => {
    const one = { traffic: of(10, 1), ms: 3_000 };
    expect(addRecent([undefined, one, { traffic: of(5), ms: 6_000 }])).toEqual({ traffic: of(15, 1), ms: 6_000 });
    expect(addRecent([undefined])).toBeUndefined();
  });
});

describe('the last minutes of the old pods', () => {
  test.each([
    [
      'failed as the new pods do',
      { all: 200, hits: 40 },
      { all: 10_200, hits: 12 },
      { all: 200, hits: 10 },
      'as-recently',
    ],
    ['failed as they always did', { all: 200, hits: 10 }, { all: 10_000, hits: 10 }, { all: 500, hits: 1 }, 'worse'],
    ['had nothing to fail', { all: 200, hits: 10 }, { all: 10_000, hits: 10 }, { all: 0, hits: 0 }, 'too-few'],
    ['had few requests', { all: 200, hits: 10 }, { all: 10_000, hits: 10 }, { all: 30, hits: 0 }, 'too-few'],
    // As a connection that was closed while the pod ended.
    ['had two failures of few', { all: 200, hits: 10 }, { all: 10_000, hits: 10 }, { all: 40, hits: 2 }, 'too-few'],
    ['are all that is known of them', { all: 200, hits: 40 }, { all: 220, hits: 5 }, { all: 200, hits: 5 }, 'worse'],
  ] as const)('say what they can: they %s', (_case, now, before, recent, verdict) => {
    expect(judgeRecent(now, before, recent, false)).toBe(verdict);
  });

  test('do not excuse what is surely worse than they were, too', () => {
    expect(judgeRecent({ all: 200, hits: 90 }, { all: 10_000, hits: 50 }, { all: 200, hits: 40 }, true)).toBe('worse');
  });
});
