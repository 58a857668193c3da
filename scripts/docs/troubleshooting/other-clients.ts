import { readExpectedPlan } from '../../../src/action/request/expected-plan.ts';
import { ApiError } from '../../../src/cluster/errors.ts';
import type { Workload } from '../../../src/cluster/objects.ts';
import { writeProblem } from '../../../src/deploy/apply/write-problem.ts';
import { differences, otherDigest } from '../../../src/deploy/commands/expected-plan.ts';
import { deletedProblem } from '../../../src/deploy/observe/deleted.ts';
import { runsTwice } from '../../../src/deploy/plan/adoption-problems.ts';
import { foreignChange } from '../../../src/deploy/plan/foreign-change.ts';
import { planPart } from '../../../src/deploy/plan-digest.ts';
import { rollbackProblem } from '../../../src/deploy/rollout/rollback-problem.ts';
import { podLabel, STATE_ANNOTATION } from '../../../src/mesh/identity/names.ts';
import { formatState } from '../../../src/mesh/identity/state.ts';
import type { UnmanagedFilter } from '../../../src/mesh/unmanaged/unmanaged.ts';
import { type Entry, ofFailure, ofProblem, ofWords, type Section, withoutStop } from './entry.ts';

const REF = { kind: 'Deployment', namespace: 'shop', name: 'web' };
const FILTER = 'add-header';
const [OURS, THEIRS] = ['0123456789', '9876543210'] as const;
const DIGESTS = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`] as const;
const WORKLOAD: Workload = { kind: REF.kind, metadata: { name: REF.name, namespace: REF.namespace }, spec: {} };

/** Somebody else writes to the same workloads, or another plan was reviewed. */
export async function otherClients(): Promise<Section> {
  const missing = () => Promise.reject(Object.assign(new Error('no such file or directory'), { code: 'ENOENT' }));
  const part = (what: string, content: string) => planPart(what, content, { role: 'does' });
  const [changed] = differences([part('change Deployment shop/web', 'a')], [part('change Deployment shop/web', 'b')]);
  const [added] = differences([], [part('change Deployment shop/cart', 'a')]);
  return {
    title: 'Job summary: other runs, other clients, reviewed plans',
    intro: [
      'A run that finds a newer one on a workload leaves it alone: it is superseded, which is no failure. What others change of what a run',
      'has deployed is drift: `plan` and `status` name it, `deploy` repairs it, and `fail-on-drift: true` lets a run fail by it',
      '([Schedules](schedules.md), [Reliability](reliability.md)).',
    ].join('\n'),
    entries: [
      changedBy({ label: THEIRS, recorded: THEIRS }),
      changedBy({}),
      changedBy({ recorded: OURS }),
      changedBy({ recorded: OURS, marks: ARGO_CD }),
      changedBy({ recorded: OURS, marks: HELM }),
      runsAlready(),
      ofProblem('was modified by another client each time', writeProblem(conflict([]), 'Deployment shop/web')),
      ofProblem(
        'who holds',
        writeProblem(
          conflict([{ reason: 'FieldManagerConflict', message: 'conflict with "helm"', field: '.data' }]),
          'ConfigMap shop/x',
        ),
      ),
      ofProblem('was deleted while this run waited for it', deletedProblem(REF, 'while this run waited for it')),
      rollback('new'),
      rollback('before'),
      rollback('unknown'),
      ofProblem('was reviewed, but this run would carry out', otherDigest(...DIGESTS, ['change Deployment shop/web'])),
      ofProblem('With other content: change Deployment shop/web', changed),
      ofProblem('Not reviewed: change Deployment shop/cart', added),
      ofFailure('which is neither a digest', await readExpectedPlan('plan.json', missing)),
    ],
  };
}

/** A filter of the same name that somebody has put in by hand, by wasme or by Helm. */
function runsAlready(): Entry {
  const places = [{ context: 'SIDECAR_INBOUND' }];
  const unmanaged: UnmanagedFilter = {
    envoyFilter: { namespace: 'shop', name: 'add-header' },
    httpFilter: FILTER,
    places,
    priority: 0,
    code: { kind: 'file', file: '/var/local/lib/wasm-filters/add-header.wasm' },
    rootId: FILTER,
    configurations: [],
    names: [FILTER],
    patches: [],
  };
  return ofProblem(
    'The filter would run twice',
    runsTwice('Deployment shop/web', FILTER, unmanaged, [unmanaged], 'shop'),
  );
}

/** What tools leave on the objects that they write. */
type Marks = Pick<Workload['metadata'], 'labels' | 'annotations'>;

const ARGO_CD: Marks = { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web' } };
const HELM: Marks = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'shop' },
};

/** What is on a workload in place of the revision that this run has brought. */
function changedBy({
  label,
  recorded,
  marks = {},
}: {
  readonly label?: string;
  readonly recorded?: string;
  readonly marks?: Marks;
}): Entry {
  const state = recorded === undefined ? {} : { [FILTER]: { revision: recorded, run: 'shop/web/1/1' } };
  const annotations = { [STATE_ANNOTATION]: formatState(state, {}) ?? '{}' };
  const workload: Workload = {
    ...WORKLOAD,
    metadata: { ...WORKLOAD.metadata, ...marks, annotations: { ...marks.annotations, ...annotations } },
    spec: { template: { metadata: { labels: label === undefined ? {} : { [podLabel(FILTER)]: label } } } },
  };
  const wanted = { ref: REF, podRevisions: [{ filter: FILTER, id: OURS }], removals: [] };
  const found = foreignChange(wanted, workload);
  if (found === undefined) throw new Error('Nothing has changed the workload');
  return ofWords(found.message, found.remedy);
}

function conflict(causes: readonly { reason: string; message: string; field: string }[]): ApiError {
  const message =
    'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version';
  return new ApiError('patch', '/apis/apps/v1/namespaces/shop/deployments/web', 409, {
    message,
    reason: 'Conflict',
    details: { causes },
  });
}

function rollback(template: 'new' | 'before' | 'unknown'): Entry {
  const planned = { ref: REF, observed: WORKLOAD, revisions: [], removals: [FILTER] };
  const whys = {
    new: 'the kubeconfig user cannot patch deployments.apps in namespace "shop"',
    before: 'its pods are not ready',
    unknown: 'the API server does not answer',
  };
  const problem = rollbackProblem(planned, whys[template], { template, isOurs: true, undoReverts: true });
  const says = template === 'before' ? 'was rolled back, but' : 'could not be rolled back';
  const { means: _, ...entry } = ofProblem(says, problem);
  return { ...entry, says: withoutStop(problem.message) };
}
