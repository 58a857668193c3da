import { Status } from './status.ts';

const KINDS = ['counter', 'gauge', 'histogram'] as const;

interface Metric {
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
  /** Of a histogram how many values were recorded. */
  value: bigint;
}

/** The lowest two bits of an id are the kind, as in Envoy. */
const KIND_BITS = 3;
const ID_STEP = 4;

/** Counters, gauges and histograms that the filter defines: one of each kind and name, whatever ids it gets. Answers are statuses. */
export class Metrics {
  readonly #counts = { counter: 0, gauge: 0, histogram: 0 };
  readonly #metrics = new Map<number, Metric>();
  readonly #named = new Map<string, Metric>();

  /** The new metric's id, or `undefined` for a kind that does not exist. */
  define(number: number, name: string): number | undefined {
    const kind = KINDS[number];
    if (kind === undefined) return undefined;
    this.#counts[kind] += 1;
    const id = this.#counts[kind] * ID_STEP + number;
    const key = `${kind} ${name}`;
    const metric = this.#named.get(key) ?? { kind, name, value: 0n };
    this.#named.set(key, metric);
    this.#metrics.set(id, metric);
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
    if (metric.kind === 'histogram') metric.value += 1n;
    else metric.value = BigInt.asUintN(64, metric.kind === 'counter' ? metric.value + value : value);
    return Status.ok;
  }

  /** A counter's or gauge's value, or the status that says why there is none. */
  get(id: number): bigint | number {
    if (!hasValue(id)) return Status.badArgument;
    return this.#metrics.get(id)?.value ?? Status.notFound;
  }

  /** The value of the metric of that name, of a histogram the number of its records; `undefined` if there is none. */
  named(name: string): bigint | undefined {
    return KINDS.map((kind) => this.#named.get(`${kind} ${name}`)).find((metric) => metric !== undefined)?.value;
  }
}

/** Whether an id is that of a counter or a gauge. */
function hasValue(id: number): boolean {
  return (id & KIND_BITS) <= KINDS.indexOf('gauge');
}
