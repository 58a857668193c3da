import { readFile } from 'node:fs/promises';
import { loadAccesses } from '../../src/action/request/kubeconfig.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { ApiError, callProblem } from '../../src/cluster/errors.ts';
import { pluginRunner } from '../../src/cluster/kubeconfig/plugin-runner.ts';
import { Transport } from '../../src/cluster/transport.ts';
import { openWebSocket } from '../../src/cluster/websocket.ts';
import { NO_RUNTIME } from '../harness/access.ts';

/** What happens to a kubeconfig: who the server says is calling, or why it is not even asked. */
export type Outcome = { readonly user: unknown } | { readonly refused: string };

/** Asks the server of the kubeconfig that `KUBECONFIG` names who calls, as a run with these variables would. */
export async function askAs(environment: Readonly<Record<string, string>>, isReal: boolean): Promise<Outcome> {
  const killGroup = (pid: number): void => void process.kill(-pid, 'SIGKILL');
  const host = { environment, signal: new AbortController().signal, killGroup, running: new Set<number>() };
  const runtime = {
    ...NO_RUNTIME,
    environment,
    readFile: (path: string) => readFile(path),
    runPlugin: pluginRunner(host),
  };
  const accesses = await loadAccesses({ kubeconfig: '', contexts: [''] }, runtime);
  if (!accesses.ok) return { refused: accesses.problems.map(describeProblem).join('\n') };
  const [access] = accesses.value;
  if (access === undefined) throw new Error('No access to the current context');
  const transport = new Transport(access, { userAgent: 'tester', openWebSocket, random: () => 0 });
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await transport.send({ method: 'POST', path, headers, body });
    // The embedded server does not know the question, but whom it knows it does not send away.
    if (answer.status === 404 && !isReal) return { user: undefined };
    if (answer.status !== 201) throw new ApiError('create', path, answer.status, JSON.parse(answer.text || '{}'));
    return { user: JSON.parse(answer.text).status.userInfo };
  } catch (error) {
    return { refused: describeProblem(callProblem(error, 'asking who calls')) };
  } finally {
    await transport.close();
  }
}
