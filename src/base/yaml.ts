import { load, YAMLException } from 'js-yaml';
import { formatBytes } from './text.ts';

/** A YAML text's value, or what is wrong with the text, in words for the end of a sentence. */
export type YamlRead = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };

/** A list of 5,000 targets with settings of their own has 1 MiB or so. */
export const MAX_YAML_BYTES = 4_194_304;
/** Values with aliases (`*name`) written out: what is made of the value goes through each of them. */
const MAX_NODES = 500_000;
const MAX_DEPTH = 64;

/**
 * Reads one YAML document whose value JSON can hold, of a size that can be worked with: a short text can stand for billions of
 * values by aliases of aliases. An empty one is at fault.
 */
export function readYaml(text: string): YamlRead {
  const size = Buffer.byteLength(text);
  if (size > MAX_YAML_BYTES) {
    return { ok: false, fault: `has ${formatBytes(size)}; ${formatBytes(MAX_YAML_BYTES)} are the most that is read` };
  }
  if (text.split(/\r?\n/).every((line) => /^\s*(#|$)/.test(line))) return { ok: false, fault: 'is empty' };
  let value: unknown;
  try {
    value = load(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const where = error.mark ? ` in line ${error.mark.line + 1}, column ${error.mark.column + 1}` : '';
    return { ok: false, fault: `is not valid YAML: ${error.reason}${where}` };
  }
  const fault = excessOf(value);
  return fault === undefined ? { ok: true, value } : { ok: false, fault };
}

/** What keeps a value from being written out as JSON; undefined for nothing. Looks at each node once, however often it is named. */
function excessOf(root: unknown): string | undefined {
  /** How many nodes each one stands for; undefined while those inside are counted. */
  const counts = new Map<object, number | undefined>();
  let fault: string | undefined;
  const countOf = (value: unknown, depth: number): number => {
    if (typeof value !== 'object' || value === null || fault !== undefined) return 1;
    if (counts.has(value)) {
      const known = counts.get(value);
      if (known === undefined) fault = 'has an anchor (&) with an alias (*) of itself inside';
      return known ?? 1;
    }
    if (depth > MAX_DEPTH) {
      fault = `is nested more than ${MAX_DEPTH} levels deep`;
      return 1;
    }
    counts.set(value, undefined);
    const count = Object.values(value).reduce((sum: number, inner) => sum + countOf(inner, depth + 1), 1);
    counts.set(value, count);
    if (count > MAX_NODES) {
      fault ??= `has more than ${MAX_NODES} values when its aliases (*) are written out`;
    }
    return count;
  };
  countOf(root, 0);
  return fault;
}
