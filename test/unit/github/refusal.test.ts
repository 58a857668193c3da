import { expect, test } from '@jest/globals';
import { type Refusal, refusalOf } from '../../../src/github/refusal.ts';
import { saidIn } from '../../../src/github/said.ts';

const VALIDATION = 'Validation Failed';

test.each<[string, number, string, Refusal['kind'], RegExp?]>([
  ['a token of the job that only reads', 403, 'Resource not accessible by integration', 'permission'],
  ['a personal token', 403, 'Resource not accessible by personal access token', 'permission'],
  ['a repository that the token may not see', 404, 'Not Found', 'permission'],
  ['a refusal without a word', 403, '', 'permission'],
  ['a token that is not valid', 401, 'Bad credentials', 'blocked', /Pass a valid token/],
  ['a locked conversation', 403, 'Unable to create comment because issue is locked.', 'blocked', /Unlock it/],
  ['the same with a list of errors', 403, `${VALIDATION}: issue is locked`, 'blocked', /Unlock it/],
  ['an archived repository', 403, 'Repository was archived so is read-only.', 'blocked', /Unarchive/],
  [
    'a list of addresses',
    403,
    'Although you appear to have the correct authorization credentials, the `shop` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.',
    'blocked',
    /IP allow list/,
  ],
  [
    'single sign-on',
    403,
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    'blocked',
    /Authorize the token for the organization/,
  ],
  [
    'classic tokens that an organization forbids',
    403,
    '`shop` forbids access via a personal access token (classic).',
    'blocked',
    /token of the job/,
  ],
  [
    'an app that is not approved',
    403,
    'Although you appear to have the correct authorization credentials, the `shop` organization has enabled OAuth App access restrictions',
    'blocked',
    /token of the job/,
  ],
  ['an account that is suspended', 403, 'Sorry. Your account was suspended.', 'blocked', /another account/],
  ['somebody who is blocked', 403, 'User is blocked', 'blocked', /token of the job/],
  ['a repository that GitHub has blocked', 451, 'Repository access blocked', 'blocked', /Support/],
  [
    'too many comments',
    403,
    'Commenting is disabled on issues with more than 2500 comments',
    'blocked',
    /new pull request/,
  ],
  ['a text that is not valid', 422, `${VALIDATION}: Body is too long`, 'failed', /Re-run/],
  ['a repository with another name', 301, 'Moved Permanently', 'failed', /name that the repository has now/],
  ['an outage', 503, 'is locked and archived', 'failed', /githubstatus/],
])('%s', (_, status, said, kind, remedy = /./) => {
  const refusal = refusalOf({ status, said, body: undefined });
  expect(refusal).toMatchObject({ kind, message: expect.stringContaining(`status ${status}`) });
  expect(refusal?.message).toContain(said);
  expect(refusal?.message).not.toMatch(/\.\.|\.\)\.\)/);
  if (refusal?.kind !== 'permission') expect(refusal?.remedy).toMatch(remedy);
});

test('whose token it is decides where the permission is granted', () => {
  const token = (said: string): unknown => {
    const refusal = refusalOf({ status: 403, said, body: undefined });
    return refusal?.kind === 'permission' && refusal.token;
  };
  expect(token('Resource not accessible by personal access token')).toBe('personal');
  expect(token('Resource not accessible by integration')).toBe('of the job');
});

test.each([200, 201, 204])('status %i is none', (status) => {
  expect(refusalOf({ status, said: '', body: undefined })).toBeUndefined();
});

test.each<[number | undefined, string]>([
  [120, 'Re-run the job in 2 min.'],
  [undefined, 'Re-run the job in a few minutes.'],
])('a limit of %s seconds', (seconds, remedy) => {
  const limit = seconds === undefined ? {} : { seconds };
  expect(refusalOf({ status: 403, said: 'You have exceeded a secondary rate limit', body: undefined, limit })).toEqual({
    kind: 'limited',
    message: 'The rate limit of GitHub is reached (status 403: You have exceeded a secondary rate limit).',
    remedy,
  });
});

test.each<[unknown, string]>([
  [{ message: 'Not Found' }, 'Not Found'],
  [
    { message: VALIDATION, errors: [{ message: 'was submitted too quickly' }] },
    `${VALIDATION}: was submitted too quickly`,
  ],
  [{ message: VALIDATION, errors: ['a', { code: 'custom' }, 'c', 'd'] }, `${VALIDATION}: a: c`],
  [{ message: 7 }, ''],
  ['<html>', ''],
])('%j says %j', (body, said) => {
  expect(saidIn(Buffer.from(JSON.stringify(body)))).toBe(said);
});
