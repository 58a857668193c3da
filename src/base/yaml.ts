import { load, YAMLException } from 'js-yaml';

/** A YAML text's value, or what is wrong with the text, in words for the end of a sentence. */
export type YamlRead = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };

/** Reads one YAML document whose value JSON can hold. An empty one is at fault. */
export function readYaml(text: string): YamlRead {
  if (text.split(/\r?\n/).every((line) => /^\s*(#|$)/.test(line))) return { ok: false, fault: 'is empty' };
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const where = error.mark ? ` in line ${error.mark.line + 1}, column ${error.mark.column + 1}` : '';
    return { ok: false, fault: `is not valid YAML: ${error.reason}${where}` };
  }
  return isJson(value)
    ? { ok: true, value }
    : { ok: false, fault: 'has an anchor (&) with an alias (*) of itself inside' };
}

/** YAML can write what JSON cannot; values are quoted and passed on as JSON. */
function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
