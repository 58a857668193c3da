import { expect, test } from '@jest/globals';
import { lastWords } from '../../../../src/deploy/wait/evidence.ts';

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
