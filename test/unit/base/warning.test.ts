import { expect, test } from '@jest/globals';
import { onlySubject, type Warning, WarningList, warningTitle } from '../../../src/base/warning.ts';

test('the title is the topic, and what it is about where that is one thing', () => {
  const titleFor = (names: readonly string[]): string =>
    warningTitle({ topic: 'Shared Wasm VM', ...onlySubject(names), text: 'They share it.' });
  expect([titleFor(['Deployment shop/a']), titleFor(['a', 'b']), titleFor([])]).toEqual([
    'Shared Wasm VM: Deployment shop/a',
    'Shared Wasm VM',
    'Shared Wasm VM',
  ]);
});

test('a list keeps the first warning of each text, in the order in which they came', () => {
  const warning = (text: string, topic = 'Topic'): Warning => ({ topic, text });
  const list = new WarningList([warning('a')]);
  for (const one of [warning('b'), warning('a', 'Later')]) list.add(one);
  expect(list.all).toEqual([warning('a'), warning('b')]);
});
