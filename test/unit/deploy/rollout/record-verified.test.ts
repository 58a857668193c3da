import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { DeployContext } from '../../../../src/deploy/context.ts';
import type { ProofLevel } from '../../../../src/deploy/report/evidence-level.ts';
import type { PushResult } from '../../../../src/deploy/rollout/push-settings.ts';
import { recordProof } from '../../../../src/deploy/rollout/record-verified.ts';
import { type Course, newCourse } from '../../../../src/deploy/rollout/workload-rollout.ts';
import { placementOf, revisionName } from '../../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { type ClusterParts, observationOf, refOf, revision } from '../../builders.ts';
import { type ApiServer, refusal, type Seen, startApiServer } from '../../cluster/api-server.ts';
import { NOW, plannedFor, type WantedParts } from '../planned.ts';

const NAME = revisionName(revision());
const PROVEN = 'deploy-wasm-filter/proven';

let server: ApiServer | undefined;
afterEach(() => server?.close());

function course(path: string, level?: ProofLevel, over: Partial<Course> = {}, parts: WantedParts = {}): Course {
  const proof = level === undefined ? {} : { proof: { proof: { level, pods: 1, wanted: 1 } } };
  return { ...newCourse(plannedFor(path, parts)), ...proof, ...over };
}
const holding = (text?: string): ClusterParts => {
  const { metadata } = renderConfigMap(revision(), 'shop');
  const annotations = text === undefined ? metadata.annotations : { ...metadata.annotations, [PROVEN]: text };
  return { configMaps: { shop: [{ metadata: { ...metadata, ...(annotations && { annotations }) } }] } };
};

interface Run {
  readonly cluster?: ClusterParts;
  readonly pushes?: ReadonlyMap<string, PushResult>;
  readonly aborted?: boolean;
  readonly answer?: (request: Seen) => { readonly status: number };
}

/** The writes that recording makes: `shop/NAME: lines`. */
async function recorded(courses: readonly Course[], run: Run = {}): Promise<string[]> {
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
  await recordProof(courses, pushes, observationOf(cluster), context);
  return server.seen.map(({ path, body }) => {
    const [, namespace, name] = /namespaces\/([^/]+)\/configmaps\/([^?]+)/.exec(path) ?? [];
    return `${namespace}/${name}: ${JSON.parse(body).metadata.annotations[PROVEN]}`;
  });
}

describe('recordProof', () => {
  test('writes once for each namespace and revision, whatever the number of workloads', async () => {
    const courses = [
      course('shop/deploy/reviews', 'listener'),
      course('shop/sts/db', 'stats'),
      course('test/deploy/reviews', 'ready'),
    ];
    expect((await recorded(courses)).sort()).toEqual([
      `shop/${NAME}: Deployment/reviews listener\nStatefulSet/db stats`,
      `test/${NAME}: Deployment/reviews ready`,
    ]);
  });

  test('writes one for each of two filters', async () => {
    const auth = revision('auth');
    const both = course('shop/deploy/reviews', 'listener', {}, { revisions: [revision(), auth] });
    expect((await recorded([both])).map((line) => line.split(':')[0]).sort()).toEqual([
      `shop/${NAME}`,
      `shop/${revisionName(auth)}`,
    ]);
  });

  test('keeps what is recorded of other workloads, and takes the new evidence of the same', async () => {
    const cluster = holding('Deployment/ratings listener\nDeployment/reviews ready');
    expect(await recorded([course('shop/deploy/reviews', 'stats')], { cluster })).toEqual([
      `shop/${NAME}: Deployment/ratings listener\nDeployment/reviews stats`,
    ]);
  });

  const refused = { proof: { problem: { kind: 'proof', message: 'no' } } } as const;
  const back = { rollback: { state: 'restored', to: {}, durationMs: 1 } } as const;
  test.each<[string, Course, Run]>([
    [
      'is recorded already',
      course('shop/deploy/reviews', 'listener'),
      { cluster: holding('Deployment/reviews listener') },
    ],
    ['was not looked at', course('shop/deploy/reviews'), {}],
    ['was refused', course('shop/deploy/reviews', undefined, refused), {}],
    ['was taken back', course('shop/deploy/reviews', 'listener', back), {}],
    ['came too late', course('shop/deploy/reviews', 'listener'), { aborted: true }],
    ['is of no filter', course('shop/deploy/reviews', 'ready', {}, { revisions: [], removals: ['add-header'] }), {}],
  ])('writes nothing for a proof that %s', async (_, one, run) => {
    expect(await recorded([one], run)).toEqual([]);
  });

  test('takes the proof of pushed settings, under the name that the pods carry', async () => {
    const key = `shop/${NAME}`;
    const proof = { level: 'listener', pods: 1, wanted: 1 } as const;
    const proofs = new Map([[workloadKey(refOf('shop/deploy/reviews')), proof]]);
    const push: PushResult = { step: 'done', before: revision().id, proofs, problems: new Map() };
    const one = course('shop/deploy/reviews');
    const newer = revision('add-header', { configuration: 'new' });
    const planned = { ...one.planned, revisions: [{ revision: newer, carrier: placementOf(revision()) }] };
    const run = { pushes: new Map([[key, push]]), cluster: holding('Deployment/reviews stats') };
    expect(await recorded([{ ...one, planned }], run)).toEqual([`${key}: Deployment/reviews@${newer.id} listener`]);
  });

  test('does not fail the run when it may not write', async () => {
    const answer = (): ReturnType<typeof refusal> => refusal(403, 'Forbidden', 'no');
    expect(await recorded([course('shop/deploy/reviews', 'listener')], { answer })).toHaveLength(1);
  });
});
