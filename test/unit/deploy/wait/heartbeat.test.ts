import { expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { Client } from '../../../../src/cluster/client.ts';
import { ApiError, ConnectionError } from '../../../../src/cluster/errors.ts';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { Patience } from '../../../../src/cluster/patience.ts';
import type { DeployContext } from '../../../../src/deploy/context.ts';
import { Heartbeat } from '../../../../src/deploy/wait/heartbeat.ts';

const REF = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
const WORKLOAD: Workload = { metadata: { name: 'web' } };
const heartbeat = (get: () => Promise<Workload>): Heartbeat =>
  new Heartbeat({
    client: { get } as unknown as Client,
    log: silentLog,
    signal: new AbortController().signal,
  } as unknown as DeployContext);
/** The error of a phase whose patience is at its end. */
const stalled = async (): Promise<ConnectionError> => {
  let now = 0;
  const patience = new Patience(() => now);
  const asked = patience.during('rolling back').ask('GET /x', () => new Promise<never>(() => undefined));
  now = 60_000;
  // The clock is looked at with the next question.
  const other = patience.during('rolling back').ask('GET /y', () => new Promise<never>(() => undefined));
  other.catch(() => undefined);
  return asked.catch((error: unknown) => new ConnectionError('https://api.example', error));
};

test('gives what the work comes to, and what is read meanwhile', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const done = heartbeat(async () => WORKLOAD).during(REF, WORKLOAD, promise, (workload) => {
    expect(workload).toBe(WORKLOAD);
    resolve('ready');
  });
  expect(await done).toBe('ready');
});

test('ends the waiting when the server is gone for good, and only then', async () => {
  const answers = [
    () => Promise.reject(new ApiError('get', '/', 403, {})),
    async () => Promise.reject(await stalled()),
  ];
  const waiting = heartbeat(() => (answers.shift() as () => Promise<never>)());
  await expect(waiting.during(REF, WORKLOAD, new Promise(() => undefined), () => undefined)).rejects.toThrow(
    'no answer to GET /x (and 1 more) for 1 min while rolling back',
  );
  expect(answers).toEqual([]);
});
