import { describe, expect, test } from '@jest/globals';
import { formatFindings, missingFiles } from '../../cluster/doctor.ts';
import { meshRequirements } from '../../cluster/versions.ts';

describe('missingFiles', () => {
  test('names the package of each file that is not found', () => {
    const find = (name: string): string | undefined => (name === 'containerd' ? '/usr/bin/containerd' : undefined);
    const diagnostics = missingFiles(
      [
        { package: 'containerd', files: ['containerd', 'ctr'] },
        { package: 'runc', files: ['runc'] },
      ],
      find,
    );
    expect(diagnostics).toEqual([
      { problem: 'missing: ctr', remedy: { package: 'containerd' } },
      { problem: 'missing: runc', remedy: { package: 'runc' } },
    ]);
  });

  test('finds nothing missing where everything is', () => {
    expect(missingFiles(meshRequirements, (name) => `/bin/${name}`)).toEqual([]);
  });
});

test('formatFindings gives one command for all packages, and every other advice once', () => {
  const text = formatFindings([
    { problem: 'missing: ctr', remedy: { package: 'containerd' } },
    { problem: 'missing: containerd', remedy: { package: 'containerd' } },
    { problem: 'missing: nft', remedy: { package: 'nftables' } },
    { problem: 'a node needs root', remedy: { advice: 'run it as root' } },
    { problem: 'a node really needs root', remedy: { advice: 'run it as root' } },
  ]);
  expect(text).toBe(`- missing: ctr
- missing: containerd
- missing: nft
- a node needs root
- a node really needs root
To do:
  apt-get install -y --no-install-recommends containerd nftables
  run it as root`);
});
