/** The name rules of k8s.io/apimachinery/pkg/util/validation, with its wording. Each gives a list of problems. */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const compiled = new Map<string, RegExp>();

function matches(format: string, value: string): boolean {
  let expression = compiled.get(format);
  if (expression === undefined) {
    expression = new RegExp(`^(?:${format})$`);
    compiled.set(format, expression);
  }
  return expression.test(value);
}

function tooLong(length: number): string {
  return `must be no more than ${length} characters`;
}

function pattern(text: string, format: string, ...examples: readonly string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${text} (e.g. ${shown}regex used for validation is '${format}')`;
}

/** DNS-1123 subdomain: the name of most objects. */
export function subdomainErrors(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 253) errors.push(tooLong(253));
  if (!matches(SUBDOMAIN, value)) errors.push(pattern(SUBDOMAIN_TEXT, SUBDOMAIN, 'example.com'));
  return errors;
}

/** DNS-1123 label: the name of a namespace, a container, a volume. */
export function labelNameErrors(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(tooLong(63));
  if (!matches(LABEL, value)) {
    errors.push(matches(SUBDOMAIN, value) ? 'must not contain dots' : pattern(LABEL_TEXT, LABEL, 'my-name', '123-abc'));
  }
  return errors;
}

/** A name that can be a part of a path: RBAC objects. */
export function segmentErrors(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
}

/** The key of a label, and (lower-cased) of an annotation. */
export function labelKeyErrors(key: string): string[] {
  const nameFormat = pattern(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc');
  const parts = key.split('/');
  const errors: string[] = [];
  if (parts.length > 2) {
    return [`a qualified name ${nameFormat} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined) errors.push(...subdomainErrors(prefix).map((error) => `prefix part ${error}`));
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push(`name part ${tooLong(63)}`);
  if (!matches(QUALIFIED, name)) errors.push(`name part ${nameFormat}`);
  return errors;
}

/** The value of a label. */
export function labelValueErrors(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(tooLong(63));
  if (!matches(`(${QUALIFIED})?`, value)) {
    errors.push(pattern(LABEL_VALUE_TEXT, `(${QUALIFIED})?`, 'MyValue', 'my_value', '12345'));
  }
  return errors;
}

/** A key of ConfigMap `data` or `binaryData`. */
export function configKeyErrors(key: string): string[] {
  const errors: string[] = [];
  if (key.length > 253) errors.push(tooLong(253));
  if (!matches('[-._a-zA-Z0-9]+', key)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(pattern(text, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (key === '.' || key === '..') errors.push(`must not be '${key}'`);
  else if (key.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}
