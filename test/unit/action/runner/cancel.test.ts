import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Cancellation, listenForCancel } from '../../../../src/action/runner/cancel.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function listen(): { source: EventEmitter; told: string[]; cancellation: Cancellation; state: () => boolean[] } {
  const source = new EventEmitter();
  const told: string[] = [];
  const cancellation = listenForCancel(source, (signal) => told.push(signal));
  const state = (): boolean[] => [cancellation.cancelled.aborted, cancellation.abandoned.aborted];
  return { source, told, cancellation, state };
}

describe('listenForCancel', () => {
  test.each(SIGNALS)('%s forbids new writes, and a second later gives up what is open', (signal) => {
    const { source, told, state } = listen();
    expect(state()).toEqual([false, false]);
    source.emit(signal);
    expect(state()).toEqual([true, false]);
    jest.advanceTimersByTime(999);
    expect(state()).toEqual([true, false]);
    jest.advanceTimersByTime(1);
    expect(state()).toEqual([true, true]);
    expect(told).toEqual([signal]);
  });

  test('a second signal, of whatever kind, gives up what is open at once', () => {
    for (const second of SIGNALS) {
      const { source, told, state } = listen();
      source.emit('SIGINT');
      source.emit(second);
      expect(state()).toEqual([true, true]);
      expect(told).toEqual(['SIGINT']);
    }
  });

  test('at the end a signal ends the process, says nothing, and nothing happens later', () => {
    const { source, told, cancellation, state } = listen();
    source.emit('SIGTERM');
    let exits = 0;
    cancellation.end(() => {
      exits += 1;
    });
    jest.advanceTimersByTime(60_000);
    expect(jest.getTimerCount()).toBe(0);
    for (const signal of SIGNALS) source.emit(signal);
    expect([exits, told, state()]).toEqual([3, ['SIGTERM'], [true, false]]);
  });

  test('at no time is there a signal that nobody listens to', () => {
    const { source, cancellation } = listen();
    const signals: readonly string[] = SIGNALS;
    const fewest = SIGNALS.map((signal) => source.listenerCount(signal));
    source.on('removeListener', (signal: string) => {
      const at = signals.indexOf(signal);
      fewest[at] = Math.min(fewest[at] ?? 0, source.listenerCount(signal));
    });
    cancellation.end(() => undefined);
    expect(fewest).toEqual([1, 1, 1]);
  });
});
