import { expect, test } from '@jest/globals';
import { commentKey, commentWriter } from '../../../../src/action/request/comment.ts';
import type { Command } from '../../../../src/deploy/report/report.ts';
import { isRival } from '../../../../src/github/comment-mark.ts';

const ENVIRONMENT = { GITHUB_WORKFLOW: 'CI', GITHUB_JOB: 'deploy' };
const STARTED = '2026-11-30T08:00:00.000Z';
const inputs = { comment: { key: '', matrix: 'null' }, name: 'add-header', manifests: [] };

const inMatrix = (matrix: object) => ({ ...inputs, comment: { key: '', matrix: JSON.stringify(matrix) } });

test.each([
  ['what is said', { ...inputs, comment: { key: 'staging', matrix: '{"cluster":"eu"}' } }, ENVIRONMENT, 'staging'],
  ['else workflow, job and filter', inputs, ENVIRONMENT, 'CI · deploy · add-header'],
  [
    'or the manifests',
    { ...inputs, name: '', manifests: ['a.yaml', 'b/*.yaml'] },
    ENVIRONMENT,
    'CI · deploy · a.yaml b/*.yaml',
  ],
  ['or what there is of them', { ...inputs, name: '' }, ENVIRONMENT, 'CI · deploy'],
  [
    'also its values of a matrix',
    inMatrix({ cluster: 'eu', istio: 1.3, canary: false, more: { a: ['x'] }, none: '' }),
    ENVIRONMENT,
    'CI · deploy (eu, 1.3, false, x) · add-header',
  ],
  [
    'a matrix that no runner has filled in',
    { ...inputs, comment: { key: '', matrix: '{{ toJSON(matrix) }}' } },
    ENVIRONMENT,
    'CI · deploy · add-header',
  ],
  ['a matrix without values', inMatrix({ a: [], b: {} }), ENVIRONMENT, 'CI · deploy · add-header'],
  ['outside of a workflow', { ...inputs, name: '' }, {}, 'deploy-wasm-filter'],
])('a comment is told from others by %s', (_, given, environment, key) => {
  expect(commentKey(given, environment)).toBe(key);
});

test('long values of a matrix are cut, and stay different', () => {
  const [one, other] = ['x', 'y'].map((end) =>
    commentKey(inMatrix({ list: `${'long '.repeat(400)}${end}` }), ENVIRONMENT),
  );
  expect(one).not.toBe(other);
  expect(one?.length).toBeLessThan(150);
});

test('a writer is the job of a run, which the runner gives an id of its own', () => {
  const variables = {
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '2',
    GITHUB_JOB: 'mesh',
    GITHUB_ACTION: '__run',
    RUNNER_TRACKING_ID: 'github_1',
  };
  const writer = commentWriter({ command: 'plan' }, STARTED, variables);
  expect(writer).toEqual({
    run: '7/2',
    started: STARTED,
    command: 'plan',
    step: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
  expect(commentWriter({ command: 'plan' }, STARTED, variables)).toEqual(writer);
  for (const more of [{ GITHUB_ACTION: '__run_2' }, { GITHUB_JOB: 'other' }, { RUNNER_TRACKING_ID: 'github_2' }]) {
    expect(commentWriter({ command: 'plan' }, STARTED, { ...variables, ...more }).step).not.toBe(writer.step);
  }
  expect(commentWriter({ command: 'plan' }, STARTED, {}).run).toBe('');
});

test('two jobs of one run that do the same are rivals, and a plan and its deployment are not', () => {
  const writer = (command: Command, GITHUB_JOB: string) =>
    commentWriter({ command }, STARTED, { GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '1', GITHUB_JOB });
  const mark = { digest: '', writer: writer('deploy', 'eu') };
  expect(isRival(mark, writer('deploy', 'us'))).toBe(true);
  expect(isRival(mark, writer('deploy', 'eu'))).toBe(false);
  expect(isRival(mark, writer('plan', 'us'))).toBe(false);
});
