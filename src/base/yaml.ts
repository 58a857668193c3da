import { CORE_SCHEMA, defineScalarTag, intCoreTag, load, mergeTag, NOT_RESOLVED, YAMLException } from 'js-yaml';
import { type Fault, faulty, ok, type Result } from './problem.ts';
import { formatBytes, shownName } from './text.ts';
import { yamlRemedy } from './yaml-remedy.ts';

/** What is wrong with a YAML text. */
export interface YamlFault extends Fault {
  /** Where it is no YAML at all: line and column, from 1, what the parser says, without anything of the text, and what helps. */
  readonly syntax?: Record<'line' | 'column', number> & Record<'reason' | 'remedy', string>;
}

export interface YamlOptions {
  /** Whether `<<` takes over the keys of another mapping, as in YAML 1.1; a plain key else. */
  readonly merge?: boolean;
}

/** A list of 5,000 targets with settings of their own has 1 MiB or so. */
export const MAX_YAML_BYTES = 4_194_304;
/** Values with aliases (`*name`) written out: what is made of the value goes through each of them. */
const MAX_NODES = 500_000;
/** The characters of all texts and keys, written out in the same way. */
const MAX_CHARACTERS = 67_108_864;
const MAX_DEPTH = 64;

/** A whole number that would silently become another one. */
class InexactNumber extends Error {}

/** Whole numbers as written: one with more digits than a number of JavaScript keeps, which is also what is written as JSON, is refused. */
const exactIntTag = defineScalarTag<number>(intCoreTag.tagName, {
  ...intCoreTag,
  resolve: (source, isExplicit, tagName) => {
    const value = intCoreTag.resolve(source, isExplicit, tagName);
    if (value !== NOT_RESOLVED && !Number.isSafeInteger(value) && String(value) !== source.replace(/^\+/, '')) {
      throw new InexactNumber(source);
    }
    return value;
  },
});
const EXACT = CORE_SCHEMA.withTags(exactIntTag);
const MERGING = EXACT.withTags(mergeTag);

/**
 * Reads one YAML document (JSON is one as well) whose value JSON can hold, of a size that can be worked with: a short text can stand for
 * billions of values by aliases of aliases. An empty one is at fault.
 */
export function readYaml(text: string, { merge = false }: YamlOptions = {}): Result<unknown, YamlFault> {
  const size = Buffer.byteLength(text);
  if (size > MAX_YAML_BYTES) {
    return faulty(`has ${formatBytes(size)}; at most ${formatBytes(MAX_YAML_BYTES)} are read`);
  }
  if (text.split(/\r?\n/).every((line) => /^\s*(#|$)/.test(line))) return faulty('is empty');
  let value: unknown;
  try {
    value = load(text, { maxDepth: MAX_DEPTH, schema: merge ? MERGING : EXACT });
  } catch (error) {
    if (error instanceof InexactNumber) {
      return faulty(
        `has the number ${shownName(error.message)}, of which not every digit would be kept; put it in quotes`,
      );
    }
    if (!(error instanceof YAMLException)) throw error;
    return { ok: false, ...syntaxFault(error, text) };
  }
  const fault = excessOf(value);
  return fault === undefined ? ok(value) : faulty(fault);
}

/** The parser's reasons end with the names of tags and aliases that they quote. */
function syntaxFault({ reason, mark }: YAMLException, text: string): YamlFault {
  const quote = reason.search(/["!:<]/);
  const [plain, quoted] = quote < 0 ? [reason, ''] : [reason.slice(0, quote), reason.slice(quote)];
  const where = mark ? ` in line ${mark.line + 1}, column ${mark.column + 1}` : '';
  const line = text.split('\n', (mark?.line ?? 0) + 1).at(-1) ?? '';
  return {
    fault: `is not valid YAML: ${plain}${shownName(quoted)}${where}`,
    syntax: {
      line: (mark?.line ?? 0) + 1,
      column: (mark?.column ?? 0) + 1,
      reason: plain.trim(),
      remedy: yamlRemedy(reason, line),
    },
  };
}

/** How much a node stands for, written out. */
interface Size {
  readonly nodes: number;
  readonly characters: number;
}

/**
 * What keeps a value from being written out as JSON; `undefined` for nothing. Looks at each node once, however often it is named.
 */
function excessOf(root: unknown): string | undefined {
  /** The size of each node; `undefined` while those inside are counted. */
  const sizes = new Map<object, Size | undefined>();
  let fault: string | undefined;
  const sizeOf = (value: unknown, depth: number): Size => {
    if (typeof value === 'string') return { nodes: 1, characters: value.length };
    if (typeof value === 'number' && !Number.isFinite(value))
      fault ??= 'has .nan or .inf, which JSON has no number for; put it in quotes';
    if (typeof value !== 'object' || value === null || fault !== undefined) return { nodes: 1, characters: 0 };
    if (sizes.has(value)) {
      const known = sizes.get(value);
      if (known === undefined) fault = 'has an anchor (&) with an alias (*) of itself inside';
      return known ?? { nodes: 1, characters: 0 };
    }
    if (depth > MAX_DEPTH) {
      fault = `is nested more than ${MAX_DEPTH} levels deep`;
      return { nodes: 1, characters: 0 };
    }
    sizes.set(value, undefined);
    let [nodes, characters] = [1, 0];
    for (const [key, inner] of Object.entries(value)) {
      const size = sizeOf(inner, depth + 1);
      nodes += size.nodes;
      characters += key.length + size.characters;
    }
    sizes.set(value, { nodes, characters });
    if (nodes > MAX_NODES) fault ??= `has more than ${MAX_NODES} values when its aliases (*) are written out`;
    if (characters > MAX_CHARACTERS) {
      fault ??= `has more than ${formatBytes(MAX_CHARACTERS)} when its aliases (*) are written out`;
    }
    return { nodes, characters };
  };
  sizeOf(root, 0);
  return fault;
}
