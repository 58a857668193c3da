import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Log, sideBySide } from '../../../src/base/log.ts';

function recorder(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const log: Log = {
    info: say,
    warning: say,
    debug: say,
    group: async (title, phase) => {
      say(`begin ${title}`);
      try {
        return await phase();
      } finally {
        say(`end ${title}`);
      }
    },
  };
  return { log, lines };
}

/** What one of the tasks does: says a line, in a group or not, or lets the others go on. */
type Step = 'line' | 'grouped line' | 'pause';

const TASKS = fc.array(fc.array(fc.constantFrom<Step>('line', 'grouped line', 'pause'), { maxLength: 6 }), {
  maxLength: 5,
});

const task =
  (name: number, steps: readonly Step[]) =>
  async (log: Log): Promise<number> => {
    for (const [index, step] of steps.entries()) {
      const line = `${name}.${index}`;
      if (step === 'pause') await new Promise(setImmediate);
      else if (step === 'line') log.info(line);
      else {
        await log.group(line, async () => {
          log.warning(`${line} a`);
          await new Promise(setImmediate);
          log.debug(`${line} b`);
        });
      }
    }
    return name;
  };

describe('sideBySide', () => {
  test('reads as if one task had been done after the other', async () => {
    await fc.assert(
      fc.asyncProperty(TASKS, async (tasks) => {
        const [together, apart] = [recorder(), recorder()];
        const results = await sideBySide(
          together.log,
          tasks.map((steps, name) => task(name, steps)),
        );
        for (const [name, steps] of tasks.entries()) await task(name, steps)(apart.log);
        expect(together.lines).toEqual(apart.lines);
        expect(results).toEqual(tasks.map((_, name) => name));
      }),
    );
  });

  test('does everything at the same time', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const waits = (): Promise<string> => promise;
    const tells = async (): Promise<string> => {
      resolve('told by the second');
      return 'done';
    };
    expect(await sideBySide(recorder().log, [waits, tells])).toEqual(['told by the second', 'done']);
  });

  test('says what the first one says as it says it', async () => {
    const { log, lines } = recorder();
    const { promise, resolve } = Promise.withResolvers<void>();
    const all = sideBySide(log, [
      async (own) => {
        await new Promise(setImmediate);
        own.info('at once');
        await promise;
      },
    ]);
    while (lines.length === 0) await new Promise(setImmediate);
    resolve();
    await all;
    expect(lines).toEqual(['at once']);
  });

  test('rejects with what the first of those that fail throws, and says what was said before it', async () => {
    const { log, lines } = recorder();
    const fails = (why: string) => async (own: Log) => {
      await own.group(`group ${why}`, async () => {
        own.info(why);
        throw new Error(why);
      });
    };
    await expect(sideBySide(log, [async () => undefined, fails('one'), fails('two')])).rejects.toThrow('one');
    expect(lines).toEqual(['begin group one', 'one', 'end group one']);
  });
});
