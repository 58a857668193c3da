import { expect, test } from '@jest/globals';
import { ConnectionError } from '../../../../src/cluster/errors.ts';
import { lostProblem } from '../../../../src/deploy/wait/lost.ts';

test('a cluster that was lost has answered before, so the kubeconfig is not to blame', () => {
  const { kind, remedy } = lostProblem(new ConnectionError('https://192.0.2.1', new Error('other side closed')));
  expect(kind).toBe('connection');
  expect(remedy).toMatch(/^It answered earlier in this run: .* Then re-run the job: it continues from what is there/);
  expect(remedy).not.toContain('kubeconfig');
});
