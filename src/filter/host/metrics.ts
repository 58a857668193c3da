import { Status } from './status.ts';

const KINDS = ['counter', 'gauge', 'histogram'] as const;

interface Metric {
  readonly kind: (typeof KINDS)[number];
  value: bigint;
}

/** The lowest two bits of an id are the kind, as in Envoy. */
const KIND_BITS = 3;
const ID_STEP = 4;

/** Counters, gauges and histograms that the filter defines. Answers are statuses. */
export class Metrics {
  readonly #counts = { counter: 0, gauge: 0, histogram: 0 };
  readonly #metrics = new Map<number, Metric>();

  /** The new metric's id, or `undefined` for a kind that does not exist. */
  define(kind: number): number | undefined {
    const name = KINDS[kind];
    if (name === undefined) return undefined;
    this.#counts[name] += 1;
    const id = this.#counts[name] * ID_STEP + kind;
    this.#metrics.set(id, { kind: name, value: 0n });
    return id;
  }

  increment(id: number, offset: bigint): number {
    if (!hasValue(id)) return Status.badArgument;
    const metric = this.#metrics.get(id);
    if (metric === undefined) return Status.notFound;
    if (metric.kind === 'counter' && offset <= 0n) return Status.badArgument;
    metric.value = BigInt.asUintN(64, metric.value + offset);
    return Status.ok;
  }

  record(id: number, value: bigint): number {
    const metric = this.#metrics.get(id);
    if (metric === undefined) return Status.notFound;
    metric.value = BigInt.asUintN(64, metric.kind === 'counter' ? metric.value + value : value);
    return Status.ok;
  }

  /** A counter's or gauge's value, or the status that says why there is none. */
  get(id: number): bigint | number {
    if (!hasValue(id)) return Status.badArgument;
    return this.#metrics.get(id)?.value ?? Status.notFound;
  }
}

/** Whether an id is that of a counter or a gauge. */
function hasValue(id: number): boolean {
  return (id & KIND_BITS) <= KINDS.indexOf('gauge');
}
