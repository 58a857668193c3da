import { defined } from '../../base/defined.ts';
import { type Traffic, trafficSince } from '../../mesh/proxy/traffic.ts';
import type { SoakComparison, SoakRecent } from '../report/soak-report.ts';
import type { PodRecord } from './pod-record.ts';
import { addRecent, type RecentTraffic } from './recent-traffic.ts';
import { failuresIn } from './traffic-judge.ts';
import { sumOver } from './traffic-mark.ts';

/** The requests to the new pods, and what they are compared with. */
export interface Requests {
  readonly now?: Traffic;
  readonly before?: Traffic;
  readonly with: SoakComparison;
  /** What the old pods counted last, where somebody has read them twice. */
  readonly recent: readonly RecentTraffic[];
}

/**
 * Returns the requests to new pods and what they are compared with: old pods, or else, where those had fewer than `minRequests`, what the
 * new ones had at first. All are sums of what each pod has counted by itself.
 */
export function compareRequests(
  newPods: readonly PodRecord[],
  oldPods: readonly PodRecord[],
  minRequests: number,
): Requests {
  const now = sumOver(newPods, allOf);
  const before = sumOver(oldPods, allOf);
  const nothing = { ...defined({ now }), with: 'nothing', recent: [] } as const;
  if (now === undefined) return nothing;
  if (before !== undefined && before.requests >= minRequests) {
    const sinceStart = sumOver(newPods, ({ trafficSinceStart }) => trafficSinceStart);
    const recent = addRecent(oldPods.map((record) => record.recent));
    return { now: sinceStart ?? now, before, with: 'old-pods', recent: recent === undefined ? [] : [recent] };
  }
  const first = sumOver(newPods, ({ firstTraffic }) => firstTraffic);
  if (first === undefined || first.requests < minRequests) return nothing;
  const since = sumOver(newPods, ({ traffic, firstTraffic }) => traffic && trafficSince(traffic, firstTraffic));
  if (since === undefined || since.requests === 0) return nothing;
  return { now: since, before: first, with: 'own-start', recent: [] };
}

/** All requests that a pod has counted. */
export function allOf({ traffic }: PodRecord): Traffic | undefined {
  return traffic;
}

/** What the old pods counted last, for the report; `undefined` where nobody has read them twice. */
export function recentOf({ recent: [recent] }: Requests): SoakRecent | undefined {
  if (recent === undefined) return undefined;
  const { all, hits } = failuresIn(recent.traffic);
  return { ms: recent.ms, requests: all, failed: hits };
}
