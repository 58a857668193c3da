import type { Limits } from './limits.ts';

/** What the page of one command has of its own, besides verdict, problems and warnings. Markdown, each part a block. */
export interface Page {
  /** The heading over the problems. */
  readonly problems: string;
  /** Between the problems and the warnings. */
  readonly lead: (limits: Limits) => string;
  /** After the warnings. */
  readonly body: (limits: Limits) => readonly string[];
}
