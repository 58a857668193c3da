import type { Problem } from '../../base/problem.ts';
import { ApiError, callProblem, isApiError } from '../../cluster/errors.ts';
import { ENVOY_FILTER, PLUGINS, type Resource, WASM_PLUGIN } from '../../cluster/resources.ts';
import { targetKinds } from '../kinds/kinds.ts';

/** Why the objects of a kind in a namespace could not be listed. */
export function listingProblem(error: unknown, listed: Resource, namespace: string): Problem {
  if (isApiError(error, 404) && error.path.includes(ENVOY_FILTER.plural)) {
    return {
      kind: 'cluster',
      message: 'The cluster has no EnvoyFilter resource (networking.istio.io). Is Istio installed?',
      remedy: 'Check that the context of the kubeconfig is the mesh that you mean.',
      cause: error,
    };
  }
  if (isApiError(error, 404) && error.path.includes(WASM_PLUGIN.group)) {
    return {
      kind: 'cluster',
      message:
        'The cluster has neither WasmPlugins nor TrafficExtensions (extensions.istio.io), one of which is needed to deliver an image to the proxies.',
      remedy: 'Install the custom resources of Istio 1.12 or newer, or use "delivery: configmap".',
      cause: error,
    };
  }
  const notInstalled = targetKinds().find(({ resource }) => resource === listed)?.notInstalled;
  if (isApiError(error, 404) && notInstalled !== undefined) {
    return { kind: 'cluster', ...notInstalled, cause: error };
  }
  return callProblem(error, `listing ${askedFor(error, listed).kind}s in namespace "${namespace}"`);
}

/** Plugins are asked for by one name after the other. */
function askedFor(error: unknown, listed: Resource): Resource {
  const path = error instanceof ApiError ? error.path : '';
  return Object.values(PLUGINS).find(({ plural }) => path.includes(`/${plural}?`)) ?? listed;
}
