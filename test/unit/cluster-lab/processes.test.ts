import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { isRunning } from '../../cluster/identity.ts';
import {
  type Component,
  endComponents,
  endPolitely,
  readRecords,
  Supervisor,
  waitFor,
} from '../../cluster/processes.ts';
import { scratchFolders } from './scratch.ts';

const scratch = scratchFolders();
const started: Component[] = [];
afterEach(() => endComponents(started.splice(0)));

function supervisor(folder: string, signal?: AbortSignal): Supervisor {
  return new Supervisor({ records: join(folder, 'records'), logs: join(folder, 'logs'), endWithParent: false, signal });
}

function start(folder: string, script: string, name = 'server'): Component {
  const component = supervisor(folder).start(name, ['sh', '-c', script]);
  started.push(component);
  return component;
}

describe('Supervisor', () => {
  test('records what it starts, and writes its output to its log', async () => {
    const folder = scratch();
    const component = start(folder, 'echo out; echo err >&2; exec sleep 60');
    expect(readRecords(join(folder, 'records'))).toEqual([component]);
    const log = (): string => readFileSync(join(folder, 'logs', 'server.log'), 'utf8');
    await waitFor(() => log() === 'out\nerr\n', { what: 'the log', timeoutMs: 30_000, components: [component] });
  });

  test('throws for a program that is not there', () => {
    expect(() => supervisor(scratch()).start('ghost', ['no-such-program-here'])).toThrow(
      'ghost did not start: there is no program no-such-program-here',
    );
  });

  test('starts nothing after its signal has aborted', () => {
    const folder = scratch();
    const late = supervisor(folder, AbortSignal.abort(new Error('given up')));
    expect(() => late.start('late', ['sleep', '60'])).toThrow('given up');
    expect(readRecords(join(folder, 'records'))).toEqual([]);
  });

  test('with endWithParent, its components end when the parent is killed', async () => {
    const folder = scratch();
    const module = fileURLToPath(new URL('../../cluster/processes.ts', import.meta.url));
    const options = JSON.stringify({
      records: join(folder, 'records'),
      logs: join(folder, 'logs'),
      endWithParent: true,
    });
    const script = `
      const { Supervisor } = await import(${JSON.stringify(module)});
      new Supervisor(${options}).start('child', ['sleep', '60']);
      process.send('started');
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(parent, 'message');
    const [child] = readRecords(join(folder, 'records'));
    if (child === undefined) throw new Error('nothing was recorded');
    started.push(child);
    expect(isRunning(child.identity)).toBe(true);
    // It is bound to its parent by the program that then becomes it.
    const program = (): string => readFileSync(`/proc/${child.identity.pid}/comm`, 'utf8').trim();
    await waitFor(() => program() === 'sleep', { what: 'the child is bound', timeoutMs: 30_000, components: [] });
    parent.kill('SIGKILL');
    await waitFor(() => !isRunning(child.identity), { what: 'the child ends', timeoutMs: 30_000, components: [] });
  });
});

test('readRecords gives nothing for a folder that is not there', () => {
  expect(readRecords(join(scratch(), 'nothing'))).toEqual([]);
});

describe('endComponents', () => {
  test('ends what was recorded, even what does not listen to SIGTERM', async () => {
    const folder = scratch();
    const stubborn = start(folder, 'trap "" TERM; echo ready; sleep 60; sleep 60', 'stubborn');
    const other = start(folder, 'exec sleep 60', 'other');
    await endComponents([stubborn, other]);
    expect([stubborn, other].map(({ identity }) => isRunning(identity))).toEqual([false, false]);
    await endComponents([stubborn, other]); // again is no error
  });

  test('does not touch a process that has got the number of a recorded one', async () => {
    const bystander = start(scratch(), 'exec sleep 60');
    const { pid, startTime, bootId } = bystander.identity;
    await endComponents([{ ...bystander, identity: { pid, startTime: startTime - 1, bootId } }]);
    expect(isRunning(bystander.identity)).toBe(true);
  });
});

test('endPolitely lets a process clean up', async () => {
  const folder = scratch();
  const component = start(folder, 'trap "echo cleaned; exit" TERM; echo ready; while :; do sleep 0.05; done');
  const log = (): string => readFileSync(component.logFile, 'utf8');
  await waitFor(() => log().includes('ready'), { what: 'the trap', timeoutMs: 30_000, components: [component] });
  await endPolitely(component.identity);
  expect(log()).toContain('cleaned');
});

describe('waitFor', () => {
  const patient = { what: 'it works', timeoutMs: 30_000, components: [] };

  test('asks until there is an answer, taking errors for "not yet"', async () => {
    let asked = 0;
    const answer = await waitFor(() => {
      asked += 1;
      if (asked === 1) throw new Error('connection refused');
      return asked === 3 && 'yes';
    }, patient);
    expect([answer, asked]).toEqual(['yes', 3]);
  });

  test('gives up at once when a component has ended, and shows the end of its log', async () => {
    const component = start(scratch(), 'echo cannot bind port; exit 1');
    const waiting = waitFor(() => false, { ...patient, timeoutMs: 60_000, components: [component] });
    await expect(waiting).rejects.toThrow('server ended by itself. The end of its log:\ncannot bind port');
  });

  test('tells what was waited for, the log and the last error when the time is over', async () => {
    const component = start(scratch(), 'echo starting; exec sleep 60');
    const log = (): string => readFileSync(component.logFile, 'utf8');
    await waitFor(() => log() !== '', { ...patient, components: [component] });
    const cause = new Error('connection refused');
    const refused = (): never => {
      throw cause;
    };
    const waiting = waitFor(refused, { what: 'the server is ready', timeoutMs: 0, components: [component] });
    await expect(waiting).rejects.toMatchObject({
      message: expect.stringMatching(/^not so after 0 s: the server is ready\nserver still runs.*\nstarting$/),
      cause,
    });
  });

  test('stops when the signal aborts', async () => {
    const waiting = waitFor(() => false, { ...patient, signal: AbortSignal.abort(new Error('SIGINT')) });
    await expect(waiting).rejects.toThrow('SIGINT');
  });
});
