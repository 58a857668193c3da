import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { USER } from './index.ts';

/** A blob or manifest with its media type, and a platform where it stands in an index. */
export interface Part {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Readonly<Record<string, string>>;
}

/** An image, or an index of images. */
export interface TestImage {
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  readonly digest: string;
  readonly blobs: readonly Part[];
  readonly images: readonly TestImage[];
}

export const OCI = 'application/vnd.oci.image.manifest.v1+json';
export const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
export const WASME_LAYER = 'application/vnd.module.wasm.content.layer.v1+wasm';

/** `sha256:…` */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A layer of files. */
export async function layerOf(files: Readonly<Record<string, Uint8Array>>, mediaType = OCI_LAYER): Promise<Part> {
  const entries = Object.entries(files).map(([name, body]) => ({ header: { name, size: body.length }, body }));
  return { mediaType, bytes: gzipSync(await packTar(entries)) };
}

export function image(layers: readonly Part[], mediaType = OCI, configType?: string): TestImage {
  const config: Part = {
    mediaType:
      configType ??
      (mediaType === DOCKER
        ? 'application/vnd.docker.container.image.v1+json'
        : 'application/vnd.oci.image.config.v1+json'),
    bytes: Buffer.from('{}'),
  };
  // Docker's own manifests say what they are, and OCI's need not.
  const manifest = {
    schemaVersion: 2,
    ...(mediaType === DOCKER ? { mediaType } : {}),
    config: describe(config),
    layers: layers.map(describe),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { mediaType, manifest: bytes, digest: digestOf(bytes), blobs: [config, ...layers], images: [] };
}

/** An index; each image with its platform as `linux/amd64`, `''` for none, and `attestation` for what BuildKit adds. */
export function index(images: readonly (readonly [string, TestImage])[]): TestImage {
  const entries = images.map(([platform, { mediaType, manifest }]) => {
    const [os = '', architecture = ''] = platform === 'attestation' ? ['unknown', 'unknown'] : platform.split('/');
    return describe({
      mediaType,
      bytes: manifest,
      ...(platform === '' ? {} : { platform: { os, architecture } }),
      ...(platform === 'attestation' ? { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } } : {}),
    });
  });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }));
  return { mediaType, manifest: bytes, digest: digestOf(bytes), blobs: [], images: images.map(([, one]) => one) };
}

function describe({ mediaType, bytes, annotations, platform }: Part): object {
  return {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    ...(annotations === undefined ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Puts an image into a registry that wants no login or Basic, by no code of the action. */
export async function store(
  host: string,
  repository: string,
  name: string,
  { mediaType, manifest, blobs, images }: TestImage,
): Promise<void> {
  for (const one of images) await store(host, repository, one.digest, one);
  const base = `http://${host}/v2/${repository}`;
  for (const { bytes } of blobs) {
    const begun = await call(`${base}/blobs/uploads/`, 'POST', 202);
    const session = new URL(begun.headers.get('location') ?? '', base);
    session.searchParams.set('digest', digestOf(bytes));
    await call(session.href, 'PUT', 201, bytes, 'application/octet-stream');
  }
  await call(`${base}/manifests/${name}`, 'PUT', 201, manifest, mediaType);
}

/** Reads what a registry has under a path of its API. */
export async function fetchFrom(
  host: string,
  path: string,
  accept = '*/*',
): Promise<{ readonly status: number; readonly body: Buffer }> {
  const response = await fetch(`http://${host}/v2/${path}`, { headers: { ...basic(), accept } });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

async function call(url: string, method: string, status: number, body?: Uint8Array, type?: string): Promise<Response> {
  const response = await fetch(url, {
    method,
    headers: { ...basic(), ...(type === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  });
  if (response.status !== status) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

function basic(): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}` };
}
