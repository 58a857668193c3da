import type { Operation, Subject } from './results.ts';

/** How many filters the manifest has. */
export const FILTERS = 20;

/** What a subject is called in texts. */
export const TITLES: Readonly<Record<Subject, string>> = {
  limit: 'limit: the same writes, nothing else',
  'limit-seen': 'limit, until the controller has seen every change',
  action: 'the action',
  'action-no-wait': 'the action with `wait: false`',
  manifest: `the action, a manifest of ${FILTERS} filters`,
  embedded: 'the action, server of the test suite',
  kubectl: 'one `kubectl apply --server-side`, no wait',
  'kubectl-wait': 'one apply, and one `kubectl rollout status` of all',
  helm: '`helm upgrade --install --wait`',
  'helm-fast': 'Helm, with `--qps 1000 --burst-limit 2000`',
  xargs: 'one apply, patches by `xargs -P 8 kubectl patch`, no wait',
  script: 'the documented script',
  node: '`node -e 0`',
};

/** What an operation is called in texts. */
export const OPERATIONS: Readonly<Record<Operation, string>> = {
  deploy: 'first deployment',
  'no-op': 'the same again',
  status: 'status',
  plan: 'plan of a change of settings',
  settings: 'change of settings',
  'one-more': 'one new workload',
  remove: 'removal',
  start: 'process start to first request',
};
