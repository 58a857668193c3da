/** How much of each part a page shows. What is left out is counted on the page. */
export interface Limits {
  /** Lines of diagnoses in all. */
  readonly diagnosisLines: number;
  /** Lines of differences in all. */
  readonly diffLines: number;
  /** Items of a list: objects, files, restarts. */
  readonly items: number;
  /** Rows of workloads that did not fail. */
  readonly goodRows: number;
  /** Bars of the picture of a rollout. */
  readonly bars: number;
  /** Rows of workloads that failed. */
  readonly failedRows: number;
  /** Characters of one filter's configuration. */
  readonly configuration: number;
  /** Filters whose settings are shown. */
  readonly filters: number;
  /** Names under one message. */
  readonly subjects: number;
  /** Messages of one kind. */
  readonly entries: number;
  readonly warnings: number;
  /** Characters of one message. */
  readonly message: number;
  /** Characters of one name outside of the table. */
  readonly name: number;
}

/** What a page shows when size is no concern: as much as somebody would read. */
export const FULL: Limits = {
  diagnosisLines: 400,
  diffLines: 4_000,
  items: 2_000,
  goodRows: 1_000,
  bars: 60,
  failedRows: 1_000,
  configuration: 4_000,
  filters: 50,
  subjects: 200,
  entries: 50,
  warnings: 50,
  message: 1_500,
  name: 260,
};

/** What is given up first to make a page shorter, and the least of it that stays. */
const LADDER: readonly (readonly [keyof Limits, least: number])[] = [
  ['diagnosisLines', 0],
  ['diffLines', 0],
  ['items', 0],
  ['goodRows', 0],
  ['bars', 0],
  ['failedRows', 0],
  ['configuration', 0],
  ['filters', 0],
  ['subjects', 1],
  ['entries', 1],
  ['warnings', 0],
  ['message', 60],
  ['name', 30],
];

/**
 * The fullest page that fits: the limits are lowered one after the other, each only as far as needed. `undefined` if even the
 * shortest page is too long.
 */
export function fitPage(render: (limits: Limits) => string, fits: (page: string) => boolean): string | undefined {
  const attempt = (limits: Limits): string | undefined => {
    const page = render(limits);
    return fits(page) ? page : undefined;
  };
  /** The limits with the first `count` of the ladder at their least. */
  const lowered = (count: number): Limits => ({ ...FULL, ...Object.fromEntries(LADDER.slice(0, count)) });
  const full = attempt(FULL);
  if (full !== undefined) return full;
  let best = attempt(lowered(LADDER.length));
  if (best === undefined) return undefined;
  /** Returns the number whose page fits next to one whose page is too long, between two of which that is known; keeps its page. */
  const narrowed = (tooLong: number, fitting: number, limitsOf: (number: number) => Limits): number => {
    let [beyond, within] = [tooLong, fitting];
    while (Math.abs(within - beyond) > 1) {
      const middle = Math.floor((beyond + within) / 2);
      const page = attempt(limitsOf(middle));
      if (page === undefined) beyond = middle;
      else [within, best] = [middle, page];
    }
    return within;
  };
  const enough = narrowed(0, LADDER.length, lowered);
  const last = LADDER[enough - 1];
  if (last !== undefined) {
    // The last of those at their least may be higher.
    const [name, least] = last;
    narrowed(FULL[name], least, (number) => ({ ...lowered(enough - 1), [name]: number }));
  }
  return best;
}
