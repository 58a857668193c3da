/** What a record on a workload says of the run that made it. */
export interface RunMark {
  /** `owner/repo/run/attempt`, or `local`. */
  readonly run: string;
  /** When it started by the clock of its runner, as `toISOString` writes it; absent in records of versions that did not keep it. */
  readonly started?: string | undefined;
  /** What it put there, or means to. */
  readonly revision?: string | undefined;
}

const RUN = /^(.+)\/(\d+)\/(\d+)$/;

/**
 * Whether a run was started before another one. As with kubectl and Helm, the later start wins, also that of the second attempt of an
 * old run, and of a run of another repository or of none. Of two that started in the same millisecond, their names decide, and
 * where these are the same, too, as of the jobs of one matrix, what they bring: whatever it is, both runs come to the same answer,
 * so that one of them goes on. Where a record does not say when its run started, GitHub's numbers do, within one repository; of
 * others nobody knows.
 */
export function isOlderRun(one: RunMark, than: RunMark): boolean {
  if (one.started === undefined || than.started === undefined) return (compareNumbers(one.run, than.run) ?? 0) < 0;
  if (one.started !== than.started) return one.started < than.started;
  const order =
    (compareNumbers(one.run, than.run) ?? compareTexts(one.run, than.run)) ||
    compareTexts(one.revision ?? '', than.revision ?? '');
  return order < 0;
}

/** Whether a run is an earlier attempt of another one: GitHub begins the next attempt of a run only once that before has ended. */
export function isEarlierAttempt(one: string, of: string): boolean {
  const [, repository, id, attempt] = RUN.exec(one) ?? [];
  const [, otherRepository, otherId, otherAttempt] = RUN.exec(of) ?? [];
  return (
    repository !== undefined &&
    repository === otherRepository &&
    id === otherId &&
    Number(attempt) < Number(otherAttempt)
  );
}

/** The order of two runs of one repository by GitHub's numbers, 0 for the same attempt; `undefined` where they have no common ones. */
function compareNumbers(one: string, other: string): number | undefined {
  const [, repository, id, attempt] = RUN.exec(one) ?? [];
  const [, otherRepository, otherId, otherAttempt] = RUN.exec(other) ?? [];
  if (repository === undefined || repository !== otherRepository) return undefined;
  return Number(id) - Number(otherId) || Number(attempt) - Number(otherAttempt);
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A run for a reader: `run 4812`, `run 4812 (attempt 2)`; one outside of a workflow has no number. */
export function describeRun(run: string): string {
  const [, , id, attempt] = RUN.exec(run) ?? [];
  if (id === undefined) return 'another run';
  return attempt === '1' ? `run ${id}` : `run ${id} (attempt ${attempt})`;
}
