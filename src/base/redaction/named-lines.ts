import { isSecretName } from './secret-names.ts';

/** What begins a pair of YAML or of lines: `  - "name": value`, `name=value`. Each part takes linear time. */
const PAIR = /^([+ \t-]*(?:["']|(?=[\w.])))([\w.-]{1,100})(["']?[ \t]*[:=][ \t]*)(?=(\S?))/;
/** A section of TOML or of an INI file. */
const SECTION = /^[ \t]*\[{1,2}["']?([\w.-]{1,100})["']?\]{1,2}[ \t]*$/;
const QUOTES = ['"""', "'''"];

/** A line of a text, and what of it is a secret by the name before it. */
export interface NamedLine {
  readonly line: string;
  /** Where the secret part begins; `undefined` for none. The line's own beginning for what continues a value. */
  readonly from?: number;
  /** Whether the value began on an earlier line. */
  readonly goesOn?: boolean;
}

/**
 * Returns the lines of a text that is no JSON and no YAML as a whole, with what is secret of them: the value of a pair with a secret's
 * name, also where it goes on in lines that stand further in, or until its quotation marks end, and each pair of a section with such a name.
 */
export function namedLines(text: string): NamedLine[] {
  let indent: number | undefined;
  let quote: string | undefined;
  let isSection = false;
  return text.split('\n').map((line) => {
    if (quote !== undefined) {
      if (line.includes(quote)) quote = undefined;
      return { line, from: 0, goesOn: true };
    }
    const depth = line.search(/[^ \t]/);
    if (indent !== undefined && (depth < 0 || depth > indent || (depth === indent && line.startsWith('- ', depth)))) {
      return depth < 0 ? { line } : { line, from: depth, goesOn: true };
    }
    indent = undefined;
    const section = SECTION.exec(line)?.[1];
    if (section !== undefined) isSection = section.split('.').some(isSecretName);
    const [pair = '', start = '', name = '', , value = ''] = PAIR.exec(line) ?? [];
    if (pair === '' || !(isSection || isSecretName(name))) return { line };
    const rest = line.slice(pair.length);
    quote = QUOTES.find((mark) => rest.startsWith(mark) && !rest.includes(mark, mark.length));
    indent = start.replace(/["']$/, '').length;
    return value === '' ? { line } : { line, from: pair.length };
  });
}
