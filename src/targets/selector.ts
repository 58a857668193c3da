import { isObject } from '../base/json.ts';
import { bad, type Checked, good } from '../base/problem.ts';

type Requirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'absent' };

/** A label selector, as `kubectl -l` takes it, read once and matched here so that one list serves every selector. */
export interface Selector {
  readonly text: string;
  readonly requirements: readonly Requirement[];
}

const KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const VALUE = '(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const LABEL = new RegExp(`^${KEY}=${VALUE}$`);
const SET = new RegExp(String.raw`^(${KEY})\s+(in|notin)\s*\(\s*(${VALUE}(?:\s*,\s*${VALUE})*)\s*\)$`);
const EQUALITY = new RegExp(String.raw`^(${KEY})\s*(==|=|!=)\s*(${VALUE})$`);
const EXISTENCE = new RegExp(String.raw`^(!?)\s*(${KEY})$`);

/**
 * Reads a selector: text (`app=web,tier in (a, b),!legacy`) or a mapping of labels.
 * The grammar is that of https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseSelector(value: unknown, subject: string): Checked<Selector> {
  if (isObject(value) && Object.keys(value).length > 0) return selectLabels(Object.entries(value), subject);
  if (typeof value !== 'string' || value.trim() === '') {
    return refuse(subject, 'selector must be a label selector such as "app=web", or a mapping of labels.');
  }
  const requirements: Requirement[] = [];
  for (const part of splitOutsideParentheses(value)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) return refuse(subject, `selector: "${part.trim()}" is not a label requirement.`);
    requirements.push(requirement);
  }
  return good({ text: value.trim(), requirements });
}

/** A mapping is read label by label, not joined to a text first: a comma in a value must not become a requirement. */
function selectLabels(labels: readonly [string, unknown][], subject: string): Checked<Selector> {
  const requirements: Requirement[] = [];
  for (const [key, wanted] of labels) {
    if (typeof wanted === 'object') return refuse(subject, `selector: the label "${key}" needs a single value.`);
    if (!LABEL.test(`${key}=${wanted}`)) return refuse(subject, `selector: "${key}: ${wanted}" cannot be a label.`);
    requirements.push({ key, operator: 'in', values: [String(wanted)] });
  }
  return good({ text: labels.map(([key, wanted]) => `${key}=${wanted}`).join(','), requirements });
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
  const set = SET.exec(text);
  if (set !== null) {
    const [, key = '', operator, values = ''] = set;
    return {
      key,
      operator: operator === 'in' ? 'in' : 'notin',
      values: values.split(',').map((value) => value.trim()),
    };
  }
  const equality = EQUALITY.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return { key, operator: operator === '!=' ? 'notin' : 'in', values: [value] };
  }
  const existence = EXISTENCE.exec(text);
  if (existence === null) return undefined;
  return { key: existence[2] ?? '', operator: existence[1] === '!' ? 'absent' : 'exists' };
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}

function refuse(subject: string, message: string): ReturnType<typeof bad> {
  return bad({ kind: 'targets', subject, message, remedy: 'Examples: "app=web", "tier in (front, back)", "!legacy".' });
}
