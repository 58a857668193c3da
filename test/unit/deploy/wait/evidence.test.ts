import { expect, test } from '@jest/globals';
import { describePermission } from '../../../../src/base/permission.ts';
import { lastWords, listWarnings, readLastWords } from '../../../../src/deploy/wait/evidence.ts';
import { refusal, startApiServer } from '../../cluster/api-server.ts';

test('what may not be read is told by its permission, and is no failure', async () => {
  const server = await startApiServer({ answer: () => refusal(403, 'Forbidden', 'no') });
  try {
    const denied = new Set<string>();
    const source = {
      client: server.client(),
      debug: () => undefined,
      denied: (permission: Parameters<typeof describePermission>[0]) => denied.add(describePermission(permission)),
    };
    expect(await listWarnings('shop', source)).toEqual([]);
    expect(await readLastWords({ metadata: { name: 'a' } }, 'shop', 'app', source)).toBeUndefined();
    expect([...denied]).toEqual(['list events in namespace "shop"', 'get pods/log in namespace "shop"']);
  } finally {
    await server.close();
  }
});

test.each<[string, string, string | undefined]>([
  ['the last line', 'starting\nno table today\n', 'no table today'],
  ['the last line that speaks of an error', 'cannot open /data\nbye\n', 'cannot open /data'],
  [
    'the panic above its stack',
    'panic: no table\n\ngoroutine 1 [running]:\n\tmain.go:5 +0x1d\nexit status 2',
    'panic: no table',
  ],
  ['the exception below its stack', 'Traceback:\n  File "a.py"\nValueError: no table', 'ValueError: no table'],
  ['no colours', '\u001b[31mERROR\u001b[0m no table', 'ERROR no table'],
  ['indented lines where there are no others', '  one\n  two\n', 'two'],
  ['not more than 300 characters', 'x'.repeat(400), `${'x'.repeat(299)}…`],
  ['nothing of an empty log', ' \n\n', undefined],
  ['nothing of a log that is gone', 'unable to retrieve container logs for containerd://15fc355224e5', undefined],
])('the last words of a program: %s', (_, log, said) => {
  expect(lastWords(log)).toBe(said);
});
