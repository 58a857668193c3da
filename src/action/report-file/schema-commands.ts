import { flag, integer, list, object, oneOf, text, word } from '../../base/schema.ts';
import { PLUGINS, type PluginKind } from '../../cluster/resources.ts';
import { CHECK_RESULTS } from '../../deploy/report/check-report.ts';
import type { PlannedAdoption, PlannedChange, PlannedModule } from '../../deploy/report/plan-report.ts';
import { COMPARED, type FilterHealth } from '../../deploy/report/status-report.ts';
import {
  IMAGE,
  IN_CLUSTER,
  MISSING_PERMISSION,
  NAMES,
  PODS,
  VERIFICATION,
  WAVE_PART,
  WORKLOAD,
} from './schema-parts.ts';
import { SOAK } from './schema-soak.ts';

const ACTIONS: readonly PlannedChange['action'][] = ['create', 'change', 'delete'];
const FATES: readonly PlannedAdoption['fate'][] = ['deleted', 'patched', 'stays'];
const MODULE_STATES: readonly PlannedModule['state'][] = ['same', 'other', 'new', 'unknown'];
const HEALTHS: readonly FilterHealth[] = [
  'verified',
  'progressing',
  'waiting-for-promotion',
  'aborted',
  'drifted',
  'outdated',
  'not-ready',
  'no-effect',
  'missing',
  'scaled-to-zero',
];

const OBJECT = text('Such as `ConfigMap shop/add-header-0123456789`.');
const WAVE = integer('The wave as the target has it, with what the cluster adds.', 1);
const OF_WAVE = { ...IN_CLUSTER, wavePart: WAVE_PART };

/** What the API server says to a write. */
export const ADMISSION = oneOf(
  'What the API server said to a dry run of it.',
  object('It accepts it.', {
    state: word('The answer.', ['accepted'] as const),
    warnings: list('Its warnings.', text('A warning.')),
  }),
  object('It rejects it.', { state: word('The answer.', ['refused'] as const), message: text('Why.') }),
  object('It was not asked.', { state: word('No answer.', ['not-asked'] as const), why: text('Why.') }),
);

/** Which module a filter has. */
export const MODULE = object(
  'A module.',
  { digest: text('sha256 digest of the module as it is delivered.') },
  {
    bytes: integer('Its size; omitted where the run has not read it.'),
    image: text('What the proxies pull; omitted where the module is mounted.'),
  },
);

/** What `plan` has found. */
export const PLAN = object(
  'What `deploy` would do with the same inputs; omitted where the run ended before that was known.',
  {
    changes: list(
      'Every write, in its order.',
      object(
        'A write.',
        {
          action: word('What would be done.', ACTIONS),
          kind: text('Kind of the object.'),
          namespace: text('Namespace of the object.'),
          name: text('Name of the object.'),
          reasons: list('Why, where that is not plain.', text('A clause.')),
          diff: list('The difference.', text('A line that begins with `+`, `-` or a blank.')),
          admission: ADMISSION,
        },
        IN_CLUSTER,
      ),
    ),
    restarts: list(
      'The workloads whose pods would be replaced.',
      object('A workload.', { ...NAMES, pods: integer('Its pods.'), wave: WAVE }, OF_WAVE),
    ),
    inPlace: list(
      'The Gateways whose pods would change as they run.',
      object('A Gateway.', { ...NAMES, wave: WAVE }, OF_WAVE),
    ),
    adoptions: list(
      'The filters of others whose place would be taken.',
      object('A filter that is not managed by this action.', {
        what: text('Which one.'),
        by: text('The filter that would take its place.'),
        workloads: list('Where.', text('Such as `Deployment shop/reviews`.')),
        fate: word('What would become of its EnvoyFilter.', FATES),
        keeps: list('What the EnvoyFilter would keep, or whom it still serves.', text('A clause.')),
        volumes: list(
          'The volumes that hold its file.',
          object('A volume.', { volume: text('Its name.') }, { stays: text('Why it stays; omitted where it goes.') }),
        ),
      }),
    ),
    images: list('The images that filters would be pushed as.', IMAGE),
    waves: integer('How many waves there would be.'),
    missingPermissions: list('What `deploy` would need and the user of the kubeconfig may not.', MISSING_PERMISSION),
  },
  {
    expires: text('When `sweep` could remove the first filter of the targets, ISO 8601; omitted for never.'),
    uncheckedPermissions: list(
      'The same where the user of the kubeconfig only reads: whether the one that deploys has them is not known.',
      MISSING_PERMISSION,
    ),
    modules: list(
      'Which module workloads run and which one they would get, where they would get another revision.',
      object(
        'Workloads of which the same is true.',
        {
          filter: text('Its name.'),
          state: word('Whether they have it already; `unknown` where nothing tells what they run.', MODULE_STATES),
          after: MODULE,
          workloads: list('Where.', text('Such as `Deployment shop/reviews`.')),
        },
        { before: MODULE },
      ),
    ),
    digest: text('The digest of the plan, as the output `plan-digest`.'),
    parts: list(
      'What the plan does and goes by; the input `expect-plan` of `deploy` compares them.',
      object(
        'A part.',
        { what: text('What it is about.'), digest: text('The sha256 digest of its content.') },
        { shown: text('The content in a few words; omitted where it has more.') },
      ),
    ),
  },
);

/** What `deploy` has planned before it wrote. */
export const DEPLOY_PLAN = object(
  'What was planned before the first write; omitted where the run ended before.',
  {
    images: list('The images that filters were pushed as.', IMAGE),
    pluginKind: word('What brings images to the proxies of the cluster.', Object.keys(PLUGINS) as PluginKind[]),
  },
  { expires: text('When `sweep` may remove the first filter of the targets, ISO 8601; omitted for never.') },
);

/** How one filter does on one workload. */
export const STATUS_OF_FILTER = object(
  'One filter on one workload.',
  {
    filter: text('Its name.'),
    health: word('How it does.', HEALTHS),
    notes: list('What is wrong, or was changed by others.', text('A sentence.')),
  },
  {
    revision: text('What the pods run; omitted where their template does not say.'),
    wanted: text('The revision that the manifest says, where it is another one and known.'),
    compared: word('How much of it was compared with the manifest; omitted without one.', COMPARED),
    alsoRuns: list('Other revisions that pods still run.', text('A revision.')),
    rendered: list('Who has applied the files of `render`, where it came by them.', text('A field manager.')),
    digest: text('sha256 digest of its module.'),
    image: text('What the proxies pull; omitted where the module is mounted.'),
    previous: text('The revision directly before.'),
    run: text('The run that set the revision: `owner/repo/run/attempt`, or `local`.'),
    expires: text('When `sweep` may remove it, ISO 8601.'),
    expired: flag('Set once that time is over.'),
    verification: VERIFICATION,
    changed: flag('Set where something of this action is missing or was changed by others.'),
    owner: text('The object whose controller may put the pod template back.'),
  },
);

/** What `status` has found. */
export const STATUS = object(
  'What runs; omitted where the run ended before that was known.',
  {
    workloads: list(
      'The workloads that have a filter, or should.',
      object(
        'A workload.',
        { ...NAMES, pods: PODS, filters: list('Its filters.', STATUS_OF_FILTER) },
        { ...IN_CLUSTER, soak: SOAK },
      ),
    ),
    namespaces: list('Where it looked.', text('A namespace.')),
    garbage: list('Objects of revisions that nothing runs.', OBJECT),
  },
  {
    kept: list('Those that are kept to roll back to.', OBJECT),
    inUse: list('Those that only old pods run.', OBJECT),
    inUseUnseen: list('Those that pods run whose workload the kubeconfig user may not list.', OBJECT),
    unknown: list('Those of which nobody knows whether pods or other workloads use them.', OBJECT),
  },
);

/** What a removal has found that had nothing to do. */
export const NOTHING = object('What is there instead, where there was nothing to remove; omitted otherwise.', {
  filters: list('Those that were asked for; empty for all.', text('A name.')),
  namespaces: list('Where it looked.', text('A namespace.')),
  present: list(
    'The filters that are there.',
    object(
      'A filter in a namespace.',
      {
        filter: text('Its name.'),
        namespace: text('The namespace.'),
        workloads: list('The workloads that have it.', WORKLOAD),
      },
      { expires: text('When `sweep` may remove it from the first of them, ISO 8601.') },
    ),
  ),
});

/** What `render` has written. */
export const RENDERED = object('What was written; omitted where the run ended before.', {
  folder: text('The folder, from the workspace.'),
  files: list(
    'The files.',
    object(
      'A file.',
      {
        path: text('From the workspace.'),
        bytes: integer('Its size.'),
        content: text('What it holds, such as `patch for Deployment shop/reviews`.'),
      },
      { kept: flag('Set where it was there and is not ours to write.'), patches: WORKLOAD },
    ),
  ),
  revisions: list('The revisions of the filters.', text('A revision.')),
  removed: list('The files of an earlier run that were removed.', text('From the workspace.')),
});

const RESULTS = (description: string) =>
  list(description, word('`failed`: "deploy" would reject it; `undecided`: not made, or no result.', CHECK_RESULTS));

/** What `check` has found. */
export const CHECKED = object('What the checks say; omitted where the run ended before.', {
  stated: flag('Whether the input `proxies` names the versions.'),
  proxies: list(
    'The versions, oldest first.',
    object('A version.', {
      name: text('As the input `proxies` has it, such as `1.28` or `envoy/1.36.2`.'),
      envoy: text('The version of its Envoy.'),
      known: flag('Whether the tables of the check cover it: of others little is known, and they reject little.'),
    }),
  ),
  filters: list(
    'The filters.',
    object('A filter.', {
      name: text('Its name.'),
      state: word('Whether it was checked; it is not with `check: off`.', ['checked', 'skipped'] as const),
      settings: integer('How many different settings it has on its targets.'),
      results: object('What each check says, for each of the versions in their order.', {
        inputs: RESULTS(
          'Whether what is said of it, in the inputs or a manifest, is valid; the same for all versions.',
        ),
        module: RESULTS('Its format, ABI, exports, memory and size.'),
        'host-functions': RESULTS('Whether the proxies have what it imports.'),
        settings: RESULTS('Whether they know its settings.'),
        trial: RESULTS('Whether it starts with its configuration, and answers a request.'),
        tests: RESULTS('Whether its tests pass; empty where it has none.'),
      }),
    }),
  ),
});
