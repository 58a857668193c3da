/** One input of the action. A test holds action.yml and the README against this table. */
export interface InputDefinition {
  readonly type: 'String' | 'Path' | 'YAML' | 'Text' | 'Duration' | 'Boolean' | 'Number';
  /** What an empty input means; the empty string where that depends on other inputs. */
  readonly default: string;
}

/** Every input, in the order in which people read about them. */
export const INPUTS = {
  command: { type: 'String', default: 'deploy' },
  filter: { type: 'Path', default: '' },
  name: { type: 'String', default: '' },
  targets: { type: 'YAML', default: '' },
  'targets-file': { type: 'Path', default: '' },
  kubeconfig: { type: 'Text', default: '' },
  context: { type: 'String', default: '' },
  namespace: { type: 'String', default: '' },
  'root-id': { type: 'String', default: '' },
  'vm-id': { type: 'String', default: '' },
  configuration: { type: 'Text', default: '' },
  direction: { type: 'String', default: 'inbound' },
  port: { type: 'Number', default: '' },
  'fail-policy': { type: 'String', default: 'closed' },
  order: { type: 'Number', default: '0' },
  'mount-path': { type: 'Path', default: '' },
  timeout: { type: 'Duration', default: '10m' },
  wait: { type: 'Boolean', default: 'true' },
} as const satisfies Readonly<Record<string, InputDefinition>>;

export type InputName = keyof typeof INPUTS;

/** The commands that this version knows. */
export const COMMANDS = ['deploy'] as const;
export type Command = (typeof COMMANDS)[number];
