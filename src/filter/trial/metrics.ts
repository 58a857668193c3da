import { Status } from './status.ts';

const KINDS = ['counter', 'gauge', 'histogram'] as const;

interface Metric {
  readonly kind: (typeof KINDS)[number];
  value: bigint;
}

/** Counters, gauges and histograms that the filter defines. Answers are statuses. */
export class Metrics {
  readonly #metrics: Metric[] = [];

  /** The new metric's id, or undefined for a kind that does not exist. */
  define(kind: number): number | undefined {
    const name = KINDS[kind];
    return name === undefined ? undefined : this.#metrics.push({ kind: name, value: 0n });
  }

  increment(id: number, offset: bigint): number {
    const metric = this.#metrics[id - 1];
    if (metric === undefined) return Status.notFound;
    if (metric.kind === 'histogram' || (metric.kind === 'counter' && offset < 0n)) return Status.badArgument;
    metric.value = BigInt.asUintN(64, metric.value + offset);
    return Status.ok;
  }

  record(id: number, value: bigint): number {
    const metric = this.#metrics[id - 1];
    if (metric === undefined) return Status.notFound;
    metric.value = BigInt.asUintN(64, metric.kind === 'counter' ? metric.value + value : value);
    return Status.ok;
  }

  /** A counter's or gauge's value, or the status that says why there is none. */
  get(id: number): bigint | number {
    const metric = this.#metrics[id - 1];
    if (metric === undefined) return Status.notFound;
    return metric.kind === 'histogram' ? Status.badArgument : metric.value;
  }
}
