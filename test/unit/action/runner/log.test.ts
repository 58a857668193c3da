import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CoreLog, oneLine, workflowLog } from '../../../../src/action/runner/log.ts';

function recorder(isDebug: boolean): { core: CoreLog; lines: string[] } {
  const lines: string[] = [];
  const core: CoreLog = {
    info: (line) => lines.push(`info ${line}`),
    debug: (line) => lines.push(`debug ${line}`),
    isDebug: () => isDebug,
    group: async (title, phase) => {
      lines.push(`group ${title}`);
      try {
        return await phase();
      } finally {
        lines.push('end');
      }
    },
  };
  return { core, lines };
}

describe('workflowLog', () => {
  test('writes lines, warnings and groups', async () => {
    const { core, lines } = recorder(false);
    const log = workflowLog(core);
    const result = await log.group('Apply', async () => {
      log.info('a');
      log.warning('b');
      log.debug('c');
      return 5;
    });
    expect(result).toBe(5);
    expect(lines).toEqual(['group Apply', 'info a', 'info Warning: b', 'end']);
  });

  test('leaves out the group of a phase that says nothing', async () => {
    const { core, lines } = recorder(false);
    const log = workflowLog(core);
    await log.group('Dry run', async () => log.debug('not shown'));
    await expect(log.group('Observe', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    await log.group('Wave', () => log.group('Roll back', async () => log.info('a')));
    log.info('b');
    expect(lines).toEqual(['group Wave', 'group Roll back', 'info a', 'end', 'end', 'info b']);
  });

  test('writes debug lines when the run has debug logging switched on', () => {
    const { core, lines } = recorder(true);
    workflowLog(core).debug('c');
    expect(lines).toEqual(['debug c']);
  });
});

describe('oneLine', () => {
  test.each([
    ['plain text: with colons', 'plain text: with colons'],
    ['a::b', 'a::b'],
    ['a\nb\r\nc', 'a ⏎ b ⏎ c'],
    ['::set-output name=a::b', ' : :set-output name=a::b'],
    ['  ::error::x', ' : :error::x'],
    ['\n::error::x', ' ⏎ ::error::x'],
  ])('%j is %j', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  test('nothing it gives is a command of the runner, which trims a line before it looks at it', () => {
    const part = fc.constantFrom('::', ':', '\n', '\r', ' ', '\t', 'error', '\u2028', '\u00a0');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const line = oneLine(parts.join(''));
        expect(line).not.toMatch(/[\r\n]/);
        expect(line.trim().startsWith('::')).toBe(false);
      }),
    );
  });
});
