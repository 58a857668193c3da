/** The version of a sidecar's proxy. */
export interface ProxyVersion {
  /** As the image's tag has it: `1.24.3`, or `1.27` for a build between releases. */
  readonly istio: string;
  /** The Envoy that Istio builds its proxy from. */
  readonly envoy: { readonly major: number; readonly minor: number };
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
  const [, istio, minor] = TAG.exec(reference.slice(colon + 1)) ?? [];
  if (istio === undefined) return undefined;
  const istioMinor = Number(minor);
  const envoyMinor = ENVOY_MINORS.get(istioMinor) ?? istioMinor + ENVOY_AHEAD_OF_ISTIO;
  return { istio, envoy: { major: 1, minor: envoyMinor } };
}

/** The first Istio with an Envoy 1 of this minor version, for a reader: `Envoy 1.33 (Istio 1.25)`. */
export function describeEnvoy(minor: number): string {
  return `Envoy 1.${minor} (Istio 1.${minor - ENVOY_AHEAD_OF_ISTIO})`;
}

/** The proxies' versions for a reader, each once: `Istio 1.24.3 (Envoy 1.32)`. */
export function describeProxies(proxies: readonly ProxyVersion[]): string[] {
  return [...new Set(proxies.map(({ istio, envoy }) => `Istio ${istio} (Envoy ${envoy.major}.${envoy.minor})`))];
}
