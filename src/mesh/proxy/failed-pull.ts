import { nameSettings, type WrittenFilter } from '../../filter/written.ts';
import type { EnvoyCause } from './envoy-causes.ts';
import { cutAt, cutOnce } from './log-lines.ts';

/** Why an image could not be pulled, and what to do about it. */
interface FailedPull {
  readonly reason: string;
  readonly remedy: string;
}

/** What istio-agent's errors about a pull come to, most exact first. */
export const PULL_REMEDIES: readonly Pick<EnvoyCause, 'pattern' | 'remedy' | 'says'>[] = [
  {
    pattern: /missing image pulling secret/,
    says: 'missing image pulling secret',
    remedy: (_, written) =>
      `The Secret that ${nameSettings(['pull-secret'], written)} names must be in the namespace of the workload and of the type kubernetes.io/dockerconfigjson.`,
  },
  {
    pattern: /unauthorized|denied|forbidden|\b40[13]\b/i,
    says: 'could not fetch image: GET https://registry.example/token: UNAUTHORIZED: authentication required',
    remedy: (_, written) =>
      `Name a Secret with the credentials of the registry in ${nameSettings(['pull-secret'], written)}, so that the proxies can pull the image.`,
  },
  {
    pattern: /manifest_unknown|name_unknown|not found|\b404\b/i,
    says: 'could not fetch image: GET https://registry.example/v2/: MANIFEST_UNKNOWN: manifest unknown',
    remedy: 'Check that the registry still has the image: deleting a tag can delete the image, too.',
  },
  {
    pattern: /could not parse as|invalid wasm|exactly two layers|checksum/i,
    says: 'could not fetch Wasm binary: could not parse as compat variant',
    remedy: 'Push it in a form that Istio reads: one tar+gzip layer that holds plugin.wasm.',
  },
  {
    pattern: /no such host|connection refused|timeout|deadline exceeded|x509|HTTPS client/i,
    says: 'could not fetch image: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    remedy:
      'Check that the pods can reach the registry and trust its certificate. A registry without TLS, or with another certificate, must be in the variable WASM_INSECURE_REGISTRIES of istio-proxy. For workloads other than Gateways, "delivery: configmap" needs no registry.',
  },
];

/** What istio-agent could not pull, and why: `cannot fetch Wasm module WHAT: WHY. applying deny RBAC filter`. */
function* failedPulls(log: string): Generator<readonly [what: string, why: string]> {
  for (const [, rest] of cutAt(log, 'cannot fetch Wasm module ')) {
    const [what, why] = cutOnce(rest, ': ') ?? [];
    if (what === undefined || why === undefined || /\s/.test(what)) continue;
    const [reason, then] = cutOnce(why, '. applying ') ?? [];
    if (reason && /^\w+ RBAC filter/.test(then ?? '')) yield [what, reason];
  }
}

/** Returns why the image of a plugin could not be pulled, as istio-agent has logged it; `undefined` if it has not. */
export function findFailedPull(
  log: string,
  plugin: string,
  image: string,
  written: WrittenFilter | undefined,
): FailedPull | undefined {
  // Where its Secret is missing, the agent names the WasmPlugin, else the image.
  const ours = [...failedPulls(log)].find(([what]) => what.endsWith(image) || what.split('~', 1)[0] === plugin);
  if (ours === undefined) return undefined;
  const [, why] = ours;
  const remedies = PULL_REMEDIES.flatMap(({ pattern, remedy }) => {
    const match = pattern.exec(why);
    return match === null ? [] : [typeof remedy === 'string' ? remedy : remedy(match, written)];
  });
  return {
    reason: `Pull of ${image} failed: ${why.replace(/^could not fetch Wasm OCI image: /, '')}`,
    remedy: remedies[0] ?? 'Check the log of the container istio-proxy.',
  };
}
