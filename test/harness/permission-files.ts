import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { KubernetesObject } from '../../src/cluster/objects.ts';

const FOLDER = join(import.meta.dirname, '../../docs/permissions');

/** A rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A file of docs/permissions, by its name. */
export type PermissionFile = 'plan' | 'deploy' | 'remove' | 'image' | 'gateway' | 'namespaces';

/** Returns the text of a file of docs/permissions, as users apply it. */
export function permissionText(file: PermissionFile): string {
  return readFileSync(join(FOLDER, `${file}.yaml`), 'utf8');
}

/** Returns what the Roles of these files allow in a namespace. */
export function rulesOf(...files: readonly PermissionFile[]): Rule[] {
  const objects = files.flatMap((file) => loadAll(permissionText(file)) as (KubernetesObject & { rules?: Rule[] })[]);
  return objects.flatMap(({ rules = [] }) => rules);
}

/** Returns the rules without one resource, such as `pods/exec`. */
export function without(resource: string, rules: readonly Rule[]): Rule[] {
  return rules
    .map((rule) => ({ ...rule, resources: rule.resources.filter((one) => one !== resource) }))
    .filter(({ resources }) => resources.length > 0);
}
