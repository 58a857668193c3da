import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { handleCrashes, type LastHandlers } from '../../../../src/action/crash/handlers.ts';
import type { Crash } from '../../../../src/action/crash/last-words.ts';
import { NO_PROGRESS } from '../../../../src/action/runner/progress.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

interface Scene {
  readonly source: EventEmitter & { stdout: EventEmitter; exit(code: number): void };
  readonly handlers: LastHandlers;
  readonly published: Crash[];
  readonly seen: string[];
  /** Lets what was told elsewhere arrive. */
  readonly arrive: () => Promise<void>;
}

/** A process whose `exit` runs the listeners, as the real one's does. */
function scene(): Scene {
  const seen: string[] = [];
  const published: Crash[] = [];
  const arrived = Promise.withResolvers<void>();
  const source = Object.assign(new EventEmitter(), {
    stdout: new EventEmitter(),
    exit: (code: number) => {
      seen.push(`exit ${code}`);
      source.emit('exit');
    },
  });
  const handlers = handleCrashes(source, {
    progress: () => NO_PROGRESS,
    redact: (text) => text.replace('hunter2', '***'),
    stop: () => seen.push('stop'),
    tell: () => seen.push('tell'),
    publish: (crash) => published.push(crash),
    comment: (crash) => {
      seen.push(`comment: ${crash.how}`);
      return arrived.promise;
    },
  });
  const arrive = async (): Promise<void> => {
    arrived.resolve();
    await arrived.promise;
    // What waits for it goes on in a later turn.
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
  };
  return { source, handlers, published, seen, arrive };
}

describe('an error that nobody catches', () => {
  test('stops the run, and is told with its report', () => {
    const { source, handlers, published, seen } = scene();
    source.emit('uncaughtException', new Error('the password is hunter2'));
    expect(seen).toEqual(['tell', 'stop']);
    expect(handlers.crash()).toMatchObject({ how: 'an unexpected error', cause: 'the password is ***' });
    handlers.done();
    source.emit('exit');
    jest.advanceTimersByTime(60_000);
    expect(published).toEqual([]);
  });

  test('ends a run that gives no report within five seconds', async () => {
    const { source, published, seen, arrive } = scene();
    source.emit('uncaughtException', new Error('first'));
    source.emit('uncaughtException', new Error('second'));
    jest.advanceTimersByTime(4_999);
    expect(published).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(published).toEqual([]);
    await arrive();
    expect(published.map(({ cause }) => cause)).toEqual(['first']);
    expect(seen).toEqual(['tell', 'stop', 'tell', 'comment: an unexpected error', 'exit 1']);
  });
});

test('an error of the run itself is published once the comment has it', async () => {
  const { handlers, published, seen, arrive } = scene();
  handlers.fail(new Error('no'));
  expect(published).toEqual([]);
  await arrive();
  expect(published.map(({ how, cause }) => [how, cause])).toEqual([['an unexpected error', 'no']]);
  expect(seen).toEqual(['tell', 'comment: an unexpected error', 'exit 1']);
});

test('a log that nobody reads stops the run', () => {
  const { source, handlers, seen } = scene();
  source.stdout.emit('error', new Error('EPIPE'));
  source.stdout.emit('error', new Error('EPIPE'));
  expect(seen).toEqual(['stop']);
  expect(handlers.crash()?.how).toBe('its log was closed');
});

test('a cancelled run that does not end is ended', async () => {
  const { handlers, published, arrive } = scene();
  handlers.expectEnd('it was cancelled, but did not end');
  jest.advanceTimersByTime(5_000);
  await arrive();
  expect(published.map(({ how }) => how)).toEqual(['it was cancelled, but did not end']);
});

test('a run that is told already has nothing more to say when it is ended', async () => {
  const { handlers, published, seen, arrive } = scene();
  handlers.expectEnd('it was cancelled, but did not end');
  handlers.done();
  jest.advanceTimersByTime(5_000);
  await arrive();
  expect([published, seen]).toEqual([[], ['exit 1']]);
});

test('a process that ends while the run waits for something says so, once', () => {
  const { source, published, seen } = scene();
  source.emit('beforeExit');
  source.emit('beforeExit');
  expect(seen).toEqual(['comment: it ended too early']);
  source.emit('exit');
  source.emit('exit');
  expect(published.map(({ how }) => how)).toEqual(['it ended too early']);
});
