import type { Command } from '../../deploy/report/report.ts';

/** One input of the action. A test holds action.yml and the README against this table. */
export interface InputDefinition {
  readonly type:
    | 'String'
    | 'Path'
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
  /** The commands that it means something to; every one when absent. */
  readonly commands?: readonly Command[];
}

/** `plan` says what `deploy` would do with the same inputs, so it takes all of them. */
const DEPLOY = ['deploy', 'plan'] as const;
const FILTER = [...DEPLOY, 'render'] as const;
/** `status` asks whether a tag has moved. */
const REGISTRY = [...FILTER, 'status'] as const;
const ROLLOUT = [...DEPLOY, 'remove', 'sweep'] as const;
const CLUSTER = [...ROLLOUT, 'status'] as const;

/** Every input, in the order in which people read about them. */
export const INPUTS = {
  command: { type: 'String', default: 'deploy' },
  filter: { type: 'Path or URL', default: '' },
  sha256: { type: 'String', default: '', commands: FILTER },
  'push-to': { type: 'String', default: '', commands: DEPLOY },
  'registry-username': { type: 'String', default: '', commands: REGISTRY },
  'registry-password': { type: 'String', default: '', commands: REGISTRY },
  'insecure-registries': { type: 'String', default: '', commands: REGISTRY },
  name: { type: 'String', default: '' },
  targets: { type: 'YAML', default: '' },
  'targets-file': { type: 'Path', default: '' },
  kubeconfig: { type: 'Text', default: '', commands: CLUSTER },
  context: { type: 'String', default: '', commands: CLUSTER },
  contexts: { type: 'String', default: '', commands: CLUSTER },
  unreachable: { type: 'String', default: 'fail', commands: CLUSTER },
  namespace: { type: 'String', default: '' },
  'root-id': { type: 'String', default: '', commands: FILTER },
  'vm-id': { type: 'String', default: '', commands: FILTER },
  configuration: { type: 'Text', default: '', commands: FILTER },
  direction: { type: 'String', default: 'inbound', commands: FILTER },
  port: { type: 'Number', default: '', commands: FILTER },
  'fail-policy': { type: 'String', default: 'closed', commands: FILTER },
  'reload-backoff': { type: 'Duration', default: '', commands: FILTER },
  'allow-on-headers-stop-iteration': { type: 'Boolean', default: 'false', commands: FILTER },
  environment: { type: 'YAML', default: '', commands: FILTER },
  capabilities: { type: 'YAML', default: '', commands: FILTER },
  'allow-precompiled': { type: 'Boolean', default: 'false', commands: FILTER },
  insert: { type: 'String', default: 'before router', commands: FILTER },
  order: { type: 'Number', default: '0', commands: FILTER },
  'mount-path': { type: 'Path', default: '', commands: FILTER },
  delivery: { type: 'String', default: 'auto', commands: FILTER },
  'pull-secret': { type: 'String', default: '', commands: FILTER },
  phase: { type: 'String', default: 'unspecified', commands: FILTER },
  check: { type: 'String', default: 'auto', commands: FILTER },
  shrink: { type: 'String', default: 'auto', commands: FILTER },
  attestation: { type: 'YAML', default: '', commands: FILTER },
  // The runner fills it in whatever the command, so it is never one input too many.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that GitHub evaluates.
  'github-token': { type: 'Text', default: '${{ github.token }}' },
  wait: { type: 'Boolean', default: 'true', commands: ROLLOUT },
  timeout: { type: 'Duration', default: '10m', commands: ROLLOUT },
  verify: { type: 'String', default: 'auto', commands: [...DEPLOY, 'status'] },
  probe: { type: 'YAML', default: '', commands: DEPLOY },
  'on-failure': { type: 'String', default: 'rollback', commands: DEPLOY },
  unready: { type: 'String', default: 'fail', commands: DEPLOY },
  canary: { type: 'Number or %', default: '', commands: DEPLOY },
  'max-parallel': { type: 'Number or %', default: '', commands: ROLLOUT },
  'max-failures': { type: 'Number or %', default: '0', commands: DEPLOY },
  soak: { type: 'Duration', default: '0s', commands: DEPLOY },
  settings: { type: 'String', default: 'roll', commands: DEPLOY },
  prune: { type: 'Boolean', default: 'false', commands: DEPLOY },
  'keep-revisions': { type: 'Number', default: '1', commands: [...DEPLOY, 'status'] },
  adopt: { type: 'Boolean or names', default: 'false', commands: DEPLOY },
  expires: { type: 'Duration', default: '', commands: DEPLOY },
  missing: { type: 'String', default: 'fail', commands: ['remove', 'sweep'] },
  'render-to': { type: 'Path', default: 'wasm-filter', commands: ['render'] },
  'report-file': { type: 'Path', default: '' },
} as const satisfies Readonly<Record<string, InputDefinition>>;

export type InputName = keyof typeof INPUTS;

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

/** Whether an input means something to a command. */
export function isInputOf(command: Command, name: InputName): boolean {
  const { commands }: InputDefinition = INPUTS[name];
  return commands?.includes(command) ?? true;
}
