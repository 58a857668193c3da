import type { Workload } from '../../src/cluster/objects.ts';
import type { ActionInputs } from '../harness/action.ts';

/** The inputs that a test starts from: one filter for these workloads of a namespace. */
export function startInputs(namespace: string, workloads: readonly Workload[]): ActionInputs {
  return {
    filter: 'filter.wasm',
    name: 'add-header',
    configuration: 'x-test: 1',
    namespace,
    targets: workloads.map(({ kind, metadata }) => `- ${kind}/${metadata.name}`).join('\n'),
    timeout: '20s',
  };
}
