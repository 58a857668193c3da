import type { Log } from '../base/log.ts';
import type { Checked } from '../base/problem.ts';
import type { Client } from '../cluster/client.ts';
import type { Trial } from '../filter/trial/verdict.ts';
import type { PushedImage } from '../registry/push.ts';
import type { EvidenceSource } from './evidence.ts';
import type { ImageToPush } from './request.ts';

/** What a run works with. */
export interface DeployContext {
  readonly client: Client;
  readonly log: Log;
  /** Once it aborts, nothing more is written and the run ends with a report of what it knows. */
  readonly signal: AbortSignal;
  /** Milliseconds, from any start. */
  readonly now: () => number;
  /** The time of day, for what is recorded in the cluster. */
  readonly date: () => Date;
  /** Starts a filter as Envoy would; absent where nothing may be run. */
  readonly trial?: Trial;
  /** Puts an image into its registry; absent where nothing may be pushed. */
  readonly pushImage?: (push: ImageToPush) => Promise<Checked<PushedImage>>;
}

/** Where a run's evidence comes from. */
export function evidenceSource({ client, log }: DeployContext): EvidenceSource {
  return { client, debug: (line) => log.debug(line) };
}
