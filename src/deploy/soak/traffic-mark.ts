import { addTraffic, type Traffic, trafficSince } from '../../mesh/proxy/traffic.ts';
import type { PodRecord } from './pod-record.ts';
import type { RecentTraffic } from './recent-traffic.ts';

/** What pods had counted at a time, each by itself: a sum of theirs would not tell which of them has come since, or gone. */
export class TrafficMark {
  readonly at: number;
  readonly #counted: ReadonlyMap<PodRecord, Traffic>;

  constructor(records: readonly PodRecord[], at: number) {
    this.at = at;
    this.#counted = new Map(
      records.flatMap((record): [PodRecord, Traffic][] =>
        record.traffic === undefined ? [] : [[record, record.traffic]],
      ),
    );
  }

  /** What pods have counted since; of those that were not there, since their start. `undefined` where they count nothing. */
  since(records: readonly PodRecord[], now: number): RecentTraffic | undefined {
    const traffic = sumOver(records, (record) => {
      const marked = this.#counted.get(record);
      return marked === undefined || record.traffic === undefined
        ? record.trafficSinceStart
        : trafficSince(record.traffic, marked);
    });
    return traffic && { traffic, ms: now - this.at };
  }
}

/** Returns the sum of something that pods have counted; `undefined` where none has. */
export function sumOver(
  records: readonly PodRecord[],
  of: (record: PodRecord) => Traffic | undefined,
): Traffic | undefined {
  return records.reduce<Traffic | undefined>((sum, record) => addTraffic(sum, of(record)), undefined);
}
