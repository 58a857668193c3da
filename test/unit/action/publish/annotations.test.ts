import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { annotationsOf } from '../../../../src/action/publish/annotations.ts';
import { KIND_TITLES } from '../../../../src/action/verdict/problem-groups.ts';
import { defined } from '../../../../src/base/defined.ts';
import type { MessageForm, Problem, ProblemKind } from '../../../../src/base/problem.ts';
import type { Warning } from '../../../../src/base/warning.ts';
import { hostile } from '../hostile.ts';
import {
  deployed,
  permission,
  planned,
  removed,
  report,
  rollback,
  rolledBack,
  stuck,
  verification,
  withdrawn,
} from '../report-builder.ts';

const KINDS = Object.keys(KIND_TITLES) as ProblemKind[];

describe('errors', () => {
  test('there is none when all went well', () => {
    expect(annotationsOf(report({ targets: [deployed('shop/a')] }))).toEqual([]);
  });

  test('a kind is told once: what happened to whom, what to do, the verdict', () => {
    const annotations = annotationsOf(report({ targets: ['a', 'b', 'c'].map((name) => stuck(`shop/${name}`)) }));
    expect(annotations).toEqual([
      {
        level: 'error',
        title: 'Rollout: 3 problems',
        message: [
          'Deployments shop/a, shop/b and shop/c: not ready after 5 min: 1 of 3 pods updated. Failed to configure base Wasm plugin. Check the inputs "configuration" and "root-id": the filter rejected its configuration or does not know the root id.',
          'add-header: all 3 workloads failed and were not rolled back. 3 workloads have new pods that do not become ready. Fix the cause and re-run, or roll back.',
        ].join('\n'),
      },
    ]);
  });

  test('what one line does to many workloads is told there once', () => {
    const at = { file: 'mesh/filters.yaml', line: 3, column: 5 };
    const failed = (name: string): Problem => {
      return { kind: 'rollout', subject: `Deployment shop/${name}`, at, message: 'not ready.', remedy: 'Fix it.' };
    };
    const some = annotationsOf(report({ problems: ['a', 'b', 'c'].map(failed) }));
    expect(some.map(({ title, at: where }) => [title, where?.line])).toEqual([['Rollout: 3 problems', 3]]);
    expect(some[0]?.message.split('\n')[0]).toBe('Deployments shop/a, shop/b and shop/c: not ready. Fix it.');
  });

  test('what is wrong with workloads is told where all of it is written, and nowhere if that is in several places', () => {
    const failed = (line: number) => {
      const at = { file: 'mesh/filters.yaml', line, column: 5 };
      return stuck(`shop/${line}`, { problem: { kind: 'rollout', at, message: 'not ready.' } });
    };
    const lineOf = (...lines: readonly number[]) => annotationsOf(report({ targets: lines.map(failed) }))[0]?.at?.line;
    expect([lineOf(3), lineOf(3, 3), lineOf(3, 7)]).toEqual([3, 3, undefined]);
  });

  test('what stands in a file is told there, each by itself, and the rest together', () => {
    const wrong = (line: number): Problem => ({
      kind: 'input',
      subject: `mesh/filters.yaml:${line}:5: filters[${line}].port`,
      at: { file: 'mesh/filters.yaml', line, column: 5 },
      message: 'is "x".',
      remedy: 'Give a port.',
    });
    const some = annotationsOf(report({ problems: [wrong(3), wrong(7), { kind: 'input', message: 'Else.' }] }));
    expect(some.map(({ title, at }) => [title, at?.line])).toEqual([
      ['Inputs: filters[3].port', 3],
      ['Inputs: filters[7].port', 7],
      ['Inputs', undefined],
    ]);
    const kinds = ['input', 'filter', 'targets'] as const;
    const nine = Array.from({ length: 9 }, (_, at): Problem => ({ ...wrong(at + 1), kind: kinds[at % 3] ?? 'input' }));
    expect(annotationsOf(report({ problems: nine })).every(({ at }) => at !== undefined)).toBe(true);
    expect(some[0]?.message.split('\n')[0]).toBe('filters[3].port is "x". Give a port.');
    const many = annotationsOf(report({ problems: Array.from({ length: 30 }, (_, at) => wrong(at + 1)) }));
    expect(many.map(({ title }) => title)).toEqual([
      ...Array.from({ length: 9 }, (_, at) => `Inputs: filters[${at + 1}].port`),
      'Inputs: 21 problems',
    ]);
  });

  test.each([
    ['filter "auth" (m.yaml:8:13)', 'filter "auth"'],
    ['filter "auth" (m.yaml:8:13: filters[0].targets[1])', 'filter "auth" (filters[0].targets[1])'],
    ['m.yaml:8:13: filters[0].root-id', 'filters[0].root-id'],
    ['m.yaml:8:13', 'm.yaml'],
  ])('the place that an annotation has is not in its words: %s', (subject, named) => {
    const at = { file: 'm.yaml', line: 8, column: 13 };
    const [annotation] = annotationsOf(report({ problems: [{ kind: 'filter', subject, at, message: 'is damaged.' }] }));
    expect(annotation).toMatchObject({ title: `Filter: ${named}`, at });
    expect(annotation?.message).toContain(`${named} is damaged.`);
  });

  test('each of several remedies follows its problem', () => {
    const [annotation] = annotationsOf(
      report({
        problems: [
          {
            kind: 'targets',
            subject: 'entry 1',
            form: 'clause',
            message: 'no such workload.',
            remedy: 'Did you mean b?',
          },
          {
            kind: 'targets',
            subject: 'entry 2',
            form: 'clause',
            message: 'no such namespace.',
            remedy: 'Check the spelling.',
          },
        ],
      }),
    );
    expect(annotation?.message.split('\n')).toEqual([
      'entry 1: no such workload. Did you mean b?',
      'entry 2: no such namespace. Check the spelling.',
      'add-header not deployed: 2 targets cannot be used. Nothing was written to the cluster.',
    ]);
  });

  test.each<[string, MessageForm | undefined, string]>([
    ['No file at build/x.wasm.', 'sentence', 'No file at build/x.wasm. Set "filter".'],
    ['is a folder', undefined, 'filter is a folder. Set "filter".'],
    ['empty file.', 'clause', 'filter: empty file. Set "filter".'],
  ])('the title names what one problem is about, and its fault leads: %s', (message, form, expected) => {
    const [annotation] = annotationsOf(
      report({
        problems: [{ kind: 'input', subject: 'filter', message, remedy: 'Set "filter".', ...defined({ form }) }],
      }),
    );
    expect(annotation?.title).toBe('Input filter');
    expect(annotation?.message.split('\n')[0]).toBe(expected);
  });

  test('names five workloads and counts the others', () => {
    const targets = Array.from({ length: 500 }, (_, index) => stuck(`shop/w${index}`));
    const [annotation] = annotationsOf(report({ targets }));
    expect(annotation?.message).toMatch(/^Deployments shop\/w0, shop\/w1, /);
    expect(annotation?.message).toContain('shop/w4 and 495 more: not ready');
  });

  test('more than ten kinds make ten annotations, the last of them for the rest', () => {
    const annotations = annotationsOf(report({ problems: KINDS.map((kind) => ({ kind, message: `${kind}.` })) }));
    expect(annotations).toHaveLength(10);
    expect(annotations.at(-1)?.title).toBe(`${KINDS.length - 9} more kinds of problems`);
    expect(annotations.at(-1)?.message).toContain(KIND_TITLES.verification);
  });

  test('a workload that is rolled back and not ready is an error of its own, before the others', () => {
    const annotations = annotationsOf(report({ targets: [stuck('shop/a', { rollback: rollback('failed') })] }));
    expect(annotations.map(({ title }) => title)).toEqual([
      'Rolled back, but not ready: Deployment shop/a',
      'Rollout: Deployment shop/a',
    ]);
    expect(annotations[0]?.message).toContain('Deployment shop/a was rolled back, but its pods do not become ready');
    expect(annotations[0]?.message).toContain('Find out why its pods are not ready');
    expect(annotations.map(({ message }) => message.includes('it needs attention'))).toEqual([true, false]);
  });

  test('a workload that was rolled back is one error, for why it failed', () => {
    const annotations = annotationsOf(report({ targets: [rolledBack('shop/a'), withdrawn('shop/b')] }));
    expect(annotations.map(({ title }) => title)).toEqual(['Rollout: Deployment shop/a']);
  });

  test('weaker evidence is none', () => {
    for (const weaker of [verification('stats'), verification('ready', { weakness: '' })])
      expect(annotationsOf(report({ targets: [deployed('shop/a', { verification: weaker })] }))).toEqual([]);
  });

  test('permissions that a plan misses are an error, though the plan itself is a success', () => {
    const given = report({
      command: 'plan',
      plan: planned({ missingPermissions: [permission('patch configmaps in namespace "shop"')] }),
    });
    expect(given.outcome).toBe('planned');
    expect(annotationsOf(given)).toEqual([
      {
        level: 'error',
        title: 'Permissions',
        message: expect.stringContaining('cannot patch configmaps in namespace "shop"'),
      },
    ]);
  });

  test('a failure without any problem is still told', () => {
    const annotations = annotationsOf({ ...report(), outcome: 'failed' });
    expect(annotations).toHaveLength(1);
    expect(annotations[0]?.level).toBe('error');
  });
});

describe('warnings', () => {
  const titles = (...given: Parameters<typeof report>): string[] =>
    annotationsOf(report(...given)).map(({ title }) => title);

  test('each is told once, under its topic and what it is about', () => {
    const idle: Warning = { topic: 'Nothing runs', text: 'Nothing runs: no pods.' };
    const warnings = [idle, { topic: 'Moved tag', subject: 'r/f:v1', text: 'It is old (v1)' }, idle];
    expect(annotationsOf(report({ targets: [deployed('shop/a')], warnings }))).toEqual([
      { level: 'warning', title: 'Nothing runs', message: 'Nothing runs: no pods.' },
      { level: 'warning', title: 'Moved tag: r/f:v1', message: 'It is old (v1)' },
    ]);
  });

  test('of more than ten, the last annotation has the rest', () => {
    const warnings = Array.from({ length: 12 }, (_, index) => ({ topic: 'Topic', text: `w${index}` }));
    const annotations = annotationsOf(report({ targets: [deployed('shop/a')], warnings }));
    expect(annotations).toHaveLength(10);
    expect(annotations.at(-1)).toMatchObject({ title: '3 more warnings', message: 'w9\nw10\nw11' });
  });

  test('workloads that are as little ready as before, and proxies that were not inspected, are warned of', () => {
    const unready = deployed('shop/a', { unready: 'a-1: ErrImagePull (app)', verification: null });
    const unseen = ['b', 'c'].map((name) => deployed(`shop/${name}`, { verification: verification('ready') }));
    expect(annotationsOf(report({ targets: [unready, ...unseen] }))).toEqual([
      {
        level: 'warning',
        title: 'Not ready, as before, and not verified: Deployment shop/a',
        message: 'Deployment shop/a: a-1: ErrImagePull (app).',
      },
      {
        level: 'warning',
        title: 'Proxies not inspected: Deployments shop/b and shop/c',
        message: expect.stringMatching(
          /^The kubeconfig user is not allowed to exec into pods\.\nadd-header deployed to 3/,
        ),
      },
    ]);
  });

  test('what is not all well without being a failure is warned of by its verdict', () => {
    const collected = { deleted: [], left: [{ object: 'ConfigMap shop/x', why: 'a pod is still ending' }] };
    expect(titles({ command: 'remove', targets: [removed('shop/a')], collected })).toEqual([
      'add-header removed from 1 workload; 1 object is left behind',
    ]);
    expect(titles({ targets: [stuck('shop/a')] })).toEqual(['Rollout: Deployment shop/a']);
  });
});

test('stay within what the runner shows, in lines that are whole, whatever the texts', () => {
  const problem = fc.record({
    kind: fc.constantFrom(...KINDS),
    subject: hostile,
    message: fc.oneof(hostile, fc.constant('x😀'.repeat(5_000))),
    remedy: hostile,
  });
  const warning = fc.record({ topic: hostile, subject: hostile, text: hostile });
  fc.assert(
    fc.property(fc.array(problem, { maxLength: 60 }), fc.array(warning, { maxLength: 5 }), (problems, warnings) => {
      const annotations = annotationsOf(report({ problems, warnings }));
      for (const level of ['error', 'warning']) {
        expect(annotations.filter((annotation) => annotation.level === level).length).toBeLessThanOrEqual(10);
      }
      for (const { title, message } of annotations) {
        expect(message.length).toBeLessThan(4_096);
        expect(`${title}${message}`).not.toMatch(/[^\P{Cc}\n]/u);
        expect(message.isWellFormed()).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

test('lines that do not fit are counted', () => {
  const problems = Array.from({ length: 100 }, (_, index) => ({
    kind: 'input' as const,
    message: `${index} ${'x'.repeat(200)}`,
    remedy: 'Correct it.',
  }));
  const [annotation] = annotationsOf(report({ problems }));
  expect(annotation?.message.length).toBeLessThan(4_096);
  expect(annotation?.message.length).toBeGreaterThan(3_800);
  expect(annotation?.message).toMatch(/^0 x+\n1 x+\n/);
  expect(annotation?.message).toMatch(/\n… and \d+ more\nadd-header not deployed: 100 inputs are not valid\./);
});
