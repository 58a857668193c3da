/**
 * `pods/NAME/exec` and `pods/NAME/proxy` up to where the server turns to the node (kubernetes: pkg/registry/core/pod/rest/subresources.go,
 * pkg/registry/core/pod/strategy.go). No container runs here, so nothing answers beyond.
 */
import { at, isList, stringAt } from './json.ts';
import type { KubeObject } from './objects.ts';
import type { Registry } from './registry.ts';
import type { RequestInfo } from './request-info.ts';
import { badRequest, methodNotSupported, StatusError } from './status-error.ts';

const METHODS: Readonly<Record<string, readonly string[]>> = {
  exec: ['GET', 'POST'],
  proxy: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
};

/** Whether a request is about such a subresource. */
export function isPodConnect({ group, resource, subresource }: RequestInfo): boolean {
  return group === '' && resource === 'pods' && subresource in METHODS;
}

/** @throws StatusError in every case: what is wrong with the request or, when nothing is, that nobody answers */
export function connectPod(registry: Registry, info: RequestInfo): never {
  const { subresource, namespace, name, method, query } = info;
  const pods = registry.table.get('pods');
  if (METHODS[subresource]?.includes(method) !== true) throw methodNotSupported(pods, method);
  if (subresource === 'exec') {
    checkContainer(registry.get(pods, namespace, name), query.get('container') ?? '');
    throw badRequest('Upgrade request required');
  }
  const [, podName = name, port] = /^(?:https?:)?([^:]*)(?::(\d*))?$/.exec(name) ?? [];
  const address = stringAt(registry.get(pods, namespace, podName), 'status', 'podIP');
  if (address === '') throw badRequest('address not allowed');
  const why = `dial tcp ${address}:${port || '80'}: connect: connection refused`;
  throw new StatusError({
    code: 503,
    reason: 'ServiceUnavailable',
    message: `error trying to reach service: ${why}`,
  });
}

function checkContainer(pod: KubeObject, wanted: string): void {
  const { name } = pod.metadata;
  const listed = ['initContainers', 'containers'].map((key) => at(pod, 'spec', key));
  const names = listed.flatMap((list) => (isList(list) ? list : []).map((container) => stringAt(container, 'name')));
  const own = listed[1];
  if (wanted === '' && isList(own) && own.length > 1) {
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
  }
  if (wanted !== '' && !names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  if (stringAt(pod, 'spec', 'nodeName') === '') throw badRequest(`pod ${name} does not have a host assigned`);
}
