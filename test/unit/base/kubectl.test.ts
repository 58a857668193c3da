import { describe, expect, test } from '@jest/globals';
import { inContext, kubectl } from '../../../src/base/kubectl.ts';

describe('a kubectl command', () => {
  test.each([
    [undefined, 'kubectl get pods'],
    ['prod-eu', 'kubectl get pods --context prod-eu'],
    ['arn:aws:eks:eu:1:cluster/x', "kubectl get pods --context 'arn:aws:eks:eu:1:cluster/x'"],
    ["it's; rm -rf /", "kubectl get pods --context 'it'\\''s; rm -rf /'"],
    ['a\n\u001bb', "kubectl get pods --context 'a ␛b'"],
  ])('for the context %j', (context, expected) => {
    expect(kubectl('kubectl get pods', context)).toBe(expected);
  });
});

describe('a text', () => {
  test.each([
    [
      'Run `kubectl get pods -n a` and `kubectl argo rollouts promote web`.',
      'Run `kubectl get pods -n a --context c` and `kubectl argo rollouts promote web --context c`.',
    ],
    [
      '`kubectl config view --raw` and `kubectl kustomize FOLDER` ask no cluster.',
      '`kubectl config view --raw` and `kubectl kustomize FOLDER` ask no cluster.',
    ],
    ['As kubectl does, `base64 -w0 FILE`.', 'As kubectl does, `base64 -w0 FILE`.'],
  ])('has it in each command: %s', (text, expected) => {
    expect(inContext(text, 'c')).toBe(expected);
    expect(inContext(text, undefined)).toBe(text);
  });
});
