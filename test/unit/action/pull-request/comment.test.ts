import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { commentOn, type Told, type WantedComment } from '../../../../src/action/pull-request/comment.ts';
import {
  type CommentLab,
  PULL_REQUEST,
  REPOSITORY,
  refusal,
  startCommentLab,
} from '../../../harness/github-comments.ts';
import { deployed, report } from '../report-builder.ts';

let lab: CommentLab;
beforeEach(async () => {
  lab = await startCommentLab();
});
afterEach(async () => {
  expect(lab.wrong).toEqual([]);
  await lab.close();
});

const WRITER = { run: '7/1', started: '2026-11-30T08:00:00.000Z', command: 'deploy', step: 'a' };
const repository = { full_name: REPOSITORY };
const pull = (head: object | null = repository, login = 'octocat'): object => ({
  action: 'synchronize',
  pull_request: { number: PULL_REQUEST, head: { repo: head }, base: { repo: repository } },
  sender: { login },
});

interface Options {
  readonly wanted?: Partial<WantedComment>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly event?: unknown;
  readonly told?: Told;
  readonly isEnding?: boolean;
}

const REPORT: Told = { kind: 'report', report: report({ targets: [deployed('shop/reviews')] }) };

/** What a run says of its comment, a line each. */
async function comment({
  wanted,
  environment,
  event = pull(),
  told = REPORT,
  isEnding = false,
}: Options = {}): Promise<string[]> {
  const lines: string[] = [];
  await commentOn(
    told,
    { key: 'CI / deploy', writer: WRITER, token: 't', showConfiguration: false, ...wanted },
    {
      environment: {
        GITHUB_EVENT_NAME: 'pull_request',
        GITHUB_EVENT_PATH: '/event.json',
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_API_URL: lab.api,
        ...environment,
      },
      readFile: async (path) => {
        expect(path).toBe('/event.json');
        return Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
      },
      redact: (text) => text.replaceAll('secret', '***'),
      links: {},
      isEnding,
      userAgent: 'test',
      signal: new AbortController().signal,
      core: {
        info: (line) => lines.push(line),
        notice: (line) => lines.push(`notice: ${line}`),
        warning: (line) => lines.push(`warning: ${line}`),
        debug: () => undefined,
        isDebug: () => false,
      },
    },
  );
  return lines;
}

describe('on a pull request', () => {
  test('the result is a comment, which later runs update', async () => {
    expect(await comment()).toEqual([expect.stringMatching(/^Comment on pull request #12 written \(https:.*\)\.$/)]);
    expect(await comment()).toEqual([expect.stringContaining('left as it is: nothing has changed')]);
    expect(lab.comments).toHaveLength(1);
    expect(lab.comments[0]?.body).toContain('### CI / deploy\n\n## ✅');
  });

  test('a job that takes the place of another one of the same run says so', async () => {
    await comment();
    lab.comments[0] = {
      ...lab.add(lab.login, ''),
      body: (lab.comments[0]?.body ?? '').replace(/"digest":"\w+"/, '"digest":""'),
    };
    lab.comments.pop();
    const lines = await comment({ wanted: { writer: { ...WRITER, step: 'b' } } });
    expect(lines).toEqual([
      expect.stringContaining('updated'),
      expect.stringMatching(/^warning: Comment on pull request #12: .*no longer there.*"comment-key"/),
    ]);
  });

  test('a run that started before the one whose result is there leaves it, and names that one', async () => {
    await comment({ wanted: { writer: { ...WRITER, run: '900/2', started: '2026-11-30T09:00:00.000Z' } } });
    const before = structuredClone(lab.comments);
    const told: Told = { kind: 'crash', page: 'broken' };
    expect(await comment({ told })).toEqual([
      expect.stringMatching(
        /^Comment on pull request #12 left as it is: it has the result of run 900 \(attempt 2\), which started later \(https:.*\)\.$/,
      ),
    ]);
    expect(lab.comments).toEqual(before);
  });

  test('a run that broke off takes the place of the result before it', async () => {
    await comment();
    const page = '## ❌ deploy broke off: secret\n\n- **Cluster:** Nothing was written.\n';
    expect(await comment({ told: { kind: 'crash', page }, isEnding: true })).toEqual([
      expect.stringContaining('updated'),
    ]);
    expect(lab.comments).toHaveLength(1);
    expect(lab.comments[0]?.body).toMatch(/\n### CI \/ deploy\n\n## ❌ deploy broke off: \*\*\*\n/);
    expect(lab.comments[0]?.body).not.toContain('✅');
  });

  test('a run that ends does not wait for a limit that ends too late', async () => {
    lab.fault = () => refusal(403, 'Limit', { 'retry-after': '5' });
    expect(await comment({ isEnding: true })).toEqual([expect.stringMatching(/^warning: .*rate limit/)]);
    expect(lab.asked).toHaveLength(1);
  });

  test('a secret in the key is neither shown nor kept', async () => {
    await comment({ wanted: { key: 'with secret' } });
    await comment({ wanted: { key: 'with secret' } });
    expect(lab.comments).toHaveLength(1);
    expect(lab.comments[0]?.body).not.toContain('secret');
  });
});

const denied = refusal(403, 'Resource not accessible by integration');

describe('without permission', () => {
  test.each(['GET', 'POST'])('to %s, a notice says which one to grant', async (denying) => {
    lab.fault = ({ method }) => (method === denying ? denied : undefined);
    const [line, ...more] = await comment();
    expect(line).toMatch(
      /^notice: No comment on pull request #12: .*not accessible.*job summary.*"pull-requests: write"/,
    );
    expect(more).toEqual([]);
  });

  test('of a personal token, it says where that is granted', async () => {
    lab.fault = () => refusal(403, 'Resource not accessible by personal access token');
    expect(await comment()).toEqual([
      expect.stringMatching(/^notice: .*"github-token" .*"Pull requests: Read and write"/),
    ]);
  });

  test('because the conversation is locked, it asks for no permission', async () => {
    lab.fault = ({ method }) =>
      method === 'POST' ? refusal(403, 'Unable to create comment because issue is locked.') : undefined;
    const [line, ...more] = await comment();
    expect(line).toMatch(/^notice: No comment on pull request #12\. .*locked.*job summary.*Unlock it/);
    expect(line).not.toContain('pull-requests: write');
    expect(more).toEqual([]);
  });

  test.each<[string, Options]>([
    ['a fork', { event: pull({ full_name: 'octocat/filters' }) }],
    ['a fork that is gone', { event: pull(null) }],
    ['Dependabot', { event: pull(repository, 'dependabot[bot]') }],
    ['a run that Dependabot started', { environment: { GITHUB_ACTOR: 'dependabot[bot]' } }],
  ])('for %s, the log says so and nothing else does', async (_, options) => {
    lab.fault = ({ method }) => (method === 'POST' ? denied : undefined);
    expect(await comment(options)).toEqual([
      expect.stringMatching(/^No comment on pull request #12: the token .*only reads/),
    ]);
  });

  test('a fork in a workflow of the repository itself is no excuse', async () => {
    lab.fault = ({ method }) => (method === 'POST' ? denied : undefined);
    const environment = { GITHUB_EVENT_NAME: 'pull_request_target' };
    expect(await comment({ environment, event: pull(null) })).toEqual([expect.stringMatching(/^notice: /)]);
  });
});

describe('nothing is written, and one line says why', () => {
  test.each<[string, Options, RegExp]>([
    ['no token', { wanted: { token: '' } }, /^No comment on pull request #12: "github-token" is empty\.$/],
    ['no event file', { environment: { GITHUB_EVENT_PATH: '' } }, /^No comment: the event/],
    ['an event about nothing', { event: {} }, /^No comment: the event/],
    ['an event that is no JSON', { event: '{' }, /^No comment: the event/],
    ['a number that is none', { event: { pull_request: { number: '1/../../x' } } }, /^No comment: the event/],
    ['an address that is none', { environment: { GITHUB_API_URL: 'github' } }, /^warning: .*GITHUB_API_URL/],
    ['one without TLS', { environment: { GITHUB_API_URL: 'http://192.0.2.1' } }, /^warning: .*without TLS/],
  ])('%s', async (_, options, line) => {
    expect(await comment(options)).toEqual([expect.stringMatching(line)]);
    expect(lab.asked).toEqual([]);
  });

  test('an outage', async () => {
    lab.fault = () => refusal(503, 'Unavailable', { 'retry-after': '3600' });
    expect(await comment()).toEqual([
      expect.stringMatching(/^warning: No comment on pull request #12\. .*503.*summary/),
    ]);
  });
});

test.each(['push', 'schedule', 'workflow_dispatch', 'pull_request_review', ''])(
  'nothing is said or asked on the event "%s"',
  async (name) => {
    expect(await comment({ environment: { GITHUB_EVENT_NAME: name } })).toEqual([]);
    expect(lab.asked).toEqual([]);
  },
);

describe('a removal that has found nothing', () => {
  const told: Told = {
    kind: 'report',
    report: report({
      command: 'remove',
      targets: [],
      removal: { state: 'nothing', filters: ['add-header'], namespaces: ['shop'], present: [] },
    }),
  };

  test('makes no comment', async () => {
    expect(await comment({ told })).toEqual(['No comment on pull request #12: nothing was there.']);
    expect(lab.comments).toEqual([]);
  });

  test('takes the place of what a comment said before', async () => {
    await comment();
    expect(await comment({ told })).toEqual([expect.stringMatching(/^Comment on pull request #12 updated/)]);
  });
});

describe('after a push', () => {
  const COMMIT = '1f0c9a2b3d4e5f60718293a4b5c6d7e8f9a0b1c2';
  const push = { GITHUB_EVENT_NAME: 'push', GITHUB_SHA: COMMIT };

  test('the comment of its key on the pull request that was merged by it gets the result', async () => {
    await comment();
    lab.add('octocat', 'Looks good.');
    lab.mergedAs = COMMIT;
    lab.state = 'merged';
    const told: Told = {
      kind: 'report',
      report: report({ targets: [deployed('shop/reviews'), deployed('shop/ratings')] }),
    };
    expect(await comment({ environment: push, told })).toEqual([
      expect.stringMatching(/^Comment on pull request #12 updated \(https:.*\)\.$/),
    ]);
    expect(lab.comments.map(({ body }) => body.includes('ratings'))).toEqual([true, false]);
  });

  test.each<[string, Partial<WantedComment>, string | undefined]>([
    ['there is none of its key', { key: 'other' }, COMMIT],
    ['no pull request was merged by it', {}, undefined],
    ['there is no token', { token: '' }, COMMIT],
  ])('nothing is written or said where %s', async (_, wanted, mergedAs) => {
    await comment();
    const before = structuredClone(lab.comments);
    if (mergedAs !== undefined) lab.mergedAs = mergedAs;
    expect(await comment({ environment: push, wanted, told: { kind: 'crash', page: 'broken' } })).toEqual([]);
    expect(lab.comments).toEqual(before);
  });

  test.each([
    ['another event', { GITHUB_EVENT_NAME: 'schedule' }],
    ['a branch that was deleted', { GITHUB_SHA: '' }],
  ])('nothing is asked for %s', async (_, environment) => {
    expect(await comment({ environment: { ...push, ...environment } })).toEqual([]);
    expect(lab.asked).toEqual([]);
  });

  test('the log alone says that GitHub does not tell which one was merged', async () => {
    lab.fault = () => refusal(403, 'Resource not accessible by integration');
    expect(await comment({ environment: push })).toEqual([
      expect.stringMatching(/^Which pull request was merged by this push could not be asked: .* It gets no comment\.$/),
    ]);
  });

  test('a notice says what the token lacks where the comment is there and cannot be written', async () => {
    await comment();
    lab.mergedAs = COMMIT;
    lab.fault = ({ method }) =>
      method === 'PATCH' ? refusal(403, 'Resource not accessible by integration') : undefined;
    const told: Told = { kind: 'crash', page: 'broken' };
    expect(await comment({ environment: push, told })).toEqual([
      expect.stringMatching(/^notice: .*pull-requests: write/),
    ]);
  });
});
