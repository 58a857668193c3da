import { isObject } from '../../base/json.ts';
import { bad, type Checked, Findings, good, type Problem } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';
import { readYaml } from '../../base/yaml.ts';
import type { VmEnvironment } from '../../filter/settings.ts';

const VARIABLES = 'Write a mapping such as {MODE: strict, POD_NAME: {from: proxy}}.';
const NAMES = 'Write names such as proxy_log and proxy_on_request_headers, as a YAML list or separated by blanks.';

/**
 * Reads a mapping of variables, `NAME: value` or, for the proxy's own variable of that name, `NAME: {from: proxy}`. Undefined
 * when there is none.
 */
export function parseEnvironment(text: string): Checked<VmEnvironment | undefined> {
  if (text.trim() === '') return good(undefined);
  const read = readYaml(text);
  if (!read.ok) return bad(problem('environment', `${read.fault}.`, VARIABLES));
  if (!isObject(read.value)) return bad(problem('environment', 'is not a mapping of variables.', VARIABLES));
  const findings = new Findings();
  const variables = Object.entries(read.value).map(
    ([name, value]) => [name, findings.take(readVariable(name, value)) ?? ''] as const,
  );
  if (!findings.clean) return bad(findings.problems);
  return good(variables.length === 0 ? undefined : Object.fromEntries(variables));
}

function readVariable(name: string, value: unknown): Checked<string | { readonly from: 'proxy' }> {
  // https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html: "=" ends a name, NUL a variable.
  if (name === '' || /[=\s\0]/.test(name)) {
    return bad(problem('environment', `has the variable ${quoted(name)}.`, 'A name has no blanks and no "=".'));
  }
  if (isObject(value) && value.from === 'proxy' && Object.keys(value).length === 1) return good({ from: 'proxy' });
  // YAML reads `RETRIES: 5` and `DEBUG: true` as no text; a variable has nothing else.
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text === 'string' && !text.includes('\0')) return good(text);
  return bad(
    problem(
      'environment',
      `has no value for ${quoted(name)}.`,
      'Write a text, "" for an empty one, or {from: proxy} for what the proxy itself has under that name.',
    ),
  );
}

/** Reads the names of host functions and callbacks: a YAML list, or words. Undefined when there are none. */
export function parseCapabilities(text: string): Checked<readonly string[] | undefined> {
  if (text.trim() === '') return good(undefined);
  const read = readYaml(text);
  if (!read.ok) return bad(problem('capabilities', `${read.fault}.`, NAMES));
  const names = typeof read.value === 'string' ? read.value.split(/[\s,]+/).filter((word) => word !== '') : read.value;
  if (!Array.isArray(names)) return bad(problem('capabilities', 'is not a list of names.', NAMES));
  if (names.length === 0) {
    return bad(
      problem(
        'capabilities',
        'is an empty list, which Envoy treats as no restriction at all.',
        'Name what the filter may do, or leave the input out.',
      ),
    );
  }
  const findings = new Findings();
  const capabilities = names.map((name) => findings.take(readCapability(name)) ?? '');
  return findings.clean ? good([...new Set(capabilities)].sort()) : bad(findings.problems);
}

function readCapability(name: unknown): Checked<string> {
  if (typeof name === 'string' && /^\w+$/.test(name)) return good(name);
  const [, bare] = (typeof name === 'string' && /^(?:env|wasi_\w+)\.(\w+)$/.exec(name)) || [];
  const remedy = bare === undefined ? NAMES : `Write "${bare}", without the module that it is imported from.`;
  return bad(problem('capabilities', `has the name ${quoted(name)}.`, remedy));
}

function problem(input: string, message: string, remedy: string): Problem {
  return { kind: 'input', subject: `input "${input}"`, message, remedy };
}
