import { posix } from 'node:path';
import { isObject } from '../../base/json.ts';
import { type Fault, faulty, ok, type Result } from '../../base/problem.ts';
import type { YamlNode } from '../../base/yaml-node.ts';
import { isAddress } from '../inputs/origin.ts';
import { type FilterInputName, INPUTS, type InputDefinition } from '../inputs/table.ts';

/** What YAML does not allow in a text as it is, although JSON does. */
const UNPRINTABLE = /[\u007f-\u009f\ufeff\ufffe\uffff]/g;

/**
 * Returns the text that the input of a key's name would have for a value. Nothing (`key:` or `key: null`) is the input's own default,
 * whatever the defaults of the manifest say.
 */
export function inputText(key: FilterInputName, node: YamlNode): Result<string, Fault> {
  const { type, values }: InputDefinition = INPUTS[key];
  const { value, text } = node;
  if (value === null) return ok('');
  if (type === 'Text') return ok(typeof value === 'string' ? value : (text ?? JSON.stringify(value)));
  if (type === 'YAML') return ok(typeof value === 'string' ? value : (text ?? yamlText(value)));
  if (type === 'Boolean or names' && Array.isArray(value)) {
    const names = node.items.map((item) => item.text);
    return names.includes(undefined) ? faulty('has an item that is no name') : ok(names.join('\n'));
  }
  if (type === 'Paths' && Array.isArray(value)) {
    const paths = node.items.map((item) => item.text);
    return paths.includes(undefined) ? faulty('has an item that is no path') : ok(paths.join('\n'));
  }
  if (text !== undefined) return ok(text);
  const what = isObject(value) ? 'a mapping' : 'a list';
  return faulty(`is ${what}; it must be ${values === undefined ? NOUNS[type] : 'a word'}`);
}

const NOUNS: Readonly<Record<InputDefinition['type'], string>> = {
  String: 'a text',
  Path: 'a path',
  Paths: 'a path, or a list of paths',
  'Path or URL': 'a path or an address',
  YAML: 'a list or a mapping',
  Text: 'a text',
  Duration: 'a time such as 10m',
  Boolean: 'true or false',
  Number: 'a number',
  'Boolean or names': 'true, false, or a list of names',
  'Number or %': 'a number or a share',
};

/** JSON, which is YAML as well. */
function yamlText(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The keys whose values are paths that start at the manifest's folder. */
const PATHS: readonly FilterInputName[] = ['filter', 'targets-file', 'tests-file'];

/** Returns a text with the path that it may be, which starts at the manifest's folder, as one that starts at the workspace. */
export function fromWorkspace(key: FilterInputName, text: string, manifest: string): string {
  if (INPUTS[key].type === 'Paths' && text.includes('\n')) {
    return text
      .split('\n')
      .map((line) => fromWorkspace(key, line, manifest))
      .join('\n');
  }
  const path = text.trim();
  if (!PATHS.includes(key) || path === '' || isAddress(path) || posix.isAbsolute(path)) return text;
  return posix.join(posix.dirname(manifest), path);
}
