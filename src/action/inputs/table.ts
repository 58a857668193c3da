import {
  MISSING,
  ON_FAILURE,
  ON_NEW_DIGEST,
  PROMOTE,
  SCOUTS,
  SETTINGS_CHANGES,
  SOAK_REQUIRES,
  SOAK_TRAFFIC,
  UNREACHABLE,
  UNREADY,
  VERIFY,
} from '../../deploy/policy.ts';
import { COMMANDS, type Command } from '../../deploy/report/report.ts';
import { DIRECTIONS, FAIL_POLICIES, PLUGIN_PHASES, PROXY_LOG_LEVELS } from '../../filter/settings.ts';
import { SHRINK_MODES } from '../../filter/shrink/shrink.ts';
import { DELIVERIES } from '../../mesh/objects/delivery.ts';

/**
 * One input of the action. A test holds action.yml and the README against this table, and a manifest's keys, its JSON Schema and its
 * reference are made of it.
 */
export interface InputDefinition {
  readonly type:
    | 'String'
    | 'Path'
    | 'Paths'
    | 'Path or URL'
    | 'YAML'
    | 'Text'
    | 'Duration'
    | 'Boolean'
    | 'Number'
    | 'Boolean or names'
    | 'Number or %';
  /** What an empty input means; the empty string where that depends on other inputs. */
  readonly default: string;
  /** The words that it may be; omitted where there are others. */
  readonly values?: readonly [string, ...string[]];
  /** The commands that it means something to; every one when absent. */
  readonly commands?: readonly Command[];
  /** Whose it is: one filter's, so that a manifest has a key of that name for each; the run's when absent. */
  readonly of?: 'filter';
}

/** `plan` says what `deploy` would do with the same inputs, so it takes all of them. */
const DEPLOY = ['deploy', 'plan'] as const;
/** `check` says what `deploy` would say of the same filter, so it takes all that is one filter's. */
const PREPARE = [...DEPLOY, 'check'] as const;
const FILTER = [...PREPARE, 'render'] as const;
/** Whether a filter is looked at and tried on the runner before anything is written. */
const CHECKS = ['auto', 'off'] as const;
/** `unchanged`: whatever the mesh and the pod template say. */
const LOG_LEVELS = ['unchanged', ...PROXY_LOG_LEVELS] as const;
/** Whether a run for a pull request writes a comment there. */
const COMMENTS = ['auto', 'off'] as const;
/** A manifest may name filters for those that name one filter each. */
const NAMED = [...FILTER, 'status', 'remove'] as const;
/** `status` asks whether a tag has moved. */
const REGISTRY = [...FILTER, 'status'] as const;
/** What compares a filter with what workloads run. */
const COMPARED = [...DEPLOY, 'status'] as const;
const ROLLOUT = [...DEPLOY, 'remove', 'sweep'] as const;
const CLUSTER = [...ROLLOUT, 'status'] as const;

/** Every input, in the order in which people read about them. */
export const INPUTS = {
  command: { type: 'String', default: 'deploy', values: COMMANDS },
  manifest: { type: 'Paths', default: '', commands: NAMED },
  filter: { type: 'Path or URL', default: '', of: 'filter' },
  sha256: { type: 'String', default: '', commands: FILTER, of: 'filter' },
  'on-new-digest': { type: 'String', default: 'deploy', values: ON_NEW_DIGEST, commands: COMPARED, of: 'filter' },
  'push-to': { type: 'String', default: '', commands: PREPARE, of: 'filter' },
  'registry-username': { type: 'String', default: '', commands: REGISTRY },
  'registry-password': { type: 'String', default: '', commands: REGISTRY },
  'insecure-registries': { type: 'String', default: '', commands: REGISTRY },
  name: { type: 'String', default: '', of: 'filter' },
  targets: { type: 'YAML', default: '', of: 'filter' },
  'targets-file': { type: 'Path', default: '', of: 'filter' },
  kubeconfig: { type: 'Text', default: '', commands: CLUSTER },
  context: { type: 'String', default: '', commands: CLUSTER },
  contexts: { type: 'String', default: '', commands: CLUSTER },
  unreachable: { type: 'String', default: 'fail', values: UNREACHABLE, commands: CLUSTER },
  namespace: { type: 'String', default: '', of: 'filter' },
  'root-id': { type: 'String', default: '', commands: FILTER, of: 'filter' },
  'vm-id': { type: 'String', default: '', commands: FILTER, of: 'filter' },
  configuration: { type: 'Text', default: '', commands: FILTER, of: 'filter' },
  direction: { type: 'String', default: 'inbound', values: DIRECTIONS, commands: FILTER, of: 'filter' },
  port: { type: 'Number', default: '', commands: FILTER, of: 'filter' },
  'fail-policy': { type: 'String', default: 'closed', values: FAIL_POLICIES, commands: FILTER, of: 'filter' },
  'reload-backoff': { type: 'Duration', default: '', commands: FILTER, of: 'filter' },
  'allow-on-headers-stop-iteration': { type: 'Boolean', default: 'false', commands: FILTER, of: 'filter' },
  environment: { type: 'YAML', default: '', commands: FILTER, of: 'filter' },
  capabilities: { type: 'YAML', default: '', commands: FILTER, of: 'filter' },
  'allow-precompiled': { type: 'Boolean', default: 'false', commands: FILTER, of: 'filter' },
  'log-level': { type: 'String', default: 'unchanged', values: LOG_LEVELS, commands: FILTER, of: 'filter' },
  insert: { type: 'String', default: 'before router', commands: FILTER, of: 'filter' },
  order: { type: 'Number', default: '0', commands: FILTER, of: 'filter' },
  'mount-path': { type: 'Path', default: '', commands: FILTER, of: 'filter' },
  delivery: { type: 'String', default: 'auto', values: DELIVERIES, commands: FILTER, of: 'filter' },
  'pull-secret': { type: 'String', default: '', commands: FILTER, of: 'filter' },
  phase: { type: 'String', default: 'unspecified', values: PLUGIN_PHASES, commands: FILTER, of: 'filter' },
  check: { type: 'String', default: 'auto', values: CHECKS, commands: FILTER, of: 'filter' },
  proxies: { type: 'String', default: '', commands: ['check'] },
  tests: { type: 'YAML', default: '', commands: PREPARE, of: 'filter' },
  'tests-file': { type: 'Paths', default: '', commands: PREPARE, of: 'filter' },
  shrink: { type: 'String', default: 'auto', values: SHRINK_MODES, commands: FILTER, of: 'filter' },
  attestation: { type: 'YAML', default: '', commands: FILTER, of: 'filter' },
  // The runner fills it in whatever the command, so it is never one input too many.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that GitHub evaluates.
  'github-token': { type: 'Text', default: '${{ github.token }}' },
  wait: { type: 'Boolean', default: 'true', commands: ROLLOUT },
  timeout: { type: 'Duration', default: '10m', commands: ROLLOUT },
  verify: { type: 'String', default: 'auto', values: VERIFY, commands: COMPARED },
  scout: { type: 'String', default: 'auto', values: SCOUTS, commands: DEPLOY },
  probe: { type: 'YAML', default: '', commands: DEPLOY },
  'on-failure': { type: 'String', default: 'rollback', values: ON_FAILURE, commands: DEPLOY },
  unready: { type: 'String', default: 'fail', values: UNREADY, commands: DEPLOY },
  promote: { type: 'String', default: 'report', values: PROMOTE, commands: ROLLOUT },
  canary: { type: 'Number or %', default: '', commands: DEPLOY },
  'max-parallel': { type: 'Number or %', default: '', commands: ROLLOUT },
  'max-failures': { type: 'Number or %', default: '0', commands: DEPLOY },
  soak: { type: 'Duration', default: '0s', commands: DEPLOY },
  'max-error-rate': { type: 'String', default: '', commands: DEPLOY },
  'max-latency-increase': { type: 'String', default: '', commands: DEPLOY },
  'min-requests': { type: 'Number', default: '10', commands: DEPLOY },
  'soak-requires': { type: 'String', default: 'nothing', values: SOAK_REQUIRES, commands: DEPLOY },
  traffic: { type: 'String', default: 'off', values: SOAK_TRAFFIC, commands: DEPLOY },
  'fail-on-drift': { type: 'Boolean', default: 'false', commands: COMPARED },
  'fail-on-crash': { type: 'Boolean', default: 'false', commands: ['status'] },
  'expect-plan': { type: 'String', default: '', commands: ['deploy', 'remove', 'sweep'] },
  settings: { type: 'String', default: 'roll', values: SETTINGS_CHANGES, commands: DEPLOY },
  prune: { type: 'Boolean', default: 'false', commands: DEPLOY },
  'keep-revisions': { type: 'Number', default: '1', commands: COMPARED },
  adopt: { type: 'Boolean or names', default: 'false', commands: PREPARE, of: 'filter' },
  expires: { type: 'Duration', default: '', commands: PREPARE, of: 'filter' },
  missing: { type: 'String', default: 'fail', values: MISSING, commands: ['remove', 'sweep'] },
  'render-to': { type: 'Path', default: 'wasm-filter', commands: ['render'] },
  'report-file': { type: 'Path', default: '' },
  'junit-file': { type: 'Path', default: '', commands: PREPARE },
  comment: { type: 'String', default: 'auto', values: COMMENTS },
  'comment-key': { type: 'String', default: '' },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that GitHub evaluates.
  matrix: { type: 'Text', default: '${{ toJSON(matrix) }}' },
  'show-configuration': { type: 'Boolean', default: 'false' },
} as const satisfies Readonly<Record<string, InputDefinition>>;

export type InputName = keyof typeof INPUTS;

/** The inputs that are one of some words. */
export type WordInput = { [N in InputName]: (typeof INPUTS)[N] extends { values: unknown } ? N : never }[InputName];

/** The words that an input may be. */
export type WordOf<N extends WordInput> = (typeof INPUTS)[N]['values'][number];

/** The inputs that are one filter's. */
export type FilterInputName = {
  [N in InputName]: (typeof INPUTS)[N] extends { of: 'filter' } ? N : never;
}[InputName];

/** The groups of inputs in action.yml and the README, in their order, each with its first input; it ends where the next begins. */
export const INPUT_GROUPS: Readonly<Record<string, InputName>> = {
  Command: 'command',
  Filter: 'filter',
  'Targets and cluster': 'targets',
  'Filter settings': 'root-id',
  Delivery: 'delivery',
  'Checks before the first write': 'check',
  'Rollout and verification': 'wait',
  'Revisions and removal': 'settings',
  Rendering: 'render-to',
  Report: 'report-file',
};

export const INPUT_NAMES = Object.keys(INPUTS) as readonly InputName[];

/** The inputs that are one filter's, which are the keys of a filter in a manifest, in their order. */
export const FILTER_INPUTS = INPUT_NAMES.filter(isFilterInput);

/** Whether an input is one filter's. */
export function isFilterInput(name: InputName): name is FilterInputName {
  const { of }: InputDefinition = INPUTS[name];
  return of === 'filter';
}

/** Whether an input means something to a command. */
export function isInputOf(command: Command, name: InputName): boolean {
  const { commands }: InputDefinition = INPUTS[name];
  return commands?.includes(command) ?? true;
}
