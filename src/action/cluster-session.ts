import { defined } from '../base/defined.ts';
import { inContext } from '../base/kubectl.ts';
import { mappedLog, namedLog } from '../base/log.ts';
import { fail, ok, type Result } from '../base/problem.ts';
import { Client, UNKNOWN_VERSION } from '../cluster/client.ts';
import { callProblem, isApiError } from '../cluster/errors.ts';
import { describePath, NAMESPACE } from '../cluster/resources.ts';
import { Transport } from '../cluster/transport.ts';
import type { DeployContext } from '../deploy/context.ts';
import { inClusterName } from '../targets/target.ts';
import type { ChosenCluster } from './request/load-clusters.ts';
import { runPhase } from './runner/progress.ts';
import { type TestingRuntime, USER_AGENT } from './runtime.ts';

/** An open conversation with one cluster of a run. */
export interface ClusterSession {
  readonly cluster: ChosenCluster;
  /** What the cluster is called; `undefined` where the run has no other. */
  readonly name: string | undefined;
  readonly context: DeployContext;
  readonly close: () => Promise<void>;
}

/** Opens the connections to a cluster; nothing is asked yet. What is logged or noted of one of several begins with its name, and its kubectl commands go there. */
export function openSession(cluster: ChosenCluster, name: string | undefined, runtime: TestingRuntime): ClusterSession {
  const { kubectlContext } = cluster.access;
  const own = mappedLog(runtime.log, (line) => inContext(line, kubectlContext));
  const log = name === undefined ? own : namedLog(name, own);
  const transport = new Transport(cluster.access, {
    userAgent: USER_AGENT,
    openWebSocket: runtime.openWebSocket,
    signal: runtime.abandoned,
    debug: (line) => log.debug(line),
  });
  const client = new Client(transport, {
    onWrite: (path) => runtime.note?.({ kind: 'write', object: inClusterName(name, describePath(path)) }),
    onPhase: (phase) => runtime.note?.({ kind: 'phase', phase: runPhase(phase) }),
  });
  const { cancelled: signal, now, date, mask, trial, tests } = runtime;
  const context: DeployContext = { client, log, signal, now, date, mask, ...defined({ trial, tests }) };
  return { cluster, name, context, close: () => transport.close() };
}

/** The first call: whether the server answers and takes the credentials. Returns its version. */
export async function connect({ cluster, context: { client, log } }: ClusterSession): Promise<Result<string>> {
  try {
    const version = await client.version();
    log.info(`Context ${cluster.context}, Kubernetes ${version}.`);
    return ok(version);
  } catch (error) {
    // The version is only for the report; some clusters do not show it to everybody.
    if (isApiError(error, 403)) return ok(UNKNOWN_VERSION);
    return fail(callProblem(error, 'asking for the version of the API server'));
  }
}

/**
 * Returns what tells a cluster from all others, the UID of a namespace that each has from its beginning; `undefined` where the user may
 * not read it.
 */
export async function clusterIdOf({ context: { client, log } }: ClusterSession): Promise<string | undefined> {
  try {
    const { metadata } = await client.get(NAMESPACE, undefined, 'kube-system');
    return metadata.uid;
  } catch (error) {
    log.debug(`Which cluster it is: ${String(error)}`);
    return undefined;
  }
}
