import { expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import type { CommandOutcome } from '../../../../src/deploy/report/conclude.ts';
import { outcomeInContext } from '../../../../src/deploy/report/kubectl-context.ts';
import { commandsWithoutContext } from '../../../harness/commands-in-context.ts';
import { refOf } from '../../builders.ts';
import { target } from './target.ts';

const COMMAND = 'Look (`kubectl get pods -n shop`), or `kubectl argo rollouts promote web -n shop`.';
const problem: Problem = { kind: 'rollout', message: COMMAND, remedy: COMMAND };
const said = { problems: [problem], warnings: [{ topic: 'Not ready', text: COMMAND }] };
const ref = refOf('shop/deploy/reviews');

const outcomes: readonly CommandOutcome[] = [
  {
    command: 'remove',
    ...said,
    targets: [
      target('failed', 'done', {
        problem,
        rollback: { state: 'failed', to: {}, durationMs: 1, unready: COMMAND, problem, template: 'new' },
      }),
      target('waiting', 'done', { waiting: COMMAND }),
    ],
    collected: { deleted: [], left: [] },
    removal: { state: 'found' },
  },
  {
    command: 'status',
    ...said,
    status: {
      state: 'read',
      namespaces: ['shop'],
      garbage: [],
      workloads: [
        {
          ref,
          pods: { ready: 0, wanted: 1 },
          filters: [{ filter: 'add-header', health: 'waiting-for-promotion', notes: [{ text: COMMAND }] }],
        },
      ],
    },
  },
];

test.each(outcomes)('every command in the outcome of $command goes to the cluster that it is for', (outcome) => {
  expect(commandsWithoutContext(outcome)).not.toEqual([]);
  expect(commandsWithoutContext(outcomeInContext(outcome, 'prod-eu'))).toEqual([]);
  expect(outcomeInContext(outcome, undefined)).toBe(outcome);
});
