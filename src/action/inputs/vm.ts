import { isObject } from '../../base/json.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';
import { readYaml } from '../../base/yaml.ts';
import type { VmEnvironment } from '../../filter/settings.ts';

const VARIABLES = 'Write a mapping such as {MODE: strict, POD_NAME: {from: proxy}}.';
const NAMES = 'Write names such as proxy_log and proxy_on_request_headers, as a YAML list or separated by blanks.';

/**
 * Reads a mapping of variables, `NAME: value` or, for the proxy's own variable of that name, `NAME: {from: proxy}`. `undefined`
 * if there is none.
 */
export function parseEnvironment(text: string): Result<VmEnvironment | undefined> {
  if (text.trim() === '') return ok(undefined);
  const read = readYaml(text);
  if (!read.ok) return fail(problem('environment', `${read.fault}.`, VARIABLES));
  if (!isObject(read.value)) return fail(problem('environment', 'is not a mapping of variables.', VARIABLES));
  const diagnostics = new Diagnostics();
  const variables = Object.entries(read.value).map(
    ([name, value]) => [name, diagnostics.unwrap(readVariable(name, value)) ?? ''] as const,
  );
  if (!diagnostics.ok) return fail(diagnostics.problems);
  return ok(variables.length === 0 ? undefined : Object.fromEntries(variables));
}

function readVariable(name: string, value: unknown): Result<string | { readonly from: 'proxy' }> {
  // https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html: "=" ends a name, NUL a variable.
  if (name === '' || /[=\s\0]/.test(name)) {
    return fail(problem('environment', `has the variable ${quoted(name)}.`, 'A name has no blanks and no "=".'));
  }
  if (isObject(value) && value.from === 'proxy' && Object.keys(value).length === 1) return ok({ from: 'proxy' });
  // YAML reads `RETRIES: 5` and `DEBUG: true` as no text; a variable has nothing else.
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text === 'string' && !text.includes('\0')) return ok(text);
  return fail(
    problem(
      'environment',
      `has no value for ${quoted(name)}.`,
      'Write a text, "" for an empty one, or {from: proxy} for what the proxy itself has under that name.',
    ),
  );
}

/** Reads the names of host functions and callbacks: a YAML list, or words. `undefined` if there are none. */
export function parseCapabilities(text: string): Result<readonly string[] | undefined> {
  if (text.trim() === '') return ok(undefined);
  const read = readYaml(text);
  if (!read.ok) return fail(problem('capabilities', `${read.fault}.`, NAMES));
  const names = typeof read.value === 'string' ? read.value.split(/[\s,]+/).filter((word) => word !== '') : read.value;
  if (!Array.isArray(names)) return fail(problem('capabilities', 'is not a list of names.', NAMES));
  if (names.length === 0) {
    return fail(
      problem(
        'capabilities',
        'is an empty list, which Envoy treats as no restriction at all.',
        'Name what the filter may do, or leave the input out.',
      ),
    );
  }
  const diagnostics = new Diagnostics();
  const capabilities = names.map((name) => diagnostics.unwrap(readCapability(name)) ?? '');
  return diagnostics.ok ? ok([...new Set(capabilities)].sort()) : fail(diagnostics.problems);
}

function readCapability(name: unknown): Result<string> {
  if (typeof name === 'string' && /^\w+$/.test(name)) return ok(name);
  const [, bare] = (typeof name === 'string' && /^(?:env|wasi_\w+)\.(\w+)$/.exec(name)) || [];
  const remedy = bare === undefined ? NAMES : `Write "${bare}", without the module that it is imported from.`;
  return fail(problem('capabilities', `has the name ${quoted(name)}.`, remedy));
}

function problem(input: string, message: string, remedy: string): Problem {
  return { kind: 'input', subject: `input "${input}"`, message, remedy };
}
