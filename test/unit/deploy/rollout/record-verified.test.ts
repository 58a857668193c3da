import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { DeployContext } from '../../../../src/deploy/context.ts';
import type { EvidenceLevel } from '../../../../src/deploy/report/evidence-level.ts';
import type { PushResult } from '../../../../src/deploy/rollout/push-settings.ts';
import { recordVerification } from '../../../../src/deploy/rollout/record-verified.ts';
import {
  endedRollout,
  pendingRollout,
  rolledBack,
  verifiedRollout,
  type WorkloadRollout,
  type WrittenRollout,
} from '../../../../src/deploy/rollout/workload-rollout.ts';
import type { VerificationResult } from '../../../../src/deploy/verify/verifier.ts';
import { podRevisionOf, revisionName } from '../../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { type ClusterParts, refOf, revision, snapshotOf } from '../../builders.ts';
import { type ApiServer, refusal, type Seen, startApiServer } from '../../cluster/api-server.ts';
import { NOW, plannedFor, type WantedParts } from '../planned.ts';

const NAME = revisionName(revision());
const VERIFIED = 'deploy-wasm-filter/verified';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const READY = { state: 'ready', message: '', ready: 1, wanted: 1, durationMs: 1 } as const;

/** A workload whose pods are ready, and whose proxies were looked into where there is a result of that. */
function rollout(path: string, seen?: EvidenceLevel | VerificationResult, parts: WantedParts = {}): WorkloadRollout {
  const pending = pendingRollout(plannedFor(path, parts));
  const written: WrittenRollout = { ...pending, state: 'written', write: { result: { state: 'done' } } };
  const ended = endedRollout(written, READY);
  if (seen === undefined) return ended;
  return verifiedRollout(
    ended,
    typeof seen === 'string' ? { verification: { level: seen, pods: 1, wanted: 1 } } : seen,
  );
}
const holding = (text?: string): ClusterParts => {
  const { metadata } = renderConfigMap(revision(), 'shop');
  const annotations = text === undefined ? metadata.annotations : { ...metadata.annotations, [VERIFIED]: text };
  return { configMaps: { shop: [{ metadata: { ...metadata, ...(annotations && { annotations }) } }] } };
};

interface Run {
  readonly cluster?: ClusterParts;
  readonly pushes?: ReadonlyMap<string, PushResult>;
  readonly aborted?: boolean;
  readonly answer?: (request: Seen) => { readonly status: number };
}

/** The writes that recording makes: `shop/NAME: lines`. */
async function recorded(rollouts: readonly WorkloadRollout[], run: Run = {}): Promise<string[]> {
  const { cluster = holding(), pushes = new Map(), aborted = false, answer } = run;
  const headers = { 'content-type': 'application/json' };
  server = await startApiServer({
    answer: (request) => answer?.(request) ?? { status: 200, headers, body: '{"metadata":{"name":"x"}}' },
  });
  const context: DeployContext = {
    client: server.client(),
    log: silentLog,
    signal: aborted ? AbortSignal.abort() : new AbortController().signal,
    now: () => 0,
    date: () => NOW,
  };
  await recordVerification(rollouts, pushes, snapshotOf(cluster), context);
  return server.seen.map(({ path, body }) => {
    const [, namespace, name] = /namespaces\/([^/]+)\/configmaps\/([^?]+)/.exec(path) ?? [];
    return `${namespace}/${name}: ${JSON.parse(body).metadata.annotations[VERIFIED]}`;
  });
}

describe('recordProof', () => {
  test('writes once for each namespace and revision, whatever the number of workloads', async () => {
    const rollouts = [
      rollout('shop/deploy/reviews', 'listener'),
      rollout('shop/sts/db', 'stats'),
      rollout('test/deploy/reviews', 'ready'),
    ];
    expect((await recorded(rollouts)).sort()).toEqual([
      `shop/${NAME}: Deployment/reviews listener\nStatefulSet/db stats`,
      `test/${NAME}: Deployment/reviews ready`,
    ]);
  });

  test('writes one for each of two filters', async () => {
    const auth = revision('auth');
    const both = rollout('shop/deploy/reviews', 'listener', { revisions: [revision(), auth] });
    expect((await recorded([both])).map((line) => line.split(':')[0]).sort()).toEqual([
      `shop/${NAME}`,
      `shop/${revisionName(auth)}`,
    ]);
  });

  test('keeps what is recorded of other workloads, and takes the new evidence of the same', async () => {
    const cluster = holding('Deployment/ratings listener\nDeployment/reviews ready');
    expect(await recorded([rollout('shop/deploy/reviews', 'stats')], { cluster })).toEqual([
      `shop/${NAME}: Deployment/ratings listener\nDeployment/reviews stats`,
    ]);
  });

  const refused = { problem: { kind: 'verification', message: 'no' } } as const;
  const back = { state: 'rolled-back', to: {}, durationMs: 1 } as const;
  test.each<[string, WorkloadRollout, Run]>([
    [
      'is recorded already',
      rollout('shop/deploy/reviews', 'listener'),
      { cluster: holding('Deployment/reviews listener') },
    ],
    ['was not looked at', rollout('shop/deploy/reviews'), {}],
    ['was refused', rollout('shop/deploy/reviews', refused), {}],
    ['was rolled back', rolledBack(rollout('shop/deploy/reviews', 'listener'), back), {}],
    ['came too late', rollout('shop/deploy/reviews', 'listener'), { aborted: true }],
    ['is of no filter', rollout('shop/deploy/reviews', 'ready', { revisions: [], removals: ['add-header'] }), {}],
  ])('writes nothing for a verification that %s', async (_, one, run) => {
    expect(await recorded([one], run)).toEqual([]);
  });

  test('takes the verification of pushed settings, under the name that the pods carry', async () => {
    const key = `shop/${NAME}`;
    const verification = { level: 'listener', pods: 1, wanted: 1 } as const;
    const verifications = new Map([[workloadKey(refOf('shop/deploy/reviews')), verification]]);
    const push: PushResult = { step: 'done', before: revision().id, verifications, problems: new Map() };
    const one = rollout('shop/deploy/reviews');
    const newer = revision('add-header', { configuration: 'new' });
    const planned = { ...one.planned, revisions: [{ revision: newer, podRevision: podRevisionOf(revision()) }] };
    const run = { pushes: new Map([[key, push]]), cluster: holding('Deployment/reviews stats') };
    expect(await recorded([{ ...one, planned }], run)).toEqual([`${key}: Deployment/reviews@${newer.id} listener`]);
  });

  test('does not fail the run when it may not write', async () => {
    const answer = (): ReturnType<typeof refusal> => refusal(403, 'Forbidden', 'no');
    expect(await recorded([rollout('shop/deploy/reviews', 'listener')], { answer })).toHaveLength(1);
  });
});
