import type { Limits } from './limits.ts';

/** What the page of one command has of its own, besides verdict, problems and warnings. Markdown, each part a block. */
export interface CommandPage {
  /** The heading over the problems. */
  readonly problems: string;
  /** Between the problems and the warnings. */
  readonly lead: (limits: Limits) => string;
  /** After the warnings. */
  readonly body: (limits: Limits) => readonly string[];
}

/** The page of a command that ended before it had found anything: its problems, and the details of the run. */
export function stoppedPage(details: (limits: Limits) => string): CommandPage {
  return { problems: 'Problems', lead: () => '', body: (limits) => [details(limits)] };
}
