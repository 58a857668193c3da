import { foundInScout, notTried } from '../../../src/deploy/scout/scout-problem.ts';
import { ofProblem, type Section } from './entry.ts';

const SCOUT = { namespace: 'shop', targets: [{ kind: 'Deployment', namespace: 'shop', name: 'web' }] };

/** What a scout was refused, or why none was sent. */
export function scouts(): Section {
  const refused = {
    kind: 'rollout',
    message: 'cannot become ready: Envoy rejects the filter',
    remedy:
      'The message says before that what the proxy refused, in its own words: search this page for them. Nothing has to be put right in the cluster.',
  } as const;
  return {
    title: 'Job summary: scouts',
    intro:
      'Before any workload changes, the run tries its filters in [scouts](scout.md), pods of its own. In the examples they stand for Deployment `web` in namespace `shop`.',
    entries: [
      ofProblem('This was found in a scout pod', foundInScout(refused, SCOUT)),
      ofProblem('the filters could not be tried', notTried('the kubeconfig user cannot create pods', SCOUT, 'shop'), [
        'No scout tried the filters of',
      ]),
    ],
  };
}
