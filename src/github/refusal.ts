import { formatDuration, sentence } from '../base/text.ts';
import type { GitHubAnswer } from './github.ts';

/** Why GitHub does not do what it was asked for. */
export type Refusal =
  /** The token may not, or may not even know; which permission it needs depends on what was asked. */
  | {
      readonly kind: 'permission';
      readonly message: string;
      /** In place of the message, for the end of a sentence. */
      readonly why: string;
      readonly token: 'personal' | 'of the job';
    }
  /** Too much was asked. */
  | { readonly kind: 'limited'; readonly message: string; readonly remedy: string }
  /** Somebody has decided it, whatever the token may do. */
  | { readonly kind: 'blocked'; readonly message: string; readonly remedy: string }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string };

export interface Block {
  /** What GitHub says, in lower case. */
  readonly said: string;
  /** A sentence without its full stop. */
  readonly message: string;
  readonly remedy: string;
}

const SSO = 'https://docs.github.com/authentication/authenticating-with-single-sign-on';
const OTHER_TOKEN =
  'Leave the input "github-token" out to use the token of the job, or pass one that the organization accepts.';

/** What is said with 403, 410 or 422 where no permission of the token's would help. */
export const BLOCKS: readonly Block[] = [
  {
    said: 'is locked',
    message: 'the conversation is locked',
    remedy: 'Unlock it, or set "comment: off".',
  },
  {
    said: 'archived',
    message: 'the repository is archived and read-only',
    remedy: 'Unarchive it in its settings.',
  },
  {
    said: 'ip allow list',
    message: 'the organization has a list of IP addresses that may ask, and the runner has none of them',
    remedy: "Add the runner's address to the IP allow list, or use a runner with an address that is on it.",
  },
  {
    said: 'saml',
    message: 'the organization demands single sign-on, and the token was not authorized for it',
    remedy: `Authorize the token for the organization (${SSO}), or leave the input "github-token" out to use the token of the job.`,
  },
  {
    said: 'forbids access via',
    message: 'the organization does not accept tokens of this kind',
    remedy: OTHER_TOKEN,
  },
  {
    said: 'oauth app access restrictions',
    message: 'the organization has not approved the app of the token',
    remedy: OTHER_TOKEN,
  },
  {
    said: 'suspended',
    message: 'the account or app of the token is suspended',
    remedy: 'Leave the input "github-token" out to use the token of the job, or pass a token of another account.',
  },
  {
    said: 'user is blocked',
    message: 'the account of the token is blocked here, or may not interact with the repository for a while',
    remedy: 'Leave the input "github-token" out to use the token of the job.',
  },
  {
    said: 'access blocked',
    message: 'GitHub has blocked the repository',
    remedy: 'Ask GitHub Support (https://support.github.com) why.',
  },
  {
    said: 'more than 2500 comments',
    message: 'the pull request has as many comments as GitHub takes',
    remedy: 'Delete some of them, continue in a new pull request, or set "comment: off".',
  },
];

/** Returns why an answer is no success, in sentences; `undefined` if it is one. */
export function refusalOf({ status, said, limit }: GitHubAnswer): Refusal | undefined {
  if (status >= 200 && status < 300) return undefined;
  const why = said === '' ? `status ${status}` : `status ${status}: ${said}`;
  if (limit !== undefined) {
    const when = limit.seconds === undefined ? 'a few minutes' : formatDuration(limit.seconds * 1000);
    const message = sentence(`The rate limit of GitHub is reached (${why})`);
    return { kind: 'limited', message, remedy: `Re-run the job in ${when}.` };
  }
  const lower = said.toLowerCase();
  const block = BLOCKS.find((one) => lower.includes(one.said));
  if (block !== undefined && status >= 400 && status < 500) {
    const message = sentence(`GitHub does not accept the request: ${block.message} (${why})`);
    return { kind: 'blocked', message, remedy: block.remedy };
  }
  const message = sentence(`GitHub does not accept the request (${why})`);
  if (status === 401) {
    const remedy = 'Pass a valid token as input "github-token", or leave the input out to use the token of the job.';
    return { kind: 'blocked', message: sentence(`GitHub rejects the token (${why})`), remedy };
  }
  // What a token may not see is not found.
  if (status === 403 || status === 404) {
    const token = lower.includes('personal access token') ? 'personal' : 'of the job';
    return { kind: 'permission', message, why: `(${why})`, token };
  }
  if (status >= 300 && status < 400) {
    const remedy = 'Use the name that the repository has now.';
    return { kind: 'failed', message: sentence(`The repository has moved (${why})`), remedy };
  }
  return { kind: 'failed', message, remedy: 'Re-run the job; https://www.githubstatus.com reports outages.' };
}
