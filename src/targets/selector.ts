import { isObject } from '../base/json.ts';
import { fail, ok, type Result } from '../base/problem.ts';
import { quoted } from '../base/text.ts';

type Requirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'absent' };

/** A label selector, as `kubectl -l` takes it, read once and matched here so that one list serves every selector. */
export interface Selector {
  readonly text: string;
  readonly requirements: readonly Requirement[];
}

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const isValue = (text: string): boolean => text === '' || NAME.test(text);

/** A name, perhaps with a prefix and a slash in front. */
function isKey(text: string): boolean {
  const parts = text.split('/', 3);
  return parts.length <= 2 && parts.every((part) => NAME.test(part));
}

/**
 * Reads a selector: text (`app=web,tier in (a, b),!legacy`) or a mapping of labels. `field` is what the list calls it.
 * The grammar is that of https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseSelector(value: unknown, subject: string, field = 'selector'): Result<Selector> {
  if (isObject(value) && Object.keys(value).length > 0) return selectLabels(Object.entries(value), subject, field);
  if (typeof value !== 'string' || value.trim() === '') {
    return refuse(subject, `${field} must be a label selector such as "app=web", or a mapping of labels.`);
  }
  const requirements: Requirement[] = [];
  for (const part of splitOutsideParentheses(value)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined)
      return refuse(subject, `${field}: ${quoted(part.trim())} is not a label requirement.`);
    requirements.push(requirement);
  }
  return ok({ text: value.trim(), requirements });
}

/** A mapping is read label by label, not joined to a text first: a comma in a value must not become a requirement. */
function selectLabels(labels: readonly [string, unknown][], subject: string, field: string): Result<Selector> {
  const requirements: Requirement[] = [];
  for (const [key, wanted] of labels) {
    if (typeof wanted === 'object') return refuse(subject, `${field}: the label ${quoted(key)} needs a single value.`);
    if (!isKey(key) || !isValue(String(wanted)))
      return refuse(subject, `${field}: ${quoted(`${key}: ${wanted}`)} cannot be a label.`);
    requirements.push({ key, operator: 'in', values: [String(wanted)] });
  }
  return ok({ text: labels.map(([key, wanted]) => `${key}=${wanted}`).join(','), requirements });
}

/** Whether an object's labels meet every requirement. */
export function matchesSelector({ requirements }: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
  return requirements.every((requirement) => {
    const { key } = requirement;
    return meets(requirement, Object.hasOwn(labels, key) ? labels[key] : undefined);
  });
}

function meets(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
  }
}

function parseRequirement(text: string): Requirement | undefined {
  if (text.includes('(')) return parseSet(text);
  if (text.includes('=')) return parseEquality(text);
  const absent = text.startsWith('!');
  const key = absent ? text.slice(1).trimStart() : text;
  return isKey(key) ? { key, operator: absent ? 'absent' : 'exists' } : undefined;
}

/** `tier in (front, back)` */
function parseSet(text: string): Requirement | undefined {
  const open = text.indexOf('(');
  const [key = '', operator = '', ...more] = text.slice(0, open).trim().split(/\s+/);
  if (!isKey(key) || (operator !== 'in' && operator !== 'notin') || more.length > 0) return undefined;
  const values = text
    .slice(open + 1, -1)
    .split(',')
    .map((value) => value.trim());
  return text.endsWith(')') && values.every(isValue) ? { key, operator, values } : undefined;
}

/** `app=web`, `app==web`, `app!=web` */
function parseEquality(text: string): Requirement | undefined {
  const first = text.indexOf('=');
  const not = text[first - 1] === '!';
  const double = !not && text[first + 1] === '=';
  const key = text.slice(0, not ? first - 1 : first).trimEnd();
  const value = text.slice(first + (double ? 2 : 1)).trimStart();
  return isKey(key) && isValue(value) ? { key, operator: not ? 'notin' : 'in', values: [value] } : undefined;
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let inside = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') inside = true;
    else if (text[at] === ')') inside = false;
    else if (text[at] === ',' && !inside) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function refuse(subject: string, message: string): ReturnType<typeof fail> {
  return fail({
    kind: 'targets',
    subject,
    form: 'clause',
    message,
    remedy: 'Examples: "app=web", "tier in (front, back)", "!legacy".',
  });
}
