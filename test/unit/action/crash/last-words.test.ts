import { describe, expect, test } from '@jest/globals';
import { lastWords } from '../../../../src/action/crash/last-words.ts';
import { errorCommand, publishCrash } from '../../../../src/action/crash/publish.ts';
import {
  advance,
  NO_PROGRESS,
  type Progress,
  type ProgressEvent,
  type RunPhase,
  runPhase,
} from '../../../../src/action/runner/progress.ts';
import type { ApiPhase } from '../../../../src/cluster/patience.ts';

const progressOf = (...events: readonly ProgressEvent[]): Progress => events.reduce(advance, NO_PROGRESS);
const write = (object: string): ProgressEvent => ({ kind: 'write', object });

describe('progress', () => {
  test('counts writes and keeps the first 20 names, each once', () => {
    const objects = Array.from({ length: 5_000 }, (_, at) => `deployments shop/w${at}`);
    const progress = progressOf(...objects.slice(0, 3).map(write), ...objects.slice(0, 30).map(write));
    expect(progress.writes).toBe(33);
    expect(progress.objects).toEqual(objects.slice(0, 20));
  });

  const phase = (name: RunPhase): ProgressEvent => ({ kind: 'phase', phase: name });
  test.each<[RunPhase[], RunPhase]>([
    [['reading inputs'], 'reading inputs'],
    [['writing', 'waiting for pods', 'verifying the filter'], 'verifying the filter'],
    [['writing', 'rolling back', 'waiting for pods'], 'rolling back'],
    [['writing', 'rolling back', 'verifying the filter'], 'rolling back'],
    [['rolling back', 'cleaning up'], 'cleaning up'],
    [['waiting for pods', 'writing'], 'writing'],
  ])('after %j is in the phase %j', (entered, last) => {
    expect(progressOf(...entered.map(phase)).phase).toBe(last);
  });

  test('is the same where nothing changes', () => {
    const progress = progressOf(phase('writing'));
    expect(advance(progress, phase('writing'))).toBe(progress);
  });

  test.each<[ApiPhase, RunPhase]>([
    ['inspecting what runs', 'reading the cluster'],
    ['collecting evidence', 'verifying the filter'],
    ['waiting for pods', 'waiting for pods'],
  ])('what asks the API server while %s is %s', (asking, doing) => {
    expect(runPhase(asking)).toBe(doing);
  });
});

describe('last words', () => {
  const crash = { how: 'an unexpected error', cause: 'x is undefined' };

  test.each(['remove', 'sweep'])('of %s are of a removal', (command) => {
    const progress = progressOf({ kind: 'command', command }, write('deployments shop/a'));
    const { annotation } = lastWords({ ...crash, progress });
    expect(annotation).toContain('each has the filter, with all objects that it needs, or is without it.');
    expect(annotation).toContain('Re-run it: the next run removes what is left.');
    expect(annotation).not.toMatch(/old revision|rolls it back/);
  });

  test('say what happened, when, what may be in the cluster, and what to do', () => {
    const progress = progressOf(
      { kind: 'command', command: 'deploy' },
      { kind: 'phase', phase: 'waiting for pods' },
      write('configmaps shop/add-header-0'),
      write('deployments shop/a'),
    );
    const { title, annotation, page, outputs } = lastWords({ ...crash, advice: 'Report it.', progress });
    expect(title).toBe('deploy broke off: an unexpected error');
    expect(annotation).toBe(`x is undefined. It broke off while waiting for pods.
2 writes were sent to the cluster and may have arrived: configmaps shop/add-header-0, deployments shop/a. No workload is half written: each has its old revision or the new one, and all objects that it needs.
Re-run it: the next run finishes what this one began, or rolls it back where it fails. "status" says what runs now; "remove" removes the filter. Report it.`);
    expect(page).toMatch(/^## ❌ deploy broke off: an unexpected error\n\n- \*\*What happened:\*\* x is undefined\./);
    expect(page).toContain('- **When:** while waiting for pods');
    expect(outputs).toEqual({
      result: 'failed',
      changed: 'true',
      targets: '[]',
      filters: '{}',
      headline: '❌ deploy broke off: an unexpected error',
    });
  });

  test('before anything was written', () => {
    const { title, annotation, outputs } = lastWords({ ...crash, progress: NO_PROGRESS });
    expect(title).toBe('The run broke off: an unexpected error');
    expect(annotation).toBe(
      'x is undefined. It broke off before its first phase.\nNothing was written to the cluster.\nRe-run the job.',
    );
    expect(outputs.changed).toBe('false');
  });

  test('of a command that only reads', () => {
    const { annotation } = lastWords({ ...crash, progress: progressOf({ kind: 'command', command: 'status' }) });
    expect(annotation).toContain('Nothing was changed: "status" only reads.');
  });

  test('are short, whatever the cause says, and no markup of its', () => {
    const { page, annotation } = lastWords({ ...crash, cause: `<b>\n${'x'.repeat(1e6)}`, progress: NO_PROGRESS });
    expect(page.length + annotation.length).toBeLessThan(3_000);
    expect(page).not.toContain('<b>');
  });
});

test('a crash is published as far as it can be, and what cannot be is in the annotation', () => {
  const errors: string[] = [];
  const kept: string[] = [];
  const broken = {
    size: () => 0,
    append: () => {
      throw new Error('ENOSPC: no space left on device');
    },
  };
  publishCrash(
    { how: 'y', cause: 'z', progress: NO_PROGRESS },
    (title, message) => errors.push(errorCommand(title, message)),
    { outputs: broken, summary: { size: () => 0, append: (text) => kept.push(text) } },
  );
  expect(errors).toEqual([
    '::error title=The run broke off%3A y::z. It broke off before its first phase.%0ANothing was written to the cluster.%0ARe-run the job.%0AThe outputs could not be written: ENOSPC: no space left on device.\n',
  ]);
  expect(kept.join('')).toMatch(/> ⚠️ The outputs could not be written: ENOSPC/);
});
