import { createHash } from 'node:crypto';
import type { RecordedRequest } from '../../test/harness/recorder.ts';
import type { Cost } from '../results.ts';

/** A request whose body is known beforehand. */
export interface PlannedWrite {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/** The server of a bare client, and who it is there. */
export interface ClientAccess {
  readonly server: string;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** What the bare reader is to ask for. */
export interface ReaderPlan extends ClientAccess {
  readonly paths: readonly string[];
}

/** What the bare client is to do. */
export interface ClientPlan extends ClientAccess {
  readonly writes: readonly PlannedWrite[];
  /** Paths of watches of Deployments that tell when the controller has seen every change; none where that is not waited for. */
  readonly watches: readonly string[];
}

/** What it prints. */
export type Answered = Cost;

/**
 * Returns writes with a revision of their own in place of the one that the action has made, so that they bring something new each time.
 * @param text what the revision is made of
 */
export function renewed(writes: readonly PlannedWrite[], text: string): readonly PlannedWrite[] {
  const [id] = writes.flatMap(({ path }) => /\/configmaps\/[^?]*-([0-9a-f]{10})\?/.exec(path)?.[1] ?? []);
  if (id === undefined) throw new Error('no write is that of a revision');
  const other = createHash('sha256').update(text).digest('hex').slice(0, id.length);
  return writes.map(({ path, body, ...rest }) => ({
    ...rest,
    path: path.replaceAll(id, other),
    body: body.replaceAll(id, other),
  }));
}

/** Returns the writes of a run of the action, to be done again, without the version of the object that each was made from. */
export function replayed(writes: readonly RecordedRequest[]): readonly PlannedWrite[] {
  return writes.map(({ method, path, body = '' }) => ({
    method,
    path,
    contentType: path.includes('/deployments/') ? 'application/merge-patch+json' : 'application/apply-patch+yaml',
    body: withoutVersion(body),
  }));
}

function withoutVersion(body: string): string {
  const object = JSON.parse(body) as { metadata?: Record<string, unknown> };
  const { resourceVersion: _, uid: __, ...metadata } = object.metadata ?? {};
  return JSON.stringify({ ...object, metadata });
}
