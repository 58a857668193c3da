import { expect, test } from '@jest/globals';
import { conflictingManager, isDryRunUnsupported } from '../../../src/cluster/api-server-words.ts';

test.each([
  ['conflict with "kubectl-edit" using v1: .data.x', 'kubectl-edit'],
  ['conflict with "helm" with subresource "status" using apps/v1: .spec.replicas', 'helm'],
  ['something else', 'something else'],
])('the manager of %s', (message, manager) => {
  expect(conflictingManager(message)).toBe(manager);
});

test.each<[number, string, boolean]>([
  [400, 'admission webhook "x.example" does not support dry run', true],
  [403, 'admission webhook "x.example" denied the request: this does not support dry run', false],
  [400, 'admission webhook "x.example" denied the request: no', false],
])('a dry run that ends with %d and "%s"', (status, message, unsupported) => {
  expect(isDryRunUnsupported({ status, message })).toBe(unsupported);
});
