import { expect, test } from '@jest/globals';
import { isOwnTrouble } from '../../../../src/deploy/scout/scout-problem.ts';
import type { Diagnosis } from '../../../../src/deploy/wait/diagnose.ts';

const ended = (name: string, reason: string): Pick<Diagnosis, 'troubled'> => ({
  troubled: { name, reason, failure: 'ended' },
});
const event = (reason: string): Pick<Diagnosis, 'event'> => ({ event: { reason, message: 'said' } });

test.each<[string, Partial<Diagnosis>, boolean]>([
  ['its own container', ended('scout', 'Error'), true],
  ['the image of its proxy', ended('istio-proxy', 'ErrImagePull'), true],
  ['a node without addresses', event('FailedCreatePodSandBox'), true],
  ['a proxy that crashes', ended('istio-proxy', 'Error'), false],
  [
    'a proxy that crashes, after a sandbox came late',
    { ...ended('istio-proxy', 'Error'), ...event('FailedCreatePodSandBox') },
    false,
  ],
  ['a ConfigMap that is not there', event('FailedMount'), false],
  ['a folder that cannot be made', { ...event('FailedCreatePodSandBox'), cannotMount: 'waf' }, false],
  ['nothing that anybody knows', {}, false],
])('%s', (_, diagnosis, isOwn) => {
  expect(isOwnTrouble({ pods: [], ...diagnosis })).toBe(isOwn);
});
