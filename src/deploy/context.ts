import type { Log } from '../base/log.ts';
import type { Result } from '../base/problem.ts';
import type { Mask } from '../base/redaction/redactor.ts';
import type { Client } from '../cluster/client.ts';
import type { ApiPhase } from '../cluster/patience.ts';
import type { Trial } from '../filter/trial/verdict.ts';
import type { PushedImage } from '../registry/push.ts';
import type { LoadEarlier } from './earlier-module.ts';
import type { ImageToPush } from './request.ts';
import type { TestRuns } from './test-runs.ts';

/** What a run works with. */
export interface DeployContext {
  readonly client: Client;
  readonly log: Log;
  /** Once it aborts, nothing more is written and the run ends with a report of what it knows. */
  readonly signal: AbortSignal;
  /** Milliseconds since the run's start. */
  readonly now: () => number;
  /** The time of day, for what is recorded in the cluster. */
  readonly date: () => Date;
  /** Makes a secret known that was found in the cluster; omitted when nothing is shown. */
  readonly mask?: Mask;
  /** Starts a filter as Envoy would; omitted when nothing may be run. */
  readonly trial?: Trial;
  /** Runs the tests of filters; omitted when nothing may be run. */
  readonly tests?: TestRuns;
  /** Gets what a tag named before; omitted where no filter that is deployed came from a tag. */
  readonly loadEarlier?: LoadEarlier;
  /** Puts an image into its registry; omitted when nothing may be pushed. */
  readonly pushImage?: (push: ImageToPush) => Promise<Result<PushedImage>>;
}

/** The same context for another phase of the run, whose patience with the API server is its own. */
export function during<C extends { readonly client: Client; readonly write?: { readonly client: Client } }>(
  context: C,
  phase: ApiPhase,
): C {
  const client = context.client.during(phase);
  return { ...context, client, ...(context.write !== undefined && { write: { ...context.write, client } }) };
}
