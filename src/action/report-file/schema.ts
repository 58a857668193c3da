import {
  constant,
  flag,
  integer,
  list,
  named,
  number,
  object,
  oneOf,
  text,
  type ValueOf,
  word,
} from '../../base/schema.ts';
import { ON_FAILURE, PROMOTE, SCOUTS, SOAK_REQUIRES, SOAK_TRAFFIC, UNREADY, VERIFY } from '../../deploy/policy.ts';
import type { Report, ReportOf } from '../../deploy/report/report.ts';
import { CHECKED, DEPLOY_PLAN, NOTHING, PLAN, RENDERED, STATUS } from './schema-commands.ts';
import { FILTER } from './schema-filter.ts';
import { COLLECTED, PERMISSION, PROBLEM, TARGET, WORKLOAD } from './schema-parts.ts';
import { TESTED } from './schema-tests.ts';

/** How a run was told to roll out. */
export const POLICY = named(
  'policy',
  object(
    'How the run was told to roll out, by the names of the inputs.',
    {
      wait: flag('Whether rollouts were waited for.'),
      timeout: number('Seconds that one workload may take.'),
      verify: word('How sure the run had to be that the filter runs.', VERIFY),
      scout: word('Whether filters were tried in scouts first.', SCOUTS),
      'on-failure': word('What happens to workloads when one fails.', ON_FAILURE),
      unready: word('What happens to workloads that were not ready before the run.', UNREADY),
      promote: word('What happens when a rollout waits for somebody to promote it.', PROMOTE),
      'max-failures': text('How many workloads may fail, such as `2` or `10%`.'),
      soak: number('Seconds for which a wave is watched.'),
    },
    {
      'max-error-rate': text(
        'How many requests may fail in watched pods, such as `1%` or `+1%`; omitted for any sure rise.',
      ),
      'max-latency-increase': text('How much slower requests may be in watched pods, such as `20%` or `100ms`.'),
      'min-requests': number('How many requests a watched workload must get for a verdict on its traffic.'),
      'soak-requires': word('What a soak must have seen.', SOAK_REQUIRES),
      traffic: word('What the run sends to watched pods.', SOAK_TRAFFIC),
      probe: text('The request that each new pod must answer, without its headers and body.'),
      canary: text('How many workloads go first, such as `1` or `10%`.'),
      'max-parallel': text(
        'How many workloads of a cluster may be rolling at once, such as `5` or `50%`; omitted for a quarter of them, and five at least.',
      ),
    },
  ),
);

/** What the report of every command has. */
const BASE = {
  version: constant('Version of this format: it grows where a reader of the one before could not read it.', 1),
  actionVersion: text('Version of the action.'),
  headline: text('The verdict in one line, for people. Its words may change with any version.'),
  changed: flag('Whether anything was written to the cluster that is still there.'),
  cancelled: flag('Whether the run was cancelled.'),
  started: text('When the run began, ISO 8601.'),
  seconds: number('How long it took.'),
  clusters: list(
    'The clusters of the run; empty where none answered, or none was asked.',
    named(
      'cluster',
      oneOf(
        'A cluster.',
        object('It has answered.', {
          state: word('Whether it has.', ['connected'] as const),
          name: text('What the run calls it.'),
          context: text('Its context of the kubeconfig.'),
          version: text('The version of its API server.'),
        }),
        object('It did not answer, and the run was told to go on without it.', {
          state: word('Whether it has.', ['skipped'] as const),
          name: text('What the run calls it.'),
          context: text('Its context of the kubeconfig.'),
          why: text('Why it did not.'),
        }),
      ),
    ),
  ),
  requests: object('How many requests the API servers were sent.', {
    reads: integer('Requests that only read.'),
    writes: integer('Requests that write.'),
  }),
  policy: POLICY,
  refusedInputs: list(
    'The inputs that were refused: what stands for their values here is none of them.',
    text('Its name.'),
  ),
  filters: list('The filters of the run; empty for commands that bring none.', FILTER),
  problems: list('What is wrong with the run. What is wrong with one workload stands there.', PROBLEM),
  warnings: list('What to know besides.', text('A sentence.')),
};

export const MOVED_TAG = named(
  'movedTag',
  object(
    'A tag that names other bytes now than those that workloads run.',
    {
      image: text('The image, without its tag.'),
      tag: text('The tag.'),
      from: text('The digest that it had when an earlier run put it on the workloads.'),
      to: text('The digest that it has now.'),
      workloads: list('The workloads that an earlier run put it on.', WORKLOAD),
    },
    {
      run: text('The run that put it on them.'),
      kept: flag('Whether they keep what they run, as the input `on-new-digest` says.'),
    },
  ),
);

const MAY_HAVE = {
  permissions: list('All that the command may need, where some of it is missing.', PERMISSION),
};

/** What the reports of commands that compare filters with what runs may have, too. */
const MOVED = {
  movedTags: list('The tags that name other bytes now than those that workloads run.', MOVED_TAG),
};

/** What the reports of commands that run the tests of filters may have, too. */
const TESTS = { tests: list('What the tests of filters have come to; omitted where none was run.', TESTED) };

/** What the reports of commands that are about workloads have. */
const TARGETS = { targets: list('The workloads.', TARGET) };

const DEPLOY_RESULTS: readonly ReportOf<'deploy'>['outcome'][] = [
  'deployed',
  'unchanged',
  'waiting',
  'superseded',
  'failed',
];
const REMOVE_RESULTS: readonly ReportOf<'remove'>['outcome'][] = [
  'removed',
  'unchanged',
  'waiting',
  'superseded',
  'failed',
];

const RESULT = 'What the run has come to, as the output `result`.';

function resultOf<C extends Report['command']>(command: C, results: readonly ReportOf<C>['outcome'][]) {
  return { ...BASE, command: constant('The command.', command), result: word(RESULT, results) };
}

/** What scouts have tried. */
export const SCOUTED = object(
  'What was tried in scouts before any workload changed; omitted where there was nothing to try.',
  {
    namespaces: list('The namespaces where a scout ran the filters, or was refused them.', text('Its name.')),
    pods: integer('How many scouts there were.'),
    seconds: number('How long they took together.'),
    unshown: list('The inputs whose places no scout could show.', text('Its name.')),
    untried: list('Why filters went untried.', text('A clause.')),
  },
);

const DEPLOY = object(
  'The report of `deploy`.',
  { ...resultOf('deploy', DEPLOY_RESULTS), ...TARGETS, collected: COLLECTED },
  { ...MAY_HAVE, ...MOVED, ...TESTS, deployment: DEPLOY_PLAN, scouts: SCOUTED },
);
const PLANNED = object(
  'The report of `plan`.',
  { ...resultOf('plan', ['planned', 'failed']), ...TARGETS },
  { ...MAY_HAVE, ...MOVED, ...TESTS, plan: PLAN },
);
const STATUS_REPORT = object('The report of `status`.', resultOf('status', ['reported', 'failed']), {
  ...MAY_HAVE,
  ...MOVED,
  status: STATUS,
});
const REMOVE = object(
  'The report of `remove`.',
  { ...resultOf('remove', REMOVE_RESULTS), ...TARGETS, collected: COLLECTED },
  { ...MAY_HAVE, nothing: NOTHING },
);
const SWEEP = object(
  'The report of `sweep`.',
  { ...resultOf('sweep', REMOVE_RESULTS), ...TARGETS, collected: COLLECTED },
  { ...MAY_HAVE, nothing: NOTHING },
);
const RENDER = object('The report of `render`.', resultOf('render', ['rendered', 'failed']), { rendered: RENDERED });
const CHECK = object('The report of `check`.', resultOf('check', ['passed', 'failed']), { ...TESTS, checked: CHECKED });

/** The report of a run as a file: the one source of its schema, of its type, and so of what writes it. */
export const REPORT_FILE = oneOf(
  'The complete report of a run of deploy-wasm-filter, by its command. Times are in seconds. What has nothing to say is omitted.',
  named('deploy', DEPLOY),
  named('plan', PLANNED),
  named('status', STATUS_REPORT),
  named('remove', REMOVE),
  named('sweep', SWEEP),
  named('render', RENDER),
  named('check', CHECK),
);

export type ReportFile = ValueOf<typeof REPORT_FILE>;
