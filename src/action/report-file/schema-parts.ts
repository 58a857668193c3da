import type { ProblemKind } from '../../base/problem.ts';
import { as, flag, integer, list, named, number, object, record, text, textOrNull, word } from '../../base/schema.ts';
import { EVIDENCE_LEVELS } from '../../deploy/report/evidence-level.ts';
import type { ImageState } from '../../deploy/report/image-report.ts';
import { ROLLOUT_PHASES, TARGET_OUTCOMES } from '../../deploy/report/phase.ts';
import type { Rollback, StepState } from '../../deploy/report/report.ts';
import { WAVE_PARTS } from '../../deploy/report/wave-mark.ts';
import { KIND_TITLES } from '../verdict/problem-groups.ts';
import { SOAK } from './schema-soak.ts';

const PROBLEM_KINDS = Object.keys(KIND_TITLES) as ProblemKind[];
const STEP_STATES: readonly StepState[] = ['done', 'unchanged', 'failed', 'skipped'];
const ROLLBACK_STATES: readonly Rollback['state'][] = ['rolled-back', 'failed', 'skipped'];
const IMAGE_STATES: readonly ImageState[] = ['pushed', 'unchanged', 'planned', 'failed', 'skipped'];

/** What names the cluster of something. */
export const IN_CLUSTER = { cluster: text('The cluster that it is in; omitted where the run has one only.') };

/** What a wave is besides its number. */
export const WAVE_PART = word(
  'What the wave is besides its number: the `canary` goes before the rest of the first wave, and `prune`, which no target has, last; omitted for nothing.',
  WAVE_PARTS,
);

const RULE = {
  verb: text('Such as `patch`.'),
  group: text('The API group; empty for the core one.'),
  resource: text('With its subresource, such as `pods/exec`.'),
};
const USER = { user: text('Who lacks it, as the API server calls them.') };
const NAMESPACE = { namespace: text('Omitted for the whole cluster.') };

export const PERMISSION = named(
  'permission',
  object(
    'What a user of the cluster may be allowed to do, as a rule of a Role or a ClusterRole says it.',
    RULE,
    NAMESPACE,
  ),
);

export const MISSING_PERMISSION = named(
  'missingPermission',
  object('A permission that the user of the kubeconfig does not have.', RULE, { ...IN_CLUSTER, ...NAMESPACE, ...USER }),
);

export const PROBLEM = named(
  'problem',
  object(
    'One thing that is wrong, and what to do about it.',
    { kind: word('What sort of thing is wrong.', PROBLEM_KINDS), message: text('What happened, and why.') },
    {
      subject: text('What it is about: an input, a workload, an object. Omitted for the run as a whole.'),
      at: object('Where somebody has written what is wrong; lines and columns count from 1.', {
        file: text('From the workspace.'),
        line: integer('The line.', 1),
        column: integer('The column.', 1),
      }),
      remedy: text('What to do about it.'),
      filter: text('Which of several filters it is about; omitted where there is one only, or nobody knows.'),
      permission: as('The permission that is missing.', PERMISSION),
      ...USER,
    },
  ),
);

export const PODS = named(
  'pods',
  object('How many pods a workload has.', {
    ready: integer('Pods that are ready.'),
    wanted: integer('Pods that there should be.'),
  }),
);

/** What names a workload or a Gateway, for objects that have more to say of it. */
export const NAMES = {
  namespace: text('Its namespace.'),
  kind: text('Its kind, as in its manifest.'),
  name: text('Its name.'),
};

export const WORKLOAD = named('workload', object('A workload, or a Gateway.', NAMES, IN_CLUSTER));

export const VERIFICATION = named(
  'verification',
  object(
    'The evidence that pods run what they should.',
    {
      level: word(
        'The weakest evidence of any of the pods. `listener`: each proxy has the filter in its listener; `stats`: no proxy has rejected a listener; `ready`: the pods are ready.',
        EVIDENCE_LEVELS,
      ),
      pods: integer('Pods with that evidence.'),
      wanted: integer('Pods that were to be looked at.'),
    },
    {
      probed: flag('Whether each pod answered the probe as expected; omitted without a probe.'),
      weakness: text('Why there is no stronger evidence.'),
      notes: list('Which requests pass by the filter.', text('A clause.')),
    },
  ),
);

export const ROLLBACK = named(
  'rollback',
  object(
    'What happened to the rollback of a workload.',
    {
      state: word('`skipped`: the run was cancelled before it wrote the pod template.', ROLLBACK_STATES),
      to: record('The revision of each filter after it, by its name; null for none.', textOrNull('A revision.')),
      seconds: number('How long it took.'),
    },
    {
      from: word('The phase that the workload had come to before.', ROLLOUT_PHASES),
      template: word('Of one that failed: what its pod template has.', ['before', 'new', 'unknown'] as const),
      unready: text('What kept the pods from being ready before the run already.'),
      waiting: text(
        'Where its rollout waits for promotion, of a revision that was not promoted before the run either.',
      ),
      unconfirmed: flag(
        'Set where the run was cancelled before the pods were ready with the pod template that is back.',
      ),
      problem: as('Why it did not succeed, or what is left to do.', PROBLEM),
    },
  ),
);

export const TIMES = named(
  'times',
  object(
    'When its steps were, in seconds since the start of the run.',
    { patched: number('Its patch was written.') },
    {
      ready: number('Its new pods were ready.'),
      verified: number('Its proxies were seen to run what they should.'),
      failed: number('It was known to have failed.'),
      rollbackStarted: number('Its rollback began.'),
      rollbackEnded: number('Its rollback was over, with or without success.'),
    },
  ),
);

const STEP = word('What happened to it.', STEP_STATES);

export const TARGET = named(
  'target',
  object(
    'What happened to one workload.',
    {
      ...NAMES,
      outcome: word('What the run has come to on it.', TARGET_OUTCOMES),
      phase: word('In what condition the run leaves it.', ROLLOUT_PHASES),
      filters: list(
        'The filters that the run is about, on this workload.',
        object(
          'One filter on one workload.',
          {
            name: text('Its name.'),
            revision: textOrNull('The wanted revision; null where the filter is to be removed.'),
            before: textOrNull('The revision that was there before; null for none.'),
            runs: textOrNull('The revision that is there at the end; null for none.'),
          },
          { pushed: flag('Set where settings went into the running proxies, without a restart.') },
        ),
      ),
      steps: object('What was written, and what became of it.', {
        configMap: as('The ConfigMap with the module.', STEP),
        filterResource: as('The EnvoyFilter, WasmPlugin or TrafficExtension.', STEP),
        template: as('The pod template.', STEP),
        rollout: as('The replacement of the pods.', STEP),
      }),
      pods: PODS,
      drift: list('What others had changed since the last run.', text('A clause.')),
      diagnosis: list('What its pods, events and proxies say, where it failed.', text('A line.')),
    },
    {
      ...IN_CLUSTER,
      wave: integer('The wave of its target, with what its cluster adds; omitted where there was one only.', 1),
      wavePart: WAVE_PART,
      seconds: number('From its patch to the verdict; omitted where nobody waited.'),
      times: TIMES,
      verification: VERIFICATION,
      soak: SOAK,
      rollback: ROLLBACK,
      newer: object(
        'What another run has made of it meanwhile, of a workload that is `superseded`.',
        { filter: text('The filter.') },
        {
          revision: text('The revision that is there now; omitted where that run has removed the filter.'),
          run: text(
            'The run that brought it: `owner/repo/run/attempt`, or `local`; omitted for a removal, which leaves no record.',
          ),
        },
      ),
      takenOver: list('The EnvoyFilters of others whose place was taken.', text('`namespace/name`.')),
      alsoRuns: list('Other filters of this action that its pods run.', text('A filter.')),
      unready: text('What keeps its pods from being ready, as before the run.'),
      waiting: text('Where its rollout stands, of a workload that is `waiting` for its promotion.'),
      problem: as('Why it failed.', PROBLEM),
    },
  ),
);

export const IMAGE = named(
  'image',
  object(
    'An image that a filter is pushed as.',
    {
      filter: text('The filter.'),
      pinned: text('`HOST/REPOSITORY@sha256:…`.'),
      state: word('What happened to it. `unchanged`: it was there already.', IMAGE_STATES),
    },
    { tag: text('Omitted where it is pushed under its digest alone.') },
  ),
);

export const COLLECTED = named(
  'collected',
  object('The objects that nothing uses any more.', {
    deleted: list('Those that were deleted.', text('Such as `ConfigMap shop/add-header-0123456789`.')),
    left: list(
      'Those that could not be.',
      object(
        'An object that is still there.',
        { object: text('Such as `ConfigMap shop/add-header-0123456789`.'), why: text('Why, as a clause.') },
        {
          runBy: text('The pod that still runs its revision.'),
          runOn: as('The workload of that pod.', WORKLOAD),
          missing: list('The permissions that are missing.', text('Such as `list pods in namespace "shop"`.')),
        },
      ),
    ),
  }),
);
