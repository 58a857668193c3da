import type { Limits } from './limits.ts';

/** What the page of one command has of its own, besides verdict, problems and warnings. Markdown, each part a block. */
export interface Page {
  /** What became of what: `❌ 2 failed · ✅ 9 deployed`; empty where nothing is counted. */
  readonly counts: string;
  /** The heading over what is wrong. */
  readonly problems: string;
  /** Between what is wrong and the warnings. */
  readonly lead: (limits: Limits) => string;
  /** After the warnings. */
  readonly body: (limits: Limits) => readonly string[];
}
