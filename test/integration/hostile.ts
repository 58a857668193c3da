/** Ways in which an API server, or what stands before it, keeps a client busy for ever. */
import type { Workload } from '../../src/cluster/objects.ts';
import type { Fault, FaultRule } from '../harness/recorder.ts';
import { makeWorkload } from '../harness/workloads.ts';

type Asked = Parameters<FaultRule>[0];
export type Fits = (request: Asked) => boolean;

export const HANG: Fault = { hang: 'before' };

/** A list, not a watch, of Deployments. */
export const listsDeployments: Fits = ({ method, path }) => method === 'GET' && /\/deployments\?.*limit=/.test(path);
export const watches: Fits = ({ path }) => path.includes('watch=true');
export const execs: Fits = ({ path }) => /\/pods\/[^/]+\/exec\?/.test(path);
export const patches =
  (what: string): Fits =>
  ({ method, path }) =>
    method === 'PATCH' && path.includes(`/${what}/`) && !path.includes('dryRun');

/** A rule that strikes whatever fits. */
export const strike = (
  fits: Fits,
  fault: Fault | ((request: Asked, count: number) => ReturnType<FaultRule>),
): FaultRule =>
  (() => {
    let count = 0;
    return (request) => {
      if (!fits(request)) return undefined;
      return typeof fault === 'function' ? fault(request, ++count) : fault;
    };
  })();

/** Once a request fits, it and all that follow meet the fault; `first` is what that one request meets instead. */
export const strikeFrom = (fits: Fits, fault: Fault, first = fault): FaultRule => {
  let begun = false;
  return (request) => {
    if (begun) return fault;
    begun = fits(request);
    return begun ? first : undefined;
  };
};

/** A body that never ends: a little, then a byte a second. */
export function drip(start: string): Fault {
  return {
    answer: {
      status: 200,
      body: (async function* () {
        yield start;
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          yield ' ';
        }
      })(),
    },
  };
}

/** A body of so many megabytes; `sent` counts what was taken of it. */
export function flood(start: string, megabytes: number, sent: { bytes: number }): Fault {
  return {
    answer: {
      status: 200,
      body: (async function* () {
        yield start;
        const chunk = Buffer.alloc(1024 * 1024, ' ');
        for (let at = 0; at < megabytes; at++) {
          sent.bytes += chunk.length;
          yield chunk;
        }
      })(),
    },
  };
}

/** A page of Deployments. */
export function page(items: readonly object[], next: string | undefined): Fault {
  const metadata = { resourceVersion: '1', ...(next === undefined ? {} : { continue: next }) };
  const list = { kind: 'DeploymentList', apiVersion: 'apps/v1', metadata, items };
  return { answer: { status: 200, body: JSON.stringify(list) } };
}

/** A Deployment that nobody asked for. */
export function bystander(namespace: string, at: number): Workload {
  const workload = makeWorkload(namespace, `bystander-${at}`, { replicas: 0 });
  return { ...workload, metadata: { ...workload.metadata, resourceVersion: '1', uid: `uid-${at}` } };
}
