import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type TrialOptions, trialRun } from '../../../../src/filter/trial/run.ts';
import type { TrialVerdict } from '../../../../src/filter/trial/verdict.ts';
import { TRIAL_PROGRAM } from '../../../harness/trial.ts';
import { endlessFilter } from './endless.ts';
import { callback, type FilterText, filter, request } from './modules.ts';
import { childrenOf, runs, until } from './processes.ts';

/** What a filter comes to that does `code` while it is configured. */
async function configured(code: string, text: FilterText = {}, options: Partial<TrialOptions> = {}) {
  const body = (text.body ?? '') + callback('proxy_on_configure', 'i32 i32', 'i32.const 1', code);
  return trialRun(request(await filter({ ...text, body })), { ...TRIAL_PROGRAM, ...options });
}

/** Starts the trial of a filter that never ends; gives it with the id of its process. */
async function endless(options: Partial<TrialOptions> = {}): Promise<{ verdict: Promise<TrialVerdict>; pid: number }> {
  const module = await endlessFilter();
  const verdict = trialRun(request(module), { ...TRIAL_PROGRAM, timeoutMs: 60_000, ...options });
  await until(() => childrenOf(process.pid).some(isBusy));
  return { verdict, pid: childrenOf(process.pid).find(isBusy) ?? 0 };
}

/** Whether the filter has filled its memory, which has 64 MiB, beside some 65 MiB of Node. */
function isBusy(pid: number): boolean {
  try {
    const [command, status] = ['cmdline', 'status'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8'));
    return (
      command?.includes('trial.js') === true && Number(/^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1] ?? 0) > 110_000
    );
  } catch {
    // It ended meanwhile.
    return false;
  }
}

afterEach(() => expect(childrenOf(process.pid)).toEqual([]));

test('a loop of memory.fill is ended after its time', async () => {
  const verdict = await trialRun(request(await endlessFilter()), { ...TRIAL_PROGRAM, timeoutMs: 500 });
  expect(verdict).toEqual({ state: 'timeout', step: 'start', logs: [] });
});

describe('what needs much memory', () => {
  test('a table as large as V8 allows, here as in Envoy, is no trouble', async () => {
    const head = '(memory (export "memory") 1) (table 10000000 funcref)';
    expect(await configured('', { head })).toMatchObject({ state: 'passed' });
  });

  test('an endless recursion ends in its own error', async () => {
    const body = '(func $deeper (param i32) (result i32) (call $deeper (i32.add (local.get 0) (i32.const 1))))';
    const verdict = await configured('(drop (call $deeper (i32.const 0)))', { body });
    expect(verdict).toMatchObject({ state: 'refused', reason: expect.stringContaining('call stack size exceeded') });
  });

  test('more than the process may have ends it', async () => {
    const head = '(memory (export "memory") 16384)';
    const fill = '(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3fff0000))';
    const verdict = await configured(fill, { head }, { maxMemoryBytes: 268_435_456 });
    expect(verdict).toEqual({
      state: 'inconclusive',
      brokeOff: true,
      why: 'it needed more than 256.00 MiB of memory',
      logs: [],
    });
  });
});

test('the process has no environment', async () => {
  const cancel = new AbortController();
  const { verdict, pid } = await endless({ signal: cancel.signal });
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
  cancel.abort();
  expect(await verdict).toEqual({ state: 'inconclusive', why: 'the run was cancelled', logs: [] });
  expect(runs(pid)).toBe(false);
});

test('no process is started once the run is cancelled', async () => {
  const verdict = await trialRun(request(await filter()), { ...TRIAL_PROGRAM, signal: AbortSignal.abort() });
  expect(verdict).toMatchObject({ state: 'inconclusive', why: 'the run was cancelled' });
});

test.each(['SIGKILL', 'SIGABRT'] as const)(
  'a process that is ended by %s says nothing of the filter',
  async (signal) => {
    const { verdict, pid } = await endless();
    process.kill(pid, signal);
    expect(await verdict).toEqual({
      state: 'inconclusive',
      brokeOff: true,
      why: `its process was ended by ${signal} in start`,
      logs: [],
    });
  },
);

describe('no process is left when the one that started it', () => {
  test.each<[string, (parent: ReturnType<typeof spawn>) => unknown]>([
    ['is killed', (parent) => parent.kill('SIGKILL')],
    ['is told to end', (parent) => parent.kill('SIGTERM')],
    ['exits', (parent) => parent.stdin?.write('exit')],
    ['has an error that nobody catches', (parent) => parent.stdin?.write('throw')],
  ])('%s', async (_case, end) => {
    const parent = spawn(process.execPath, [join(import.meta.dirname, 'parent.ts'), TRIAL_PROGRAM.entry.href], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const { pid = 0 } = parent;
    await until(() => childrenOf(pid).some(isBusy));
    const [child = 0] = childrenOf(pid);
    end(parent);
    await until(() => !runs(pid) && !runs(child));
  });
});
