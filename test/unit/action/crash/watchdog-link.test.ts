import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { linkWatchdog, type WatchdogLink, type WatchdogProcess } from '../../../../src/action/crash/watchdog-link.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const ORDER = { pid: 7, maxMemoryBytes: 2 ** 31 };

/** A link, what its watchdog has heard so far, which is `undefined` before there is one, and how often one was killed. */
function linked(order = ORDER): {
  link: WatchdogLink;
  heard: () => unknown[] | undefined;
  state: { started: number; killed: number };
} {
  const state = { started: 0, killed: 0 };
  let text: string | undefined;
  const start = (): WatchdogProcess => {
    state.started++;
    text = '';
    return {
      stdin: {
        write: (piece) => {
          text += piece;
        },
        on: () => undefined,
      },
      on: () => undefined,
      unref: () => undefined,
      kill: () => {
        state.killed++;
      },
    };
  };
  const heard = (): unknown[] | undefined =>
    text?.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { link: linkWatchdog(start, order), heard, state };
}

const COMMAND = { kind: 'command', command: 'deploy' } as const;
const PHASE = { kind: 'phase', phase: 'reading the cluster' } as const;
const WRITE = { kind: 'write', object: 'configmaps shop/x' } as const;

describe('linkWatchdog', () => {
  test('a run that is over soon, and has written nothing, starts none', () => {
    const { link, state } = linked();
    link.note(COMMAND);
    link.note(PHASE);
    jest.advanceTimersByTime(999);
    link.dismiss();
    jest.advanceTimersByTime(60_000);
    expect(state).toEqual({ started: 0, killed: 0 });
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    ['a write', (link: WatchdogLink) => link.note(WRITE), WRITE],
    ['a program', (link: WatchdogLink) => link.group(9, true), { kind: 'group', pid: 9, running: true }],
  ])('%s starts it, and it hears what it has missed', (_, begin, told) => {
    const { link, heard, state } = linked();
    link.note(COMMAND);
    link.note(PHASE);
    expect(heard()).toBeUndefined();
    begin(link);
    expect(heard()).toEqual([ORDER, COMMAND, PHASE, told]);
    jest.advanceTimersByTime(60_000);
    link.note(WRITE);
    link.dismiss();
    expect(heard()).toEqual([ORDER, COMMAND, PHASE, told, WRITE]);
    expect(state).toEqual({ started: 1, killed: 1 });
  });

  test('so does a second, and what comes then is told at once', () => {
    const { link, heard, state } = linked();
    link.note(COMMAND);
    jest.advanceTimersByTime(1_000);
    expect(heard()).toEqual([ORDER, COMMAND]);
    link.note(PHASE);
    expect(heard()).toEqual([ORDER, COMMAND, PHASE]);
    link.dismiss();
    expect(state).toEqual({ started: 1, killed: 1 });
  });

  test('where there is little memory it is there from the start', () => {
    const order = { pid: 7, maxMemoryBytes: 64 * 2 ** 20 };
    const { link, heard } = linked(order);
    expect(heard()).toEqual([order]);
    link.note(COMMAND);
    expect(heard()).toEqual([order, COMMAND]);
    link.dismiss();
    expect(jest.getTimerCount()).toBe(0);
  });
});
