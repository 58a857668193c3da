import { afterEach, describe, expect, test } from '@jest/globals';
import type { CommentWriter } from '../../../src/github/comment-mark.ts';
import { GitHub } from '../../../src/github/github.ts';
import { type CommentOutcome, writeComment } from '../../../src/github/sticky-comment.ts';
import { type CommentLab, PULL_REQUEST, REPOSITORY, refusal, startCommentLab } from '../../harness/github-comments.ts';
import type { Answer } from '../../harness/github-lab.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function started(base?: string): Promise<CommentLab> {
  const lab = await startCommentLab(base);
  open.push(lab);
  return lab;
}

const WRITER: CommentWriter = { run: '7/1', started: '2026-11-30T08:00:00.000Z', command: 'deploy', step: 'a' };

interface Said {
  readonly writer?: CommentWriter;
  readonly key?: string;
  readonly body?: string;
  readonly token?: string;
}

/** Writes a comment as one run does: with a connection of its own. */
async function write(lab: CommentLab, { key = 'CI / deploy', body = 'Page', token = 't', writer = WRITER }: Said = {}) {
  const github = GitHub.at({
    api: lab.api,
    token,
    userAgent: 'test',
    environment: {},
    signal: new AbortController().signal,
    debug: () => undefined,
  });
  if (github === undefined) throw new Error('no address');
  open.push(github);
  const outcome = await writeComment(
    github,
    { repository: REPOSITORY, number: PULL_REQUEST, key },
    { body, digest: body, writer },
  );
  expect(lab.wrong).toEqual([]);
  return outcome;
}

/** What readers see of each comment. */
const seen = (lab: CommentLab): string[] => lab.comments.map(({ body }) => body.replace(/^<!--.*-->\n/, ''));
const writes = (lab: CommentLab): string[] => lab.asked.filter((one) => /^(POST .*comments|PATCH|DELETE)/.test(one));

describe('one comment for a key', () => {
  test('is made, left as it is, and updated in place', async () => {
    const lab = await started();
    expect((await write(lab)).state).toBe('created');
    expect((await write(lab)).state).toBe('unchanged');
    expect(await write(lab, { body: 'New' })).toMatchObject({ state: 'updated', url: expect.stringContaining('#') });
    expect(seen(lab)).toEqual(['New']);
    expect(writes(lab).map((one) => one.split(' ')[0])).toEqual(['POST', 'PATCH']);
  });

  test.each(['a --> b', '<!-- @octocat #12 -->', 'ünï 👋', '"quoted\\"', 'two\nlines', 'a'.repeat(3_000)])(
    'whatever the key is: %j',
    async (key) => {
      const lab = await started();
      await write(lab, { key });
      const [mark = ''] = lab.comments[0]?.body.split('\n') ?? [];
      expect(mark).toMatch(/^<!-- [^@#<>]* -->$/);
      expect((await write(lab, { key, body: 'New' })).state).toBe('updated');
      expect(seen(lab)).toEqual(['New']);
    },
  );

  test('is found behind many others, on the last page', async () => {
    const lab = await started();
    lab.pageSize = 2;
    for (let others = 0; others < 5; others++) lab.add('octocat', 'Hello');
    await write(lab);
    await write(lab, { body: 'New' });
    expect(seen(lab)).toEqual([...Array(5).fill('Hello'), 'New']);
  });

  test('is not that of another key, nor one with this key that others have written or that was hidden', async () => {
    const lab = await started();
    await write(lab, { key: 'other' });
    await write(lab);
    const [, own] = lab.comments;
    lab.comments.splice(1);
    lab.add('octocat', own?.body ?? '');
    lab.add('github-actions', own?.body ?? '');
    lab.add(lab.login, own?.body ?? '', { minimized: true });
    lab.add(lab.login, `Quote: ${own?.body}`);
    expect((await write(lab, { body: 'New' })).state).toBe('created');
    expect(lab.comments).toHaveLength(6);
    expect(seen(lab).filter((body) => body === 'New')).toHaveLength(1);
  });

  test('is found with the token of a person or of an app', async () => {
    const lab = await started();
    for (const login of ['octocat', 'deployer[bot]']) {
      lab.login = login;
      expect((await write(lab)).state).toBe('created');
      expect((await write(lab, { body: 'New' })).state).toBe('updated');
    }
    expect(lab.comments.map(({ login }) => login)).toEqual(['octocat', 'deployer[bot]']);
  });

  test('is that of the job if nobody says who the token is', async () => {
    const lab = await started();
    await write(lab);
    lab.fault = ({ path }) => (path.endsWith('/graphql') ? refusal(403, 'Forbidden') : undefined);
    expect((await write(lab, { body: 'New' })).state).toBe('updated');
  });

  test('is not written if a page of a proxy comes in place of an answer', async () => {
    const lab = await started();
    lab.fault = ({ method }) => {
      if (method !== 'POST') return undefined;
      // What is no answer of GitHub's is held to nothing.
      queueMicrotask(() => (lab.wrong as string[]).splice(0));
      return { body: '<html>sign in</html>' };
    };
    expect(await write(lab)).toMatchObject({ state: 'refused', refusal: { kind: 'failed' } });
  });

  test('is written anew if somebody deletes it meanwhile', async () => {
    const lab = await started();
    await write(lab);
    lab.fault = ({ method }) => {
      if (method === 'PATCH') lab.comments.splice(0);
      return undefined;
    };
    expect((await write(lab, { body: 'New' })).state).toBe('created');
    expect(seen(lab)).toEqual(['New']);
  });

  test('is looked for below /api/v3 of a GitHub Enterprise Server', async () => {
    const lab = await started('/api/v3');
    await write(lab);
    expect((await write(lab, { body: 'New' })).state).toBe('updated');
    expect(lab.asked).toContain('POST /api/graphql');
  });
});

describe('two runs at once', () => {
  test('with different keys have a comment each', async () => {
    const lab = await started();
    for (const body of ['First', 'Second']) {
      await Promise.all(['a', 'b', 'c'].map((key) => write(lab, { key, body: `${body} of ${key}` })));
    }
    expect(seen(lab).toSorted()).toEqual(['Second of a', 'Second of b', 'Second of c']);
  });

  /** Lets both look for a comment before either of them makes one. */
  function meetBeforePost(lab: CommentLab): void {
    let waiting: (() => void)[] = [];
    lab.before = async ({ method, path }) => {
      if (method !== 'POST' || path.endsWith('/graphql')) return;
      await new Promise<void>((go) => {
        waiting.push(go);
        if (waiting.length < 2) return;
        for (const one of waiting) one();
        waiting = [];
      });
    };
  }

  test('with the same key that both find none leave one, the newest, and both name it', async () => {
    const lab = await started();
    meetBeforePost(lab);
    const outcomes = await Promise.all([write(lab, { body: 'One' }), write(lab, { body: 'Other' })]);
    expect(writes(lab).filter((one) => one.startsWith('POST'))).toHaveLength(2);
    expect(lab.comments).toHaveLength(1);
    expect(lab.comments[0]?.id).toBe(1_001);
    expect(outcomes.map(({ state }) => state)).toEqual(['created', 'created']);
    expect(outcomes.some((one) => 'url' in one && one.url.endsWith('#issuecomment-1001'))).toBe(true);
    expect(outcomes.some((one) => 'lost' in one)).toBe(false);
  });

  test('that are two jobs of one run lose one of their results, and it is told', async () => {
    const lab = await started();
    meetBeforePost(lab);
    const outcomes = await Promise.all(
      ['a', 'b'].map((step) => write(lab, { body: step, writer: { ...WRITER, step } })),
    );
    expect(lab.comments).toHaveLength(1);
    expect(outcomes.filter((one) => 'lost' in one).length).toBeGreaterThan(0);
  });
});

describe('what is updated in place', () => {
  const wrote = (lab: CommentLab, writer: Partial<CommentWriter>) =>
    write(lab, { body: JSON.stringify(writer), writer: { ...WRITER, ...writer } });

  test.each<[string, Partial<CommentWriter>, object]>([
    ['another job of the same matrix', { step: 'b' }, { lost: 'other' }],
    ['the same step of a later attempt', { run: '7/2', step: 'b' }, {}],
    ['another run', { run: '8/1', step: 'b' }, {}],
    ['the plan of the same run', { command: 'plan', step: 'b' }, {}],
    ['somebody who does not know the run', { run: '', step: 'b' }, {}],
  ])('by %s', async (_, writer, more) => {
    const lab = await started();
    await wrote(lab, {});
    const { url: _url, ...outcome } = { url: '', ...(await wrote(lab, writer)) };
    expect(outcome).toEqual({ state: 'updated', ...more });
  });
});

describe('the run that started last wins', () => {
  const at = (run: string, hour: number, more: Partial<CommentWriter> = {}): CommentWriter => ({
    ...WRITER,
    ...{ run, started: `2026-11-30T0${hour}:00:00.000Z`, step: run },
    ...more,
  });

  test.each<[string, CommentWriter, CommentWriter, object, string]>([
    ['an older run comes too late', at('900/1', 9), at('800/1', 8), { state: 'superseded', by: '900/1' }, 'First'],
    ['the second attempt of an old run started later', at('900/1', 8), at('800/2', 9), { state: 'updated' }, 'Then'],
    [
      'another job of the run started before',
      at('9/1', 9),
      at('9/1', 8, { command: 'x' }),
      { state: 'updated' },
      'Then',
    ],
    ['the other run has no number', at('', 9), at('800/1', 8), { state: 'superseded', by: '' }, 'First'],
  ])('where %s', async (_, first, then, outcome, left) => {
    const lab = await started();
    await write(lab, { writer: first, body: 'First' });
    expect(await write(lab, { writer: then, body: 'Then' })).toMatchObject(outcome);
    expect(seen(lab)).toEqual([left]);
  });

  test('also where it has found nothing to change', async () => {
    const lab = await started();
    await write(lab, { writer: at('7/1', 7) });
    const [{ id } = { id: 0 }] = lab.comments;
    expect((await write(lab, { writer: at('9/1', 9) })).state).toBe('unchanged');
    expect(await write(lab, { writer: at('8/1', 8), body: 'Old' })).toMatchObject({ state: 'superseded', by: '9/1' });
    expect(lab.comments.map((one) => one.id)).toEqual([id]);
    expect(seen(lab)).toEqual(['Page']);
  });

  test('also where both make one, and its own is the older of them', async () => {
    const lab = await started();
    let hasMet = false;
    lab.before = async ({ method, path }) => {
      if (method !== 'POST' || path.endsWith('/graphql') || hasMet) return;
      hasMet = true;
      await write(lab, { writer: at('9/1', 9), body: 'New' });
    };
    expect(await write(lab, { writer: at('8/1', 8), body: 'Old' })).toMatchObject({ state: 'superseded', by: '9/1' });
    expect(seen(lab)).toEqual(['New']);
  });

  test('a mark that does not say who has written it keeps nobody off', async () => {
    const lab = await started();
    await write(lab, { writer: at('9/1', 9) });
    for (const one of lab.comments) one.body = one.body.replace(/"started":"[^"]*",/, '');
    expect((await write(lab, { writer: at('8/1', 8), body: 'New' })).state).toBe('updated');
  });
});

describe('GitHub does not answer as wanted', () => {
  const soon = String(Math.ceil(Date.now() / 1000) - 1);
  const primary = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon };
  const once = (lab: CommentLab, answer: Answer | 'vanish', on = 'POST') => {
    let left = 1;
    lab.fault = ({ method, path }) => (method === on && !path.endsWith('/graphql') && left-- > 0 ? answer : undefined);
  };

  test.each<[string, Answer]>([
    ['a server error', refusal(502, 'Server Error')],
    ['the secondary rate limit', refusal(403, 'You have exceeded a secondary rate limit', { 'retry-after': '0' })],
    ['the same with 429', refusal(429, 'Too many requests', { 'retry-after': '0' })],
    ['the primary rate limit, until it is over', refusal(403, 'API rate limit exceeded', primary)],
  ])('%s passes', async (_, answer) => {
    for (const method of ['GET', 'POST']) {
      const lab = await started();
      once(lab, answer, method);
      expect((await write(lab)).state).toBe('created');
      expect(seen(lab)).toEqual(['Page']);
    }
  });

  test('a comment whose answer is lost is not written twice', async () => {
    const lab = await started();
    once(lab, 'vanish');
    expect((await write(lab)).state).toBe('created');
    expect(lab.comments).toHaveLength(1);
    expect(writes(lab)).toHaveLength(1);
  });

  const late = { 'retry-after': '3600' };
  test.each<[string, Answer, object]>([
    ['an outage', refusal(503, 'Unavailable', late), { kind: 'failed', message: expect.stringContaining('503') }],
    [
      'a rate limit for an hour',
      refusal(403, 'Limit', late),
      { kind: 'limited', remedy: expect.stringContaining('60 min') },
    ],
    ['a token that only reads', refusal(403, 'Resource not accessible by integration'), { kind: 'permission' }],
    ['a repository that it may not see', refusal(404, 'Not Found'), { kind: 'permission' }],
    ['a token that is not valid', refusal(401, 'Bad credentials'), { kind: 'blocked' }],
  ])('%s is a refusal', async (_, answer, expected) => {
    const lab = await started();
    lab.fault = ({ method }) => (method === 'POST' ? answer : undefined);
    const outcome: CommentOutcome = await write(lab);
    if (outcome.state !== 'refused') throw new Error(outcome.state);
    expect(outcome.refusal).toMatchObject(expected);
    expect(lab.comments).toEqual([]);
  });

  test('a page that is too long is one, too', async () => {
    const lab = await started();
    const outcome = await write(lab, { body: 'x'.repeat(65_600) });
    expect(outcome).toMatchObject({ state: 'refused', refusal: { kind: 'failed', message: /too long/ } });
  });
});
