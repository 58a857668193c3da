/** The version of a sidecar's proxy. */
export interface ProxyVersion {
  /** As the image's tag has it: `1.24.3`, or `1.27` for a build between releases; omitted where only its Envoy is known. */
  readonly istio?: string;
  /** The Envoy that Istio builds its proxy from; of its releases within a minor version, nothing depends on which. */
  readonly envoy: { readonly major: number; readonly minor: number; readonly patch?: number };
}

/**
 * The minor versions of Envoy 1 by those of Istio 1, where a source says so:
 * 16 to 21 https://istio.io/latest/docs/releases/supported-releases/#supported-envoy-versions as it was then;
 * 24 to 26 that table as quoted by https://docs.datadoghq.com/security/application_security/setup/compatibility/istio/;
 * 32 MODULE.bazel of istio/proxy on 2026-10-02, which builds Envoy 1.40.0-dev.
 */
const ENVOY_MINORS: ReadonlyMap<number, number> = new Map([
  [16, 24],
  [17, 25],
  [18, 26],
  [19, 27],
  [20, 28],
  [21, 29],
  [24, 32],
  [25, 33],
  [26, 34],
  [32, 40],
]);

/** Both projects release once a quarter, so all pairs in the table are this far apart; the others are taken to be so too. */
const ENVOY_AHEAD_OF_ISTIO = 8;

/** Whether a source says which Envoy this minor version of Istio 1 has; of the others it is taken from the distance of those. */
export function isPairKnown(istioMinor: number): boolean {
  return ENVOY_MINORS.has(istioMinor);
}

/** A tag that begins with Istio 1's version, with or without `v` and with anything behind it. */
const TAG = /^v?(1\.(\d{1,3})(?:\.\d{1,4})?)(?=$|[-.+_])/;

/**
 * The proxy's version from the reference of its image: Istio's `proxyv2`, from any registry and with any suffix of the builder's
 * (`1.24.3-distroless`, `1.20.8-asm.4`). `undefined` if the reference does not say: other images, other tags (`latest`), a digest
 * without a tag.
 */
export function proxyVersionOfImage(image: string): ProxyVersion | undefined {
  const reference = image.split('@')[0]?.split('/').at(-1) ?? '';
  const colon = reference.indexOf(':');
  if (colon < 0 || !reference.slice(0, colon).includes('proxyv2')) return undefined;
  return istioProxy(reference.slice(colon + 1));
}

/** `envoy/1.36` or `envoy/1.36.2`. */
const ENVOY = /^envoy\/v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?$/;

/**
 * Returns the version that somebody has written: of Istio, as a tag (`1.28`, `v1.28.3`, `1.28.3-distroless`), or of Envoy
 * (`envoy/1.36.2`). `undefined` if it is neither.
 */
export function parseProxyVersion(text: string): ProxyVersion | undefined {
  const [matched, major, minor, patch] = ENVOY.exec(text) ?? [];
  if (matched === undefined) return istioProxy(text);
  return {
    envoy: { major: Number(major), minor: Number(minor), ...(patch !== undefined && { patch: Number(patch) }) },
  };
}

function istioProxy(tag: string): ProxyVersion | undefined {
  const [, istio, minor] = TAG.exec(tag) ?? [];
  if (istio === undefined) return undefined;
  const istioMinor = Number(minor);
  const envoyMinor = ENVOY_MINORS.get(istioMinor) ?? istioMinor + ENVOY_AHEAD_OF_ISTIO;
  return { istio, envoy: { major: 1, minor: envoyMinor } };
}

/** Returns the first Istio with an Envoy 1 of this minor version. */
export function firstIstioWith(minor: number): ProxyVersion {
  return { istio: `1.${minor - ENVOY_AHEAD_OF_ISTIO}`, envoy: { major: 1, minor } };
}

/** The version of its Envoy: `1.36`, or `1.36.2`. */
export function envoyVersion({ envoy: { major, minor, patch } }: ProxyVersion): string {
  return [major, minor, ...(patch === undefined ? [] : [patch])].join('.');
}

/** Returns a version as the input `proxies` would have it: `1.28.3`, `envoy/1.36.2`. */
export function formatProxyVersion(proxy: ProxyVersion): string {
  return proxy.istio ?? `envoy/${envoyVersion(proxy)}`;
}

/** The first Istio with an Envoy 1 of this minor version, for a reader: `Envoy 1.33 (Istio 1.25)`. */
export function describeEnvoy(minor: number): string {
  return `Envoy 1.${minor} (Istio 1.${minor - ENVOY_AHEAD_OF_ISTIO})`;
}

/** From so many minor versions in a row, the first and the last are enough. */
const MIN_RUN = 3;

/** Returns versions in runs: minor versions that follow upon each other as they are given, all of Istio or all of Envoy. */
export function versionRuns(proxies: readonly ProxyVersion[]): (readonly ProxyVersion[])[] {
  const runs: ProxyVersion[][] = [];
  for (const proxy of proxies) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (last !== undefined && follows(last, proxy)) run?.push(proxy);
    else runs.push([proxy]);
  }
  return runs.flatMap((run) => (run.length < MIN_RUN ? run.map((one) => [one]) : [run]));
}

function follows(one: ProxyVersion, next: ProxyVersion): boolean {
  const sameKind = (one.istio === undefined) === (next.istio === undefined);
  return sameKind && one.envoy.major === next.envoy.major && one.envoy.minor + 1 === next.envoy.minor;
}

/** The proxies' versions for a reader, each once: `Istio 1.24.3 (Envoy 1.32)`, `Envoy 1.36.2`, `Istio 1.9 to 1.24 (Envoy 1.17 to 1.32)`. */
export function describeProxies(proxies: readonly ProxyVersion[]): string[] {
  const each = new Map(proxies.map((proxy) => [`${formatProxyVersion(proxy)} ${envoyVersion(proxy)}`, proxy]));
  return versionRuns([...each.values()]).map((run) => {
    const [first, last] = [run[0], run.at(-1)];
    const span = (of: (proxy: ProxyVersion) => string | undefined): string =>
      [...new Set([first, last].flatMap((proxy) => (proxy && of(proxy)) ?? []))].join(' to ');
    const envoy = `Envoy ${span(envoyVersion)}`;
    const istio = span((proxy) => proxy.istio);
    return istio === '' ? envoy : `Istio ${istio} (${envoy})`;
  });
}
