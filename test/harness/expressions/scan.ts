/** A regular expression as it stands in a file. */
export interface Literal {
  readonly line: number;
  readonly source: string;
  readonly flags: string;
}

/** What can stand before a slash that divides; before any other slash begins a regular expression. */
const ENDS_VALUE = /[\w$)\]}'"`]/;
/** Words that end with a letter and are no value. */
const BEFORE_VALUE = ['return', 'case', 'typeof', 'of', 'in', 'void', 'delete', 'await', 'yield', 'else', 'do'];

/** Finds the regular expressions in TypeScript: knows comments, strings and templates, which may hold slashes, too. */
export function findLiterals(text: string): readonly Literal[] {
  const found: Literal[] = [];
  /** For each template that is open, how many braces are open in its expression. */
  const templates: number[] = [];
  let last = '';
  let word = '';
  let at = 0;
  const lineAt = (position: number): number => text.slice(0, position).split('\n').length;

  /** Goes over a template from behind its opening mark, or from behind an expression in it. */
  const template = (): void => {
    for (; at < text.length; at += 1) {
      if (text[at] === '\\') at += 1;
      else if (text[at] === '`') break;
      else if (text.startsWith('${', at)) {
        templates.push(0);
        at += 2;
        last = '(';
        return;
      }
    }
    at += 1;
    last = '`';
  };

  while (at < text.length) {
    const character = text[at] ?? '';
    if (text.startsWith('//', at)) at = endOf(text, '\n', at);
    else if (text.startsWith('/*', at)) at = endOf(text, '*/', at + 2);
    else if (character === "'" || character === '"') {
      for (at += 1; at < text.length && text[at] !== character; at += 1) if (text[at] === '\\') at += 1;
      at += 1;
      last = character;
    } else if (character === '`') {
      at += 1;
      template();
    } else if (character === '/' && (!ENDS_VALUE.test(last) || BEFORE_VALUE.includes(word))) {
      const start = at;
      let inClass = false;
      for (at += 1; at < text.length && (inClass || text[at] !== '/'); at += 1) {
        if (text[at] === '\\') at += 1;
        else if (text[at] === '[') inClass = true;
        else if (text[at] === ']') inClass = false;
      }
      const source = text.slice(start + 1, at);
      at += 1;
      const flags = /^[a-z]*/.exec(text.slice(at, at + 10))?.[0] ?? '';
      at += flags.length;
      found.push({ line: lineAt(start), source, flags });
      last = ')';
      word = '';
    } else {
      const open = templates.length - 1;
      if (character === '{' && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
      if (character === '}' && open >= 0) {
        if (templates[open] === 0) {
          templates.pop();
          at += 1;
          template();
          continue;
        }
        templates[open] = (templates[open] ?? 0) - 1;
      }
      if (/\w/.test(character)) word = /\w/.test(text[at - 1] ?? '') ? word + character : character;
      else if (!/\s/.test(character)) word = '';
      if (!/\s/.test(character)) last = character;
      at += 1;
    }
  }
  return found;
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end === -1 ? text.length : end + mark.length;
}
