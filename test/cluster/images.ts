import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './commands.ts';
import { versions } from './versions.ts';

/** One image: the base layer, and files of its own in a second one. */
interface ImageSpec {
  readonly name: string;
  readonly entrypoint: readonly string[];
  /** Istio's images run as this user; istiod rejects nothing else, but its pod demands a user that is not root. */
  readonly user?: string;
  /** Path inside the image to path on the machine. */
  readonly files?: Readonly<Record<string, string>>;
  /** Empty folders that any user may write to. */
  readonly openFolders?: readonly string[];
}

/** The images in the node. Nothing is pulled: pods need `imagePullPolicy: Never` or `IfNotPresent`. */
export const imageNames = {
  /** Holds a pod's namespaces. */
  pause: 'localhost/pause:1',
  /** A shell and busybox, whose `httpd` and `nc` serve as applications. */
  app: 'localhost/app:1',
  proxy: `localhost/proxyv2:${versions.istio.release}`,
  pilot: `localhost/pilot:${versions.istio.release}`,
} as const;

/** The folders of the programs that the images hold. */
export interface ImagePrograms {
  readonly istio: string;
  readonly envoy: string;
}

const ISTIO_USER = '1337:1337';
/** istio-init calls iptables-save by name. */
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function imageSpecs(programs: ImagePrograms): readonly ImageSpec[] {
  return [
    { name: imageNames.pause, entrypoint: ['/bin/busybox', 'sleep', '999999999'] },
    { name: imageNames.app, entrypoint: ['/bin/sh'] },
    {
      name: imageNames.proxy,
      entrypoint: ['/usr/local/bin/pilot-agent'],
      user: ISTIO_USER,
      files: {
        'usr/local/bin/envoy': join(programs.envoy, 'envoy'),
        'usr/local/bin/pilot-agent': join(programs.istio, 'pilot-agent'),
        'var/lib/istio/envoy/envoy_bootstrap_tmpl.json': join(programs.istio, 'envoy_bootstrap_tmpl.json'),
      },
      openFolders: ['var/lib/istio/data', 'etc/istio/proxy'],
    },
    {
      name: imageNames.pilot,
      entrypoint: ['/usr/local/bin/pilot-discovery'],
      user: ISTIO_USER,
      files: { 'usr/local/bin/pilot-discovery': join(programs.istio, 'pilot-discovery') },
    },
  ];
}

/**
 * Writes all images into one docker-archive that `ctr images import` reads.
 * Format: https://github.com/moby/docker-image-spec/blob/main/spec.md ("Combined Image JSON + Filesystem Changeset Format").
 */
export async function writeImageArchive(
  scratch: string,
  archive: string,
  base: string,
  programs: ImagePrograms,
): Promise<void> {
  const content = join(scratch, 'archive');
  await mkdir(content, { recursive: true });
  const baseLayer = await writeLayer(content, base);
  const manifest: unknown[] = [];
  for (const spec of imageSpecs(programs)) {
    const layers = [baseLayer];
    if (spec.files !== undefined) layers.push(await writeOwnLayer(scratch, content, spec));
    const config = JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: spec.entrypoint, User: spec.user ?? '', Env: [PATH] },
      rootfs: { type: 'layers', diff_ids: layers.map((digest) => `sha256:${digest}`) },
      history: layers.map(() => ({ created_by: 'test/cluster' })),
    });
    const configFile = `${createHash('sha256').update(config).digest('hex')}.json`;
    await writeFile(join(content, configFile), config);
    manifest.push({ Config: configFile, RepoTags: [spec.name], Layers: layers.map((digest) => `${digest}.tar`) });
  }
  await writeFile(join(content, 'manifest.json'), JSON.stringify(manifest));
  await run('tar', ['-cf', archive, '-C', content, '.']);
}

async function writeOwnLayer(scratch: string, content: string, spec: ImageSpec): Promise<string> {
  const root = join(scratch, 'layer');
  for (const [inside, path] of Object.entries(spec.files ?? {})) {
    await mkdir(join(root, inside, '..'), { recursive: true });
    await run('cp', ['--reflink=auto', path, join(root, inside)]);
  }
  for (const folder of spec.openFolders ?? []) {
    await mkdir(join(root, folder), { recursive: true });
    await run('chmod', ['777', join(root, folder)]);
  }
  const digest = await writeLayer(content, root);
  await rm(root, { recursive: true });
  return digest;
}

/** Packs a folder as a layer and gives its digest, which is also its file name. The same files give the same digest. */
async function writeLayer(content: string, root: string): Promise<string> {
  const unnamed = join(content, 'layer.tar');
  // `a+rX`: whatever our umask made of the folders, the images' user has to get to the files.
  const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=a+rX'];
  await run('tar', [...reproducible, '-cf', unnamed, '-C', root, '.']);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(unnamed)) hash.update(chunk as Buffer);
  const digest = hash.digest('hex');
  await rename(unnamed, join(content, `${digest}.tar`));
  return digest;
}
