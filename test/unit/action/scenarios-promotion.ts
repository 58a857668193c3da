import type { Report } from '../../../src/deploy/report/report.ts';
import {
  deployed,
  policy,
  removed,
  report,
  rollback,
  rolledBack,
  untouched,
  verification,
  waiting,
} from './report-builder.ts';

const [web, cart] = ['Rollout shop/web', 'Rollout shop/cart'];

/** Endings of runs with a Rollout that somebody has to promote. */
export const PROMOTION_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'waiting-for-promotion': () => report({ targets: [waiting(web), deployed('shop/reviews')] }),

  'waiting-before-the-rest': () =>
    report({
      targets: [
        waiting(web, { wave: 1 }),
        waiting(cart, {
          wave: 1,
          waiting: 'its preview is ready',
          pods: { ready: 3, wanted: 3 },
          verification: verification(),
        }),
        untouched('shop/reviews', { wave: 2 }),
      ],
    }),

  'not-promoted': () =>
    report({
      targets: [waiting(web), deployed('shop/reviews')],
      policy: policy({ promote: 'wait' }),
      problems: [
        {
          kind: 'promotion',
          subject: 'Rollout shop/web',
          message: 'was not promoted within 5 min: paused at step 2 of 4 of its canary.',
          remedy:
            'Nothing was rolled back. Promote it (`kubectl argo rollouts promote web -n shop`, or without that plugin `kubectl patch rollout web -n shop --subresource=status --type=merge -p \'{"status":{"pauseConditions":null}}\'`) and re-run the job, or set a longer "timeout"; with "promote: report" the run does not wait for that.',
        },
      ],
    }),

  'rolled-back-to-unpromoted': () =>
    report({
      targets: [
        rolledBack(web, { rollback: rollback('rolled-back', { waiting: 'paused at step 2 of 4 of its canary' }) }),
        rolledBack('shop/reviews'),
      ],
    }),

  'removal-waiting-for-promotion': () =>
    report({ command: 'remove', targets: [waiting(web, { verification: null }), removed('shop/reviews')] }),
};
