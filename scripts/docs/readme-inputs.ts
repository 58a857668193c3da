import { INPUT_GROUPS, INPUT_NAMES, INPUTS, type InputName } from '../../src/action/inputs/table.ts';
import { inputDescriptions } from '../manifest-schema.ts';
import { anchor, table } from './markdown.ts';

const BEGIN = '<!-- inputs: made of action.yml by "npm run docs" -->';
const END = '<!-- end of inputs -->';

/** The first sentence of a description. A full stop ends one only where another begins behind it, so not in "cluster.local" or "e.g. x". */
function firstSentence(description: string): string {
  const [sentence = ''] = description.trim().split(/(?<=\.) (?=[A-Z"])/);
  return sentence.replace(/\.$/, '');
}

function row(name: InputName): string[] {
  const { default: value } = INPUTS[name];
  const words = firstSentence(inputDescriptions()[name] ?? '').replaceAll('|', '\\|');
  return [`\`${name}\``, value === '' ? '' : `\`${value}\``, words];
}

function inputsTable(): string {
  const titles = new Map<string, string>(Object.entries(INPUT_GROUPS).map(([title, first]) => [first, title]));
  const rows = INPUT_NAMES.flatMap((name) => {
    const title = titles.get(name);
    const head = title === undefined ? [] : [[`**[${title}](docs/inputs.md#${anchor(title)})**`, '', '']];
    return [...head, row(name)];
  });
  return table(['input', 'default', ''], rows);
}

/** Returns the README with its table of inputs written anew. Throws if it has no place for one. */
export function withInputs(readme: string): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md needs the lines ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n${inputsTable()}\n${END}${after}`;
}
