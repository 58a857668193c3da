import { readInputs } from '../../../src/action/inputs/inputs.ts';
import { findUnknownInputs } from '../../../src/action/inputs/unknown.ts';
import { parseManifest } from '../../../src/action/manifest/parse.ts';
import type { Workload } from '../../../src/cluster/objects.ts';
import { kindNames } from '../../../src/deploy/kinds/kinds.ts';
import { parseTargets, readTargetList } from '../../../src/targets/parse.ts';
import { resolveTargets } from '../../../src/targets/resolve.ts';
import type { WorkloadIndex } from '../../../src/targets/workload-index.ts';
import { type Entry, ofFailure, ofProblem, type Section } from './entry.ts';

const NAMESPACE = 'bookshop';
const REVIEWS: Workload = { kind: 'Deployment', metadata: { name: 'reviews', namespace: NAMESPACE }, spec: {} };

/** A cluster with one namespace and one Deployment. */
const CLUSTER: WorkloadIndex = {
  kinds: kindNames().map(({ kind }) => kind),
  list: ({ kind, namespace }) => (kind === REVIEWS.kind && namespace === NAMESPACE ? [REVIEWS] : []),
  namespaceState: (namespace) => (namespace === NAMESPACE ? 'there' : 'missing'),
  namespaces: [NAMESPACE, 'kube-system'],
};

/** The inputs name what is not there. */
export function targets(): Section {
  return {
    title: 'Job summary: inputs and targets',
    intro: `In the examples the cluster has Deployment \`${REVIEWS.metadata.name}\` in namespace \`${NAMESPACE}\`. [Targets](targets.md) has all forms of the list.`,
    entries: [
      missing('Deployment bookshop/review does not exist', 'deployment/review'),
      missing('StatefulSet bookshop/reviews does not exist', 'statefulset/reviews'),
      missing('the namespace "bookshp" does not exist', 'bookshp/deployment/reviews'),
      missing('the selector "app=nothing" matches no', '{ selector: app=nothing }'),
      misread('has the unknown kind "deploymnt"', 'deploymnt/reviews'),
      misread('"frontpage" names no target', 'frontpage'),
      misset('input "targets" is missing', { filter: 'build/add-header.wasm' }),
      { ...misset('has the unknown value "on"', { verify: 'on' }), of: 'of the input `verify`' },
      { ...misset('has the unknown value "yes"', { wait: 'yes' }), of: 'of the input `wait`, which is true or false' },
      unknown('does not exist in version', 'kubeconfg'),
      unknown('does not exist in version', 'selector'),
      ofFailure('has no "version"', parseManifest('filters.yaml', 'filters: []')),
    ],
  };
}

function missing(says: string, target: string): Entry {
  const list = readTargetList('input "targets"', `- ${target}`);
  const parsed = parseTargets(list, { defaultNamespace: NAMESPACE, kinds: kindNames() });
  if (!parsed.ok) throw new Error(`"${target}" is no target`);
  return ofProblem(says, resolveTargets(parsed.value, CLUSTER, {}).problems[0]);
}

function misread(says: string, target: string): Entry {
  const list = readTargetList('input "targets"', `- ${target}`);
  return ofFailure(says, parseTargets(list, { defaultNamespace: NAMESPACE, kinds: kindNames() }));
}

/** What a run without a manifest says of inputs that are set like this. */
function misset(says: string, inputs: Readonly<Record<string, string>>): Entry {
  const { problems } = readInputs((name) => inputs[name] ?? '');
  return ofProblem(
    says,
    problems.find(({ subject, message }) => `${subject} ${message}`.includes(says)),
  );
}

function unknown(says: string, input: string): Entry {
  const [found] = findUnknownInputs({ [`INPUT_${input.toUpperCase()}`]: 'x' });
  // The whole sentence has the version of the action.
  const { remedy } = ofProblem(says, found?.problem);
  return { remedy, says: `${found?.problem.subject} ${says}` };
}
