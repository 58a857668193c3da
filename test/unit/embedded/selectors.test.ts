import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../embedded/objects.ts';
import { BUILT_IN } from '../../embedded/resources.ts';
import { labelSelectorMatch, parseFieldSelector, parseLabelSelector } from '../../embedded/selectors.ts';

const LABELS = { app: 'web', tier: 'front', empty: '' };

describe('label selectors', () => {
  test.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app!=web', false],
    ['app=db', false],
    ['other!=x', true],
    ['app in (web,db)', true],
    ['app in (db, api)', false],
    ['app notin (db)', true],
    ['other notin (db)', true],
    ['app notin (web)', false],
    ['app', true],
    ['other', false],
    ['!other', true],
    ['!app', false],
    ['empty=', true],
    ['app=web,tier=front', true],
    ['app=web,tier in (back,front),!other', true],
    ['app=web,tier=back', false],
  ])('%j matches: %s', (text, expected) => {
    expect(parseLabelSelector(text)(LABELS)).toBe(expected);
  });

  test.each(['app in web', 'app=a b', '=x', 'a=b=c', 'app in (x', '-bad=x', `a=${'x'.repeat(64)}`])(
    '%j is refused',
    (text) => {
      expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ code: 400, reason: 'BadRequest' }));
    },
  );

  test.each([
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'db' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [
      {
        matchExpressions: [
          { key: 'app', operator: 'Exists' },
          { key: 'x', operator: 'DoesNotExist' },
        ],
      },
      true,
    ],
    [{}, true],
    [undefined, false],
  ])('the object %j matches: %s', (selector, expected) => {
    expect(labelSelectorMatch(selector)(LABELS)).toBe(expected);
  });
});

describe('field selectors', () => {
  const resource = (plural: string) => {
    const found = BUILT_IN.find((item) => item.plural === plural);
    if (found === undefined) throw new Error(plural);
    return found;
  };
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'shop' },
    spec: { nodeName: 'n1' },
    status: { phase: 'Running' },
  };

  test.each([
    ['metadata.name=a', true],
    ['metadata.name!=a', false],
    ['metadata.namespace=shop,status.phase==Running', true],
    ['spec.nodeName=n2', false],
    ['spec.nodeName!=n2,status.phase!=Failed', true],
  ])('%s matches a pod: %s', (text, expected) => {
    expect(parseFieldSelector(text, resource('pods')).match(pod)).toBe(expected);
  });

  test.each([
    ['involvedObject.name=a,involvedObject.kind=Pod', true],
    ['involvedObject.uid=2', false],
    ['type=Warning', true],
    ['type!=Warning', false],
    ['reason=FailedMount', true],
  ])('%s matches an event: %s', (text, expected) => {
    const event: KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'a', uid: '1' },
      type: 'Warning',
      reason: 'FailedMount',
    };
    expect(parseFieldSelector(text, resource('events')).match(event)).toBe(expected);
  });

  test('a field the kind has not is refused with the text of the server', () => {
    expect(() => parseFieldSelector('spec.replicas=1', resource('configmaps'))).toThrow(
      /field label not supported: spec\.replicas/,
    );
  });
});
