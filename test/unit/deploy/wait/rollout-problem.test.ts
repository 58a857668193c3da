import { expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../../src/deploy/wait/diagnose.ts';
import { diagnosisLines, rolloutProblem } from '../../../../src/deploy/wait/rollout-problem.ts';
import { plannedFor } from '../planned.ts';

const MISSING = { verb: 'list', group: '', resource: 'pods', namespace: 'shop' } as const;
const problem = (diagnosis: Diagnosis) =>
  rolloutProblem(
    plannedFor('shop/deploy/a'),
    { state: 'timeout', message: '1 of 3 pods updated', ready: 1, wanted: 3, durationMs: 60_000 },
    diagnosis,
    60_000,
  );

test('who may not list pods is told that the cause could not be seen, and what is missing', () => {
  expect(problem({ pods: [], missing: [MISSING] })).toMatchObject({
    message:
      'not ready after 1 min: 1 of 3 pods updated. The cause could not be seen: the kubeconfig user cannot list pods in namespace "shop".',
    permission: MISSING,
  });
});

test('who may list pods but not read their logs and events is told that, too', () => {
  const missing = [
    { verb: 'get', group: '', resource: 'pods/log', namespace: 'shop' },
    { verb: 'list', group: '', resource: 'events', namespace: 'shop' },
  ] as const;
  expect(problem({ pods: ['a-1: istio-proxy not ready'], missing })?.message).toContain(
    'The cause could not be seen: the kubeconfig user cannot get pods/log in namespace "shop" or list events in namespace "shop".',
  );
});

test('a cause that is known is told alone', () => {
  expect(problem({ pods: [], cause: 'the quota is used up', missing: [MISSING] })?.message).not.toContain(
    'cannot list',
  );
  expect(problem({ pods: [] })).not.toHaveProperty('permission');
});

test('the words of the filter itself come first', () => {
  const envoy = { reason: 'Failed to configure base Wasm plugin', filterSaid: 'unknown header', remedy: 'x' };
  expect(diagnosisLines({ pods: ['a: not ready'], envoy })).toEqual([
    'the filter: unknown header',
    'Envoy: Failed to configure base Wasm plugin',
    'pod a: not ready',
  ]);
});

test('another mount path is advised where the diagnosis says that the folder cannot be made, whatever its words', () => {
  const cause = 'istio-proxy cannot start: mkdir /filters/add-header: read-only file system';
  expect(problem({ pods: [], cause, cannotMount: 'add-header' })?.remedy).toMatch(
    /^The node cannot create the folder .*mount-path/,
  );
  expect(problem({ pods: [], cause })?.remedy).toMatch(
    /^Look for the cause in the events \(`kubectl events -n \S+ --types=Warning`\)/,
  );
});

test.each<[string, Diagnosis, string]>([
  ['alone', { pods: [] }, 'Resume it.'],
  ['where a pod is not ready', { pods: ['a-1: container app not ready'] }, 'Resume it.'],
  ['and rejected by Envoy', { pods: [], envoy: { reason: 'x', remedy: 'Correct it.' } }, 'Correct it. Resume it.'],
])('a workload that is paused is to be resumed, %s', (_, diagnosis, remedy) => {
  const message = 'it is paused';
  const end = { state: 'timeout', message, ready: 1, wanted: 3, durationMs: 60_000, resume: 'Resume it.' } as const;
  expect(rolloutProblem(plannedFor('shop/deploy/a'), end, diagnosis, 60_000)?.remedy).toBe(remedy);
});

test('what is known to help against the cause comes before the re-run', () => {
  const event = { reason: 'FailedCreate', message: 'admission webhook "policy.example" denied the request: no' };
  expect(problem({ pods: [], event })?.remedy).toBe(
    'Change in the pod template what the webhook "policy.example" objects to, or ask its owner for an exception. Then re-run the job.',
  );
});

test('a container that runs and is not ready is told with its event and the end of its log', () => {
  const diagnosis = {
    pods: ['a-1: container app not ready'],
    event: { reason: 'Unhealthy', message: 'Readiness probe failed: HTTP probe failed with statuscode: 500' },
    said: 'The log of app ends: no database',
  };
  expect(problem(diagnosis)?.message).toBe(
    'not ready after 1 min: 1 of 3 pods updated. a-1: container app not ready. Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500. The log of app ends: no database.',
  );
  expect(diagnosisLines(diagnosis).at(-1)).toBe('The log of app ends: no database');
});

test('of what the API server did not show any more, the connection is to blame, and not the pods', () => {
  const end = {
    state: 'unseen',
    message: '1 of 3 pods updated',
    trouble: 'connect ECONNREFUSED',
    ready: 1,
    wanted: 3,
    durationMs: 60_000,
  } as const;
  const diagnosis = { pods: ['a-1: container app not ready'] };
  expect(rolloutProblem(plannedFor('shop/deploy/a'), end, diagnosis, 60_000)).toMatchObject({
    kind: 'connection',
    message:
      'was lost from sight while this run waited: the API server did not show it any more (connect ECONNREFUSED). Seen last: 1 of 3 pods updated.',
    remedy: expect.stringMatching(
      /^What its pods do now is not known\. .*Then re-run the job: it continues from what is there/,
    ),
  });
});
