import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const FILE = resolve(import.meta.dirname, '../../../bench/until-cancelled.ts');

/** Runs a process that does something between a first line and its end; it gets a signal once it has printed that line. */
async function runProcess(use: string, signal?: NodeJS.Signals): Promise<{ ended: unknown; lines: string[] }> {
  const program = `
    import { untilCancelled } from ${JSON.stringify(FILE)};
    await untilCancelled(
      async (signal) => {
        signal.addEventListener('abort', () => console.log('told'));
        console.log('begun');
        ${use}
      },
      async () => console.log('taken away'),
    );
    console.log('went on');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    if (signal !== undefined && text.startsWith('begun')) child.kill(signal);
  });
  const ended = await new Promise((done) => child.on('close', (code, by) => done(by ?? code)));
  return { ended, lines: text.trim().split('\n') };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'what was made is taken away after %s, which ends the process',
  async (signal) =>
    expect(await runProcess('await new Promise((done) => setTimeout(done, 60_000));', signal)).toEqual({
      ended: signal,
      lines: ['begun', 'told', 'taken away'],
    }),
);

test('what was made is taken away at the end, and after an error, which is not hidden', async () => {
  expect(await runProcess('')).toEqual({ ended: 0, lines: ['begun', 'taken away', 'went on'] });
  expect(await runProcess('throw new Error()')).toEqual({ ended: 1, lines: ['begun', 'taken away'] });
});
