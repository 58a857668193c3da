import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type BeforeWrites, pullRequestStillOpen } from '../../../../src/action/pull-request/still-open.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import {
  type CommentLab,
  PULL_REQUEST,
  REPOSITORY,
  refusal,
  startCommentLab,
} from '../../../harness/github-comments.ts';

let lab: CommentLab;
beforeEach(async () => {
  lab = await startCommentLab();
});
afterEach(async () => {
  expect(lab.wrong).toEqual([]);
  await lab.close();
});

function look(event: object = {}, environment: Record<string, string> = {}, token = 't'): Promise<BeforeWrites> {
  return pullRequestStillOpen({
    environment: {
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_EVENT_PATH: '/event.json',
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_API_URL: lab.api,
      ...environment,
    },
    readFile: async () => Buffer.from(JSON.stringify({ pull_request: { number: PULL_REQUEST }, ...event })),
    token,
    userAgent: 'test',
    signal: new AbortController().signal,
    debug: () => undefined,
  });
}

test('an open one keeps nothing from anything', async () => {
  expect(await look()).toEqual({ problems: [], warnings: [] });
  expect(lab.asked).toEqual([`GET /repos/${REPOSITORY}/pulls/${PULL_REQUEST}`]);
});

test.each([
  ['closed', 'reopen the pull request'],
  ['merged', 'run on the branch that it was merged into'],
] as const)('one that was %s meanwhile does, and says how to deploy all the same', async (state, remedy) => {
  lab.state = state;
  const { problems, warnings } = await look();
  expect(warnings).toEqual([]);
  expect(problems.map(({ clause }) => clause)).toEqual([`the pull request was ${state}`]);
  expect(problems.map((one) => one.remedy)).toEqual([`No action is needed in the cluster. To deploy, ${remedy}.`]);
  expect(problems.map(describeProblem)).toEqual([
    expect.stringMatching(new RegExp(`^pull request #12 was ${state} before anything was written`)),
  ]);
});

test.each<[string, () => ReturnType<typeof look>, string]>([
  ['there is no token', () => look({}, {}, ''), '"github-token" is empty.'],
  ['the event names none', () => look({ pull_request: {} }), 'The event of the run does not say which one it is.'],
])('the run says that it could not ask if %s', async (_, asking, why) => {
  const text = `Whether the pull request is still open could not be checked, and the run continued: ${why}`;
  expect(await asking()).toEqual({ problems: [], warnings: [{ topic: 'Pull request', text }] });
  expect(lab.asked).toEqual([]);
});

test.each<[string, () => ReturnType<typeof look>]>([
  ['the run is for its closing', () => look({ action: 'closed' })],
  ['the run is for something else', () => look({}, { GITHUB_EVENT_NAME: 'push' })],
])('it is not asked about if %s', async (_, asking) => {
  lab.state = 'closed';
  expect(await asking()).toEqual({ problems: [], warnings: [] });
  expect(lab.asked).toEqual([]);
});

test.each<[string, () => ReturnType<typeof look>]>([
  ['may not tell', () => look()],
  ['cannot be reached', () => look({}, { GITHUB_API_URL: 'http://127.0.0.1:1' })],
])('a warning says so if GitHub %s', async (_, asking) => {
  lab.fault = () => refusal(403, 'Resource not accessible by integration');
  const { problems, warnings } = await asking();
  expect(problems).toEqual([]);
  expect(warnings.map(({ text }) => text)).toEqual([
    expect.stringMatching(/could not be checked, and the run continued/),
  ]);
});

test('a limit that would be waited for too long is one, too, and asks for no permission', async () => {
  lab.fault = () => refusal(403, 'You have exceeded a secondary rate limit');
  const { warnings } = await look();
  expect(warnings.map(({ text }) => text)).toEqual([
    expect.stringMatching(/rate limit.*Re-run the job in a few minutes/),
  ]);
  expect(warnings[0]?.text).not.toContain('permission');
});
