/** What one process and its children took, seen from outside. */
export interface Cost {
  readonly wallMs: number;
  readonly userMs: number;
  readonly systemMs: number;
  /** The most memory of any one of the processes. */
  readonly peakKiB: number;
}

/**
 * What a user would take instead of the action, in the order of the tables. Helm twice: as it is, which sends 5 requests a second once it
 * has sent 100, and told to send as many as it can.
 */
export const PEERS = ['kubectl', 'kubectl-wait', 'helm', 'helm-fast', 'xargs', 'script'] as const;

/** Who did it. */
export type Subject =
  /** The bare client: the writes alone, or the reads of a run without a change; and until the controller has seen each of the writes. */
  | 'limit'
  | 'limit-seen'
  /** The built action, by its default and with `wait: false`; with a manifest of many filters; and on the embedded server. */
  | 'action'
  | 'action-no-wait'
  | 'manifest'
  | 'embedded'
  | (typeof PEERS)[number]
  /** `node -e 0`. */
  | 'node';

export type Operation = 'deploy' | 'no-op' | 'status' | 'plan' | 'settings' | 'one-more' | 'remove' | 'start';

/** A number of workloads, spread over namespaces. */
export interface Size {
  readonly workloads: number;
  readonly namespaces: number;
}

/** What was done to how many workloads, by whom. */
export interface What extends Size {
  readonly subject: Subject;
  readonly operation: Operation;
}

export interface Sample extends What, Cost {
  readonly round: number;
}

/** What passed a recorder between the process and the API server, in a run of its own. */
export interface Count extends What {
  readonly requests: number;
  readonly writes: number;
  /** On the wire, with TLS and headers. */
  readonly bytesToServer: number;
  readonly bytesFromServer: number;
  /** Open at the same time. */
  readonly sockets: number;
  /** From the first write to the answer of the last one; 0 without any. */
  readonly writingMs: number;
}

/** Everything that a run of the benchmark has measured. */
export interface Results {
  readonly command: string;
  readonly takenAt: string;
  readonly minutes: number;
  readonly machine: Readonly<Record<'processor' | 'processors' | 'memory' | 'kernel', string>>;
  readonly versions: Readonly<Record<string, string>>;
  /** The bytes of the action's files. */
  readonly files: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
  readonly counts: readonly Count[];
  /** What did not come to its end, and why. */
  readonly failures: readonly string[];
}

/** Returns the median of numbers; undefined of none. */
export function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Whether something was done by these, to that many, and so on; what is left out is any. */
export function isAbout(one: What, asked: Partial<What>): boolean {
  return Object.entries(asked).every(([key, value]) => one[key as keyof What] === value);
}

/** Returns the median of one figure over all rounds of something; undefined where it was not measured. */
export function medianOf({ samples }: Results, asked: Partial<What>, figure: keyof Cost): number | undefined {
  return median(samples.filter((sample) => isAbout(sample, asked)).map((sample) => sample[figure]));
}

/** Returns the median of the counts of something; undefined where they were not taken. */
export function countOf(
  { counts }: Results,
  asked: Partial<What>,
  figure: Exclude<keyof Count, keyof What>,
): number | undefined {
  return median(counts.filter((count) => isAbout(count, asked)).map((count) => count[figure]));
}

/** Returns results as they are kept: whatever is a list has a line for each of its items. */
export function resultsText(results: Results): string {
  const parts = Object.entries(results).map(([name, value]) => {
    const lines =
      Array.isArray(value) && value.length > 0 ? value.map((one) => `\n  ${JSON.stringify(one)}`) : undefined;
    return ` ${JSON.stringify(name)}: ${lines === undefined ? JSON.stringify(value) : `[${lines.join(',')}\n ]`}`;
  });
  return `{\n${parts.join(',\n')}\n}\n`;
}
