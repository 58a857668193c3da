/** Makes action-types.yml, which tells tools the types of inputs and outputs (https://github.com/typesafegithub/github-actions-typing). */
import { dump } from 'js-yaml';
import { INPUTS, type InputDefinition } from '../src/action/inputs/table.ts';
import { OUTPUTS, type OutputName } from '../src/action/outputs/outputs.ts';

type Typing =
  | { readonly type: 'string' | 'boolean' | 'integer' }
  | { readonly type: 'enum'; readonly 'allowed-values': readonly string[] }
  | { readonly type: 'list'; readonly separator: string; readonly 'list-item': { readonly type: 'string' } };

/** The outputs that are no text; an empty one is possible only where the run has ended before it began. */
const OUTPUT_TYPES: Partial<Record<OutputName, 'boolean' | 'integer'>> = {
  changed: 'boolean',
  deployed: 'integer',
  unchanged: 'integer',
  removed: 'integer',
  waiting: 'integer',
  'rolled-back': 'integer',
  failed: 'integer',
  drifted: 'integer',
  repaired: 'integer',
  'verified-proxies': 'integer',
};

/** Returns the text of action-types.yml, made of the table of inputs and the list of outputs. */
export function actionTypes(): string {
  const inputs = Object.entries(INPUTS).map(([name, input]) => [name, inputTyping(input)]);
  const outputs = OUTPUTS.map((name) => [name, { type: OUTPUT_TYPES[name] ?? 'string' }]);
  const types = { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
  return `# Made of the table of inputs: UPDATE_GOLDEN=1 npm test -- action-types\n${dump(types)}`;
}

function inputTyping({ type, values }: InputDefinition): Typing {
  if (values !== undefined) return { type: 'enum', 'allowed-values': values };
  switch (type) {
    case 'Boolean':
      return { type: 'boolean' };
    case 'Number':
      return { type: 'integer' };
    case 'Paths':
      return { type: 'list', separator: '\n', 'list-item': { type: 'string' } };
    default:
      return { type: 'string' };
  }
}
