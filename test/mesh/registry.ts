/** A registry that runs beside the mesh, and the few requests that put an image into it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { network } from '../cluster/network.ts';

/** The CNCF distribution registry; Debian's package docker-registry. */
const PROGRAM = process.env.TEST_DOCKER_REGISTRY || 'docker-registry';
/** The address of this machine that pods can reach; the mesh of this project knows it. */
export const PODS_REACH = process.env.TEST_MACHINE_ADDRESS || network.machineAddress;
const START_MS = 20_000;

export interface MeshRegistry {
  readonly port: number;
  /** Pushes a module as one tar+gzip layer that holds plugin.wasm. Gives `filters/add-header@sha256:…`. */
  push(module: Uint8Array): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a registry that speaks plain HTTP on every address of this machine. */
export async function startMeshRegistry(): Promise<MeshRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-registry-'));
  const configuration = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: '0.0.0.0:0', secret: 'only-for-tests' },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration));
  const child = spawn(PROGRAM, ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((done) => child.once('close', () => done()).once('error', () => done()));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  let said = '';
  const port = await new Promise<number | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), START_MS);
    const read = (chunk: Buffer): void => {
      said += chunk;
      const [, found] = /listening on \S*:(\d+)/.exec(said) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(Number(found));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => resolve(undefined));
  });
  if (port === undefined) {
    await stop();
    throw new Error(`${PROGRAM} did not start: ${said}`);
  }
  return { port, push: (module) => push(`http://127.0.0.1:${port}/v2/filters/add-header`, module), stop };
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image';

async function push(repository: string, module: Uint8Array): Promise<string> {
  const layer = gzipSync(tar('plugin.wasm', module));
  const config = Buffer.from(
    '{"architecture":"wasm","os":"wasi","rootfs":{"type":"layers","diff_ids":[]},"config":{}}',
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: await upload(repository, config, `${OCI}.config.v1+json`),
      layers: [await upload(repository, layer, `${OCI}.layer.v1.tar+gzip`)],
    }),
  );
  const digest = digestOf(manifest);
  await send(`${repository}/manifests/${digest}`, 'PUT', manifest, `${OCI}.manifest.v1+json`);
  return `filters/add-header@${digest}`;
}

async function upload(repository: string, content: Buffer, mediaType: string): Promise<Descriptor> {
  const digest = digestOf(content);
  const started = await send(`${repository}/blobs/uploads/`, 'POST');
  const location = new URL(started.headers.get('location') ?? '', repository);
  location.searchParams.set('digest', digest);
  await send(location.href, 'PUT', content, 'application/octet-stream');
  return { mediaType, digest, size: content.length };
}

async function send(url: string, method: string, body?: Buffer, type?: string): Promise<Response> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

const BLOCK = 512;

/** A ustar archive of one file (POSIX.1-2017, pax: ustar interchange format). */
function tar(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): number =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  header.write(name, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  // The checksum counts its own field as blanks.
  header.write('        0ustar\x0000', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
}
