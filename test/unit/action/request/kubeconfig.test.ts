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
    expect(remedy).toContain('Files in KUBECONFIG that do not exist are skipped, but here none exists');
  }
});

test('a path that begins with a sign of the shell: nobody expands it', async () => {
  const missing = (): Promise<never> => Promise.reject(Object.assign(new Error('missing'), { code: 'ENOENT' }));
  const runtime = { ...NO_RUNTIME, readFile: missing, environment: { KUBECONFIG: '~/.kube/config:/home/me/b' } };
  const remedies = problemsIn(await loadAccesses({ kubeconfig: '', contexts: [''] }, runtime)).map(
    ({ remedy }) => remedy,
  );
  expect(remedies[0]).toMatch(/none exists\. Nobody expands "~" in it\.$/);
  expect(remedies[1]).toMatch(/none exists\.$/);
});

test('a secret that is empty: what to write, and what leaves it empty', async () => {
  for (const kubeconfig of ['', ' \n']) {
    const [problem] = problemsIn(await loadAccesses({ kubeconfig, contexts: [''] }, NO_RUNTIME));
    expect(problem?.message).toBe('is empty, and the environment variable KUBECONFIG is not set.');
    expect(problem?.remedy).toMatch(
      /^Write "kubeconfig: \$\{\{ secrets\.KUBECONFIG \}\}"; .+ does not exist, .+ if Dependabot started the run, or a pull request from a fork\.$/,
    );
  }
});
