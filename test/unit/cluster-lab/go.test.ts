import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isGoRecentEnough } from '../../cluster/doctor.ts';
import { controlPlaneModule, renderGoMod } from '../../cluster/go.ts';
import { versions } from '../../cluster/versions.ts';

describe('renderGoMod', () => {
  test('turns the replaced folders into published modules', () => {
    const kubernetes = [
      'module k8s.io/kubernetes',
      'go 1.24.0',
      'godebug default=go1.24',
      'require k8s.io/api v0.0.0',
      'replace (',
      '\tk8s.io/api => ./staging/src/k8s.io/api',
      '\tk8s.io/client-go => ./staging/src/k8s.io/client-go',
      ')',
    ].join('\n');
    expect(
      renderGoMod(kubernetes, { module: 'v1.34.4', staging: 'v0.34.4' }),
    ).toBe(`module deploy-wasm-filter/test/cluster/controlplane

go 1.24.0

godebug default=go1.24

require k8s.io/kubernetes v1.34.4

replace (
	k8s.io/api => k8s.io/api v0.34.4
	k8s.io/client-go => k8s.io/client-go v0.34.4
)
`);
  });

  test('throws for a go.mod that is not that of Kubernetes', () => {
    expect(() => renderGoMod('module x\ngo 1.24\n', { module: 'v1', staging: 'v0' })).toThrow('./staging/');
  });
});

test('the committed Go module is the one of versions.ts', () => {
  const goMod = readFileSync(join(controlPlaneModule, 'go.mod'), 'utf8');
  const goSum = readFileSync(join(controlPlaneModule, 'go.sum'), 'utf8');
  expect(goMod).toContain(`k8s.io/kubernetes ${versions.kubernetes.module}`);
  const staging = [...goMod.matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];
  expect(staging.length).toBeGreaterThan(20);
  for (const [, library, replacement, version] of staging) {
    expect([replacement, version]).toEqual([library, versions.kubernetes.staging]);
  }
  expect(goSum).toContain(`k8s.io/kubernetes ${versions.kubernetes.module} h1:`);
});

test.each([
  ['go version go1.26.0 linux/amd64', true],
  ['go version go1.26.8 linux/amd64', true],
  ['go version go1.27 linux/amd64', true],
  ['go version go2.0.1 linux/amd64', true],
  ['go version go1.25.9 linux/amd64', false],
  ['go version go1.9.0 linux/amd64', false],
  ['no go on PATH', false],
])('%s is recent enough for 1.26.0: %s', (output, expected) => {
  expect(isGoRecentEnough(output, '1.26.0')).toBe(expected);
});
