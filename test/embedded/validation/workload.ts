/** Checks of workloads and their pod templates (kubernetes: pkg/apis/apps/validation/validation.go). */
import { at, equalJson, isList, isObject, type JsonObject, objectAt } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import type { Resource } from '../resources.ts';
import { labelSelectorMatch } from '../selectors.ts';
import { type FieldError, forbiddenField, invalidValue, notSupportedField, requiredField } from '../status-error.ts';
import { annotationErrors, labelErrors } from './metadata.ts';
import { labelNameErrors } from './names.ts';

const WORKLOADS = ['deployments', 'statefulsets', 'daemonsets', 'replicasets'];
const STATEFULSET_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];
const STATEFULSET_TEXT =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export function isWorkload(resource: Resource): boolean {
  return resource.group === 'apps' && WORKLOADS.includes(resource.plural);
}

export function workloadErrors(resource: Resource, object: KubeObject): FieldError[] {
  const spec = objectAt(object, 'spec');
  const errors: FieldError[] = [];
  const replicas = spec.replicas;
  if (typeof replicas === 'number' && replicas < 0) {
    errors.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'));
  }
  const selector = spec.selector;
  const labels = objectAt(spec, 'template', 'metadata', 'labels') as Record<string, string>;
  if (!isObject(selector)) {
    errors.push(requiredField('spec.selector'));
  } else if (isEmptySelector(selector)) {
    const kind = { deployments: 'deployment', statefulsets: 'statefulset', daemonsets: 'daemonset' }[resource.plural];
    errors.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${kind ?? resource.plural}`));
  } else if (!labelSelectorMatch(selector)(labels)) {
    errors.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  errors.push(...templateErrors(objectAt(spec, 'template'), 'spec.template'));
  return errors;
}

function isEmptySelector(selector: JsonObject): boolean {
  const expressions = selector.matchExpressions;
  return (
    Object.keys(objectAt(selector, 'matchLabels')).length === 0 && (!isList(expressions) || expressions.length === 0)
  );
}

export function workloadUpdateErrors(resource: Resource, before: KubeObject, after: KubeObject): FieldError[] {
  const oldSpec = objectAt(before, 'spec');
  const newSpec = objectAt(after, 'spec');
  if (resource.plural === 'statefulsets') {
    const fixed = (spec: JsonObject): JsonObject =>
      Object.fromEntries(Object.entries(spec).filter(([key]) => !STATEFULSET_MUTABLE.includes(key)));
    return equalJson(fixed(oldSpec), fixed(newSpec)) ? [] : [forbiddenField('spec', STATEFULSET_TEXT)];
  }
  if (equalJson(oldSpec.selector, newSpec.selector)) return [];
  return [invalidValue('spec.selector', newSpec.selector ?? null, 'field is immutable')];
}

/** Problems of a pod template. */
function templateErrors(template: JsonObject, field: string): FieldError[] {
  const metadata = objectAt(template, 'metadata');
  const errors = [
    ...labelErrors(objectAt(metadata, 'labels') as Record<string, string>, `${field}.labels`),
    ...annotationErrors(objectAt(metadata, 'annotations') as Record<string, string>, `${field}.annotations`),
    ...podSpecErrors(objectAt(template, 'spec'), `${field}.spec`),
  ];
  const policy = at(template, 'spec', 'restartPolicy');
  if (typeof policy === 'string' && policy !== 'Always') {
    errors.push(notSupportedField(`${field}.spec.restartPolicy`, policy, ['Always']));
  }
  return errors;
}

/** Problems of a pod spec. */
export function podSpecErrors(spec: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const containers = spec.containers;
  if (!isList(containers) || containers.length === 0) return [requiredField(`${field}.containers`)];
  for (const [index, container] of containers.entries()) {
    const path = `${field}.containers[${index}]`;
    const name = at(container, 'name');
    if (typeof name !== 'string' || name === '') errors.push(requiredField(`${path}.name`));
    else for (const message of labelNameErrors(name)) errors.push(invalidValue(`${path}.name`, name, message));
    if (!at(container, 'image')) errors.push(requiredField(`${path}.image`));
  }
  return errors;
}
