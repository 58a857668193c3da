import { expect, test } from '@jest/globals';
import { type ConfigDump, type ConfigPart, readConfigDump } from '../../../../src/deploy/observe/config-dump.ts';

const NOT_FOUND = 'ecds_filters not found in config dump\n';

test.each<[string, ConfigPart, string, string, number, ConfigDump]>([
  ['what Envoy answers', 'dynamic_listeners', '{"configs":[]}', '', 0, { state: 'read', text: '{"configs":[]}' }],
  ['nothing where no listener asks for extensions', 'ecds_filters', '', NOT_FOUND, 1, { state: 'read', text: '{}' }],
  ['why it does not answer', 'dynamic_listeners', '', 'no route\n', 1, { state: 'unanswered', why: 'no route' }],
])('a part of the configuration of an Envoy: %s', async (_, part, stdout, stderr, exitCode, dump) => {
  const asked: unknown[] = [];
  const client = {
    exec: (...call: readonly unknown[]) => {
      asked.push(call);
      return Promise.resolve({ stdout, stderr, exitCode });
    },
  };
  expect(await readConfigDump(client, 'shop', 'reviews-1', part, { timeoutMs: 5 })).toEqual(dump);
  const command = ['pilot-agent', 'request', 'GET', `config_dump?resource=${part}`];
  expect(asked).toEqual([['shop', 'reviews-1', 'istio-proxy', command, { timeoutMs: 5 }]]);
});
