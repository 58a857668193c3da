import { expect, test } from '@jest/globals';
import { namespaceDoubt } from '../../../../src/deploy/observe/doubted-namespaces.ts';

const ASKED = 'This account may list nothing there, and a typing error would look the same.';
const CHECK = (name: string): string => `Check with \`kubectl get namespace ${name}\` before you grant anything.`;
const DEFAULT =
  '"default" is also the namespace of a target that names none, where neither the input "namespace" nor the kubeconfig has one.';

test.each<[unseen: string[], seen: string[], missing: string[], doubt: string]>([
  [['bokshop'], [], [], `Does namespace "bokshop" exist? ${ASKED} ${CHECK('bokshop')}`],
  [['bokshop'], ['edge'], [], `Does namespace "bokshop" exist? ${ASKED} ${CHECK('bokshop')}`],
  [
    ['bokshop'],
    ['edge', 'bookshop'],
    [],
    `Does namespace "bokshop" exist? ${ASKED} Did you mean "bookshop"? ${CHECK('bokshop')}`,
  ],
  [
    ['bokshop', 'payments'],
    ['bookshop'],
    [],
    `Does namespace "bokshop" or "payments" exist? ${ASKED} Did you mean "bookshop", not "bokshop"? ${CHECK('bokshop')}`,
  ],
  [['default'], ['bookshop'], [], `Does namespace "default" exist? ${ASKED} ${DEFAULT} ${CHECK('default')}`],
  [['bokshop'], ['bookshop'], ['bokshop'], 'Namespace "bokshop" does not exist. Did you mean "bookshop"?'],
])('of %j, beside %j, of which %j are known to be missing', (unseen, seen, missing, doubt) => {
  const places = unseen.map((name) => ({ name, isMissing: missing.includes(name) }));
  expect(namespaceDoubt(places, seen)).toBe(doubt);
});
