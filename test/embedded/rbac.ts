/** Role-based access control over the stored roles and bindings (kubernetes: plugin/pkg/auth/authorizer/rbac, pkg/registry/rbac/validation). */
import type { User } from './authn.ts';
import { isList, isObject, type Json, stringAt } from './json.ts';
import type { KubeObject } from './objects.ts';
import type { ResourceTable } from './resources.ts';
import type { Store } from './store.ts';

/** What a request wants to do. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Set for requests that name no resource, such as `/version`. */
  readonly path?: string;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** What `system:public-info-viewer` and `system:discovery` allow to every authenticated user. */
const PUBLIC_PATHS = [
  '/healthz',
  '/livez',
  '/readyz',
  '/version',
  '/version/',
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/openapi',
  '/openapi/*',
];

export class Rbac {
  readonly #store: Store;
  readonly #table: ResourceTable;

  constructor(store: Store, table: ResourceTable) {
    this.#store = store;
    this.#table = table;
  }

  authorize(user: User, attributes: Attributes): Decision {
    if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
    if (attributes.path !== undefined) {
      const path = attributes.path;
      if (
        attributes.verb === 'get' &&
        user.groups.includes('system:authenticated') &&
        PUBLIC_PATHS.some((rule) => pathMatches(rule, path))
      ) {
        return { allowed: true, reason: '' };
      }
    } else if (
      // As the ClusterRole system:basic-user has it.
      ['authentication.k8s.io', 'authorization.k8s.io'].includes(attributes.group) &&
      attributes.resource.startsWith('selfsubject') &&
      attributes.verb === 'create'
    ) {
      return { allowed: true, reason: '' };
    }
    return this.#byBindings(user, attributes);
  }

  #byBindings(user: User, attributes: Attributes): Decision {
    const missing: string[] = [];
    const bindings = [
      ...this.#store.list(this.#table.get('clusterrolebindings')),
      ...(attributes.namespace === '' ? [] : this.#store.list(this.#table.get('rolebindings'), attributes.namespace)),
    ];
    for (const binding of bindings) {
      const subject = subjectsOf(binding).find((item) => subjectMatches(item, user, binding.metadata.namespace ?? ''));
      if (subject === undefined) continue;
      const role = this.#roleOf(binding);
      const kind = stringAt(binding, 'roleRef', 'kind');
      const roleName = stringAt(binding, 'roleRef', 'name');
      if (role === undefined) {
        missing.push(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleName)} not found`);
        continue;
      }
      if (!rulesOf(role).some((rule) => ruleAllows(rule, attributes))) continue;
      const where =
        binding.metadata.namespace === undefined
          ? binding.metadata.name
          : `${binding.metadata.name}/${binding.metadata.namespace}`;
      const who = `${stringAt(subject, 'kind')} ${JSON.stringify(subjectName(subject))}`;
      return {
        allowed: true,
        reason: `RBAC: allowed by ${binding.kind} ${JSON.stringify(where)} of ${kind} ${JSON.stringify(roleName)} to ${who}`,
      };
    }
    return {
      allowed: false,
      reason: missing.length === 0 ? '' : `RBAC: ${missing.length === 1 ? missing[0] : `[${missing.join(', ')}]`}`,
    };
  }

  #roleOf(binding: KubeObject): KubeObject | undefined {
    const name = stringAt(binding, 'roleRef', 'name');
    return stringAt(binding, 'roleRef', 'kind') === 'ClusterRole'
      ? this.#store.get(this.#table.get('clusterroles'), '', name)
      : this.#store.get(this.#table.get('roles'), binding.metadata.namespace ?? '', name);
  }
}

function subjectsOf(binding: KubeObject): readonly Json[] {
  const subjects = binding.subjects;
  return isList(subjects) ? subjects : [];
}

function subjectName(subject: Json): string {
  const name = stringAt(subject, 'name');
  return stringAt(subject, 'kind') === 'ServiceAccount' ? `${name}/${stringAt(subject, 'namespace')}` : name;
}

function subjectMatches(subject: Json, user: User, bindingNamespace: string): boolean {
  const name = stringAt(subject, 'name');
  switch (stringAt(subject, 'kind')) {
    case 'User':
      return user.name === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${stringAt(subject, 'namespace') || bindingNamespace}:${name}`;
    default:
      return false;
  }
}

function rulesOf(role: KubeObject): readonly Json[] {
  const rules = role.rules;
  return isList(rules) ? rules : [];
}

function strings(rule: Json, key: string): readonly string[] {
  const value = isObject(rule) ? rule[key] : undefined;
  return isList(value) ? value.map(String) : [];
}

function ruleAllows(rule: Json, attributes: Attributes): boolean {
  const verbs = strings(rule, 'verbs');
  if (!verbs.includes('*') && !verbs.includes(attributes.verb)) return false;
  if (attributes.path !== undefined) {
    const path = attributes.path;
    return strings(rule, 'nonResourceURLs').some((url) => pathMatches(url, path));
  }
  const groups = strings(rule, 'apiGroups');
  if (!groups.includes('*') && !groups.includes(attributes.group)) return false;
  const { resource, subresource } = attributes;
  const wanted = subresource === '' ? resource : `${resource}/${subresource}`;
  const fits = (item: string): boolean =>
    item === '*' || item === wanted || (subresource !== '' && item === `*/${subresource}`);
  if (!strings(rule, 'resources').some(fits)) return false;
  const names = strings(rule, 'resourceNames');
  return names.length === 0 || names.includes(attributes.name);
}

function pathMatches(rule: string, path: string): boolean {
  return rule === '*' || rule === path || (rule.endsWith('*') && path.startsWith(rule.slice(0, -1)));
}
