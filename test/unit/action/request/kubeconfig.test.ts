import { expect, test } from '@jest/globals';
import { loadAccesses } from '../../../../src/action/request/kubeconfig.ts';
import { NO_RUNTIME } from '../../../harness/access.ts';
import { problemsIn } from '../../builders.ts';

test('files of KUBECONFIG of which none is there: each is named, and why none is skipped', async () => {
  const missing = (): Promise<never> => Promise.reject(Object.assign(new Error('missing'), { code: 'ENOENT' }));
  const runtime = { ...NO_RUNTIME, readFile: missing, environment: { KUBECONFIG: '/home/me/a:/home/me/b' } };
  const problems = problemsIn(await loadAccesses({ kubeconfig: '', contexts: [''] }, runtime));
  expect(problems.map(({ subject }) => subject)).toEqual([
    'kubeconfig file "/home/me/a"',
    'kubeconfig file "/home/me/b"',
  ]);
  for (const { message, remedy } of problems) {
    expect(message).toBe('cannot be read: there is no such file.');
    expect(remedy).toContain('Missing files in KUBECONFIG are skipped, but here all of them are missing');
  }
});
