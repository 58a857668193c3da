import { expect, test } from '@jest/globals';
import { maskObserved } from '../../../../src/deploy/observe/mask-observed.ts';
import { revision, snapshotOf } from '../../builders.ts';
import { objectsOf } from '../planned.ts';

test.each(['x-api-key: Sup3rS3cretValue99', '{"db":{"password":"Sup3rS3cretValue99"}}'])(
  'what our EnvoyFilters have under a secret key is known, whatever key it has then: %s',
  (configuration) => {
    const snapshot = snapshotOf(objectsOf(revision('add-header', { configuration })));
    const known: string[] = [];
    maskObserved(snapshot, ['shop'], (secret) => known.push(secret));
    expect(known).toContain('Sup3rS3cretValue99');
    expect(known).not.toContain('add-header');
  },
);
