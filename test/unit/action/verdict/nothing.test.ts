import { expect, test } from '@jest/globals';
import { nothingSentence } from '../../../../src/action/verdict/nothing.ts';

test('a sweep says when objects go that no workload uses', () => {
  const present = [{ filter: 'add-header', namespace: 'shop', workloads: [] }];
  expect(nothingSentence({ state: 'nothing', filters: [], namespaces: ['shop'], present }, true)).toContain(
    'No workload has the filter add-header: objects without a workload are deleted once they are an hour old.',
  );
});
