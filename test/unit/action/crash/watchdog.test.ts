import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Crash } from '../../../../src/action/crash/last-words.ts';
import { watchOver } from '../../../../src/action/crash/watchdog.ts';

const MIB = 1_048_576;

/** What a watchdog publishes that heard these pieces before the end; the process had a peak of so many bytes. */
async function watched(pieces: readonly string[], peak?: number): Promise<Crash> {
  const input = new PassThrough();
  const crash = new Promise<Crash>((publish) =>
    watchOver({ input, peakMemory: () => peak, publish, killGroup: () => undefined }),
  );
  for (const piece of pieces) input.write(piece);
  // Longer than it takes until it looks.
  if (peak !== undefined) await new Promise((done) => setTimeout(done, 400));
  input.end();
  return crash;
}

const START = `${JSON.stringify({ pid: 1, maxMemoryBytes: 100 * MIB })}\n`;

describe('the watchdog', () => {
  test('knows how far the run had come, in whatever pieces it was told', async () => {
    const told = `${START}{"kind":"command","command":"deploy"}\n{"kind":"phase","phase":"writing"}\n{"kind":"write","object":"configmaps shop/x"}\n`;
    for (const pieces of [[told], [...told], [told, '{"kind":"phase","pha']]) {
      const { how, progress } = await watched(pieces);
      expect(how).toBe('its process ended without a result');
      expect(progress).toEqual({
        command: 'deploy',
        phase: 'writing',
        writes: 1,
        objects: ['configmaps shop/x'],
      });
    }
  });

  test.each(['end', 'close', 'error'])('takes the event "%s" for the end, and publishes once', (event) => {
    const input = new PassThrough();
    const published: Crash[] = [];
    watchOver({
      input,
      peakMemory: () => undefined,
      publish: (crash) => published.push(crash),
      killGroup: () => undefined,
    });
    input.emit(event, new Error('ECONNRESET'));
    input.emit('close');
    expect(published).toHaveLength(1);
  });

  test('ends the process groups that are left, and no others', async () => {
    const input = new PassThrough();
    const killed: number[] = [];
    const over = new Promise<Crash>((publish) =>
      watchOver({ input, peakMemory: () => undefined, publish, killGroup: (pid) => killed.push(pid) }),
    );
    const note = (pid: number, running: boolean): string => `${JSON.stringify({ kind: 'group', pid, running })}\n`;
    input.end([START, note(7, true), note(8, true), note(7, false)].join(''));
    await over;
    expect(killed).toEqual([8]);
  });

  test('says so where there was no memory left', async () => {
    expect(await watched([START], 90 * MIB)).toMatchObject({
      how: 'its process ran out of memory',
      cause: 'It had taken 90.00 MiB; it gets at most 100.00 MiB.',
    });
    expect((await watched([START], 50 * MIB)).how).toBe('its process ended without a result');
  });
});
