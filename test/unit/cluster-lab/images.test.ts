import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../../cluster/commands.ts';
import { imageNames, writeImageArchive } from '../../cluster/images.ts';
import { scratchFolders } from './scratch.ts';

const scratch = scratchFolders();

/** Stands for the base and for the programs, which are hundreds of megabytes in truth. */
function inputs(folder: string): { readonly base: string; readonly programs: { istio: string; envoy: string } } {
  for (const name of ['base/usr/bin', 'istio', 'envoy']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of [
    'base/usr/bin/busybox',
    'istio/pilot-agent',
    'istio/pilot-discovery',
    'istio/envoy_bootstrap_tmpl.json',
    'envoy/envoy',
  ]) {
    writeFileSync(join(folder, name), `content of ${name}`);
  }
  return {
    base: join(folder, 'base'),
    programs: { istio: join(folder, 'istio'), envoy: join(folder, 'envoy') },
  };
}

interface ManifestEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

async function unpack(archive: string, into: string): Promise<readonly ManifestEntry[]> {
  mkdirSync(into);
  await run('tar', ['-xf', archive, '-C', into]);
  return JSON.parse(readFileSync(join(into, 'manifest.json'), 'utf8')) as readonly ManifestEntry[];
}

test('writes all images into one archive with digests that are true', async () => {
  const folder = scratch();
  const { base, programs } = inputs(folder);
  const archive = join(folder, 'images.tar');
  await writeImageArchive(join(folder, 'scratch'), archive, base, programs);
  const content = join(folder, 'content');
  const manifest = await unpack(archive, content);

  expect(manifest.flatMap(({ RepoTags }) => RepoTags)).toEqual(Object.values(imageNames));
  for (const { Config, Layers } of manifest) {
    const text = readFileSync(join(content, Config), 'utf8');
    expect(Config).toBe(`${createHash('sha256').update(text).digest('hex')}.json`);
    const digests = Layers.map((layer) =>
      createHash('sha256')
        .update(readFileSync(join(content, layer)))
        .digest('hex'),
    );
    expect(Layers).toEqual(digests.map((digest) => `${digest}.tar`));
    expect(JSON.parse(text).rootfs.diff_ids).toEqual(digests.map((digest) => `sha256:${digest}`));
  }
  const proxy = manifest.find(({ RepoTags }) => RepoTags.includes(imageNames.proxy));
  const files = await run('tar', ['-tf', join(content, proxy?.Layers[1] ?? '')]);
  expect(files.split('\n')).toEqual(
    expect.arrayContaining([
      './usr/local/bin/envoy',
      './usr/local/bin/pilot-agent',
      './var/lib/istio/envoy/envoy_bootstrap_tmpl.json',
    ]),
  );
  expect(JSON.parse(readFileSync(join(content, proxy?.Config ?? ''), 'utf8')).config.User).toBe('1337:1337');
});

test('gives the same images whenever the files were written', async () => {
  const folder = scratch();
  const { base, programs } = inputs(folder);
  await writeImageArchive(join(folder, 'one'), join(folder, 'one.tar'), base, programs);
  utimesSync(join(folder, 'base/usr/bin/busybox'), 1, 1);
  utimesSync(join(folder, 'envoy/envoy'), 2, 2);
  await writeImageArchive(join(folder, 'two'), join(folder, 'two.tar'), base, programs);
  const first = await unpack(join(folder, 'one.tar'), join(folder, 'first'));
  expect(await unpack(join(folder, 'two.tar'), join(folder, 'second'))).toEqual(first);
});
