import type { Permission } from '../base/permission.ts';
import type { AccessRequest } from './client.ts';

/** Returns a permission to ask for as a rule of a Role grants it. */
export function permissionOf({ verb, resource, namespace, subresource }: AccessRequest): Permission {
  const { group, plural } = resource;
  return { verb, group, resource: subresource === undefined ? plural : `${plural}/${subresource}`, namespace };
}
