/** Label selectors and field selectors, as text in a query and as LabelSelector objects. */
import { at, isList, isObject } from './json.ts';
import type { KubeObject } from './objects.ts';
import type { Resource } from './resources.ts';
import { badRequest } from './status-error.ts';
import { labelKeyErrors, labelValueErrors } from './validation/names.ts';

export type LabelMatch = (labels: Readonly<Record<string, string>>) => boolean;
export type ObjectMatch = (object: KubeObject) => boolean;

type Operator = 'in' | 'notin' | 'exists' | '!';

function requirement(key: string, operator: Operator, values: readonly string[]): LabelMatch {
  switch (operator) {
    case 'exists':
      return (labels) => key in labels;
    case '!':
      return (labels) => !(key in labels);
    case 'in':
      return (labels) => key in labels && values.includes(labels[key] ?? '');
    case 'notin':
      return (labels) => !(key in labels) || !values.includes(labels[key] ?? '');
  }
}

/** Splits at commas that are not inside parentheses. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === ',' && depth === 0) {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms.map((term) => term.trim());
}

const SET_TERM = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY_TERM = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/;
const EXISTS_TERM = /^(!?)\s*([^\s=!(),]+)$/;

/**
 * Parses `labelSelector`: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas.
 * @throws StatusError 400 when the text is no selector
 */
export function parseLabelSelector(text: string): LabelMatch {
  if (text.trim() === '') return () => true;
  const matches = splitTerms(text).map((term) => parseTerm(term));
  return (labels) => matches.every((match) => match(labels));
}

function parseTerm(term: string): LabelMatch {
  const set = SET_TERM.exec(term);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return checked(set[1] ?? '', set[2] === 'in' ? 'in' : 'notin', values);
  }
  const equality = EQUALITY_TERM.exec(term);
  if (equality !== null) return checked(equality[1] ?? '', equality[2] === '!=' ? 'notin' : 'in', [equality[3] ?? '']);
  const exists = EXISTS_TERM.exec(term);
  if (exists !== null) return checked(exists[2] ?? '', exists[1] === '!' ? '!' : 'exists', []);
  throw badRequest(
    `unable to parse requirement: found '${term}', expected: identifier, '!', 'in', 'notin', '=', '==' or '!='`,
  );
}

function checked(key: string, operator: Operator, values: readonly string[]): LabelMatch {
  const keyErrors = labelKeyErrors(key);
  if (keyErrors.length > 0) {
    throw badRequest(
      `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${keyErrors.join('; ')}`,
    );
  }
  for (const [index, value] of values.entries()) {
    const errors = labelValueErrors(value);
    if (errors.length > 0) {
      throw badRequest(
        `unable to parse requirement: values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${errors.join('; ')}`,
      );
    }
  }
  return requirement(key, operator, values);
}

/** A LabelSelector object: `matchLabels` and `matchExpressions`. An absent selector matches nothing. */
export function labelSelectorMatch(selector: unknown): LabelMatch {
  if (!isObject(selector)) return () => false;
  const matches: LabelMatch[] = [];
  const labels = selector.matchLabels;
  if (isObject(labels))
    for (const [key, value] of Object.entries(labels)) matches.push(requirement(key, 'in', [String(value)]));
  const expressions = selector.matchExpressions;
  for (const expression of isList(expressions) ? expressions : []) {
    if (!isObject(expression)) continue;
    const values = isList(expression.values) ? expression.values.map(String) : [];
    const operators: Record<string, Operator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };
    matches.push(requirement(String(expression.key), operators[String(expression.operator)] ?? 'exists', values));
  }
  return (given) => matches.every((match) => match(given));
}

const META_FIELDS = ['metadata.name', 'metadata.namespace'];
/** The fields each kind can be selected by, beyond name and namespace. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase', 'name'],
  secrets: ['type'],
  replicasets: ['status.replicas'],
  events: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (field) => `involvedObject.${field}`,
    ),
    ...['reason', 'reportingComponent', 'source', 'type'],
  ],
};

export interface FieldSelector {
  readonly match: ObjectMatch;
  /** The name that `metadata.name=NAME` asks for: authorization looks at it too. */
  readonly name: string | undefined;
}

/**
 * Parses `fieldSelector`: `path=value`, `path==value`, `path!=value`, joined by commas.
 * @throws StatusError 400 for a field the kind cannot be selected by
 */
export function parseFieldSelector(text: string, resource: Resource): FieldSelector {
  let name: string | undefined;
  const matches: ObjectMatch[] = [];
  for (const term of text.split(',').filter((part) => part !== '')) {
    const parsed = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    const field = parsed?.[1];
    if (parsed === null || field === undefined) {
      throw badRequest(`invalid field selector: invalid selector: '${text}'; can't understand '${term}'`);
    }
    if (!META_FIELDS.includes(field) && !(FIELDS[resource.plural] ?? []).includes(field)) {
      throw badRequest(
        `Unable to find "${resource.group}/${resource.version}, Resource=${resource.plural}" that match label selector "", field selector ${JSON.stringify(text)}: field label not supported: ${field}`,
      );
    }
    const value = parsed[3] ?? '';
    const wanted = parsed[2] !== '!=';
    if (field === 'metadata.name' && wanted) name = value;
    matches.push((object) => (fieldText(object, field) === value) === wanted);
  }
  return { match: (object) => matches.every((match) => match(object)), name };
}

function fieldText(object: KubeObject, field: string): string {
  if (field === 'source') return String(at(object, 'source', 'component') ?? at(object, 'reportingComponent') ?? '');
  if (field === 'name') return object.metadata.name;
  const value = at(object, ...field.split('.'));
  if (value === undefined || value === null)
    return field === 'spec.unschedulable' || field === 'spec.hostNetwork' ? 'false' : '';
  return String(value);
}
