import { describe, expect, test } from '@jest/globals';
import { sharingOf, type VmSharing, type VmUser } from '../../../../src/mesh/unmanaged/shared-vm.ts';

const ONE: VmUser = { what: 'one', vmId: 'vm', rootId: 'root', digest: 'sha256:1' };

describe('sharingOf', () => {
  test.each<[string, Partial<VmUser>, VmSharing | undefined]>([
    ['another name alone', { what: 'two' }, 'everything'],
    ['another root id', { rootId: 'other' }, 'roots'],
    ['no root id', { rootId: '' }, 'roots'],
    ['another VM id', { vmId: 'other' }, undefined],
    ['no VM id', { vmId: '' }, undefined],
    ['another module', { digest: 'sha256:2' }, undefined],
    ['a module that nothing tells', { digest: undefined }, undefined],
  ])('%s', (_, change, sharing) => {
    const two = { ...ONE, ...change };
    expect([sharingOf(ONE, two), sharingOf(two, ONE)]).toEqual([sharing, sharing]);
  });

  test('says nothing of what is not known of both', () => {
    expect(sharingOf({ ...ONE, digest: undefined }, { ...ONE, digest: undefined })).toBeUndefined();
    expect(sharingOf({ ...ONE, vmId: '' }, { ...ONE, vmId: '' })).toBeUndefined();
  });
});
