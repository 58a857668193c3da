import { type Desk, makeDesk } from './github-desk.ts';
import { type Answer, type GitHubLab, type Request, startGitHub } from './github-lab.ts';
import { exampleOf, expectAsDescribed } from './github-openapi.ts';

/** A comment as the stand-in keeps it. */
export interface KeptComment {
  readonly id: number;
  body: string;
  readonly login: string;
  readonly minimized?: true;
}

export interface CommentLab extends Pick<GitHubLab, 'close' | 'url'> {
  /** What GITHUB_API_URL is. */
  readonly api: string;
  readonly comments: KeptComment[];
  /** Issues and whatever else the repository has. */
  readonly desk: Desk;
  /** The requests so far: method and path. */
  readonly asked: readonly string[];
  /** Adds a comment as somebody has written it. */
  add(login: string, body: string, more?: { readonly minimized?: true }): KeptComment;
  /** How many comments a page has; 100 at most. */
  pageSize: number;
  /** Whether the pull request is still open. */
  state: 'open' | 'closed' | 'merged';
  /** The commit that the merge of the pull request has made. */
  mergedAs?: string;
  /** Who the token is. */
  login: string;
  /** Answers in place of the stand-in; asked for every request. */
  fault?: ((request: Request) => Answer | undefined | 'vanish') | undefined;
  /** Is waited for before a request is served. */
  before?: (request: Request) => Promise<void>;
  /** What a check has found wrong with an answer or a request; empty for nothing. */
  readonly wrong: readonly string[];
}

export const REPOSITORY = 'shop/filters';
export const PULL_REQUEST = 12;

const LISTS = [
  `/repos/${REPOSITORY}/issues/${PULL_REQUEST}/comments`,
  `/repositories/1/issues/${PULL_REQUEST}/comments`,
];
const LIST = '/repos/{owner}/{repo}/issues/{issue_number}/comments';
const PULL = '/repos/{owner}/{repo}/pulls/{pull_number}';
const PULLS_OF = '/repos/{owner}/{repo}/commits/{commit_sha}/pulls';
const ONE = '/repos/{owner}/{repo}/issues/comments/{comment_id}';

/** The description's path for what a path has in it; the list of comments for others. */
const TEMPLATES = [
  ['/commits/', PULLS_OF],
  ['/pulls/', PULL],
  ['/issues/comments/', ONE],
] as const;

/**
 * GitHub's comments on a pull request, as far as this action asks for them, on loopback. Each request and answer is held to GitHub's
 * OpenAPI description. `base` is where the API is: `/api/v3` on a GitHub Enterprise Server.
 */
export async function startCommentLab(base = ''): Promise<CommentLab> {
  const wrong: string[] = [];
  const asked: string[] = [];
  let next = 1_000;
  const lab: CommentLab = {
    url: '',
    api: '',
    comments: [],
    desk: makeDesk(),
    asked,
    wrong,
    pageSize: 100,
    state: 'open',
    login: 'github-actions[bot]',
    add: (login, body, more = {}) => {
      const comment: KeptComment = { id: next++, body, login, ...more };
      lab.comments.push(comment);
      return comment;
    },
    close: () => server.close(),
  };
  const answer = (request: Request): Answer => {
    const url = new URL(request.path, 'http://lab');
    const path = url.pathname.replace(base, '');
    asked.push(`${request.method} ${path}`);
    const instead = lab.fault?.(request);
    if (instead !== undefined && instead !== 'vanish') return checked(request, path, instead);
    const elsewhere = LISTS.includes(path) ? undefined : atDesk(request, path, url.searchParams);
    if (elsewhere !== undefined) return checked(request, path, elsewhere.answer, elsewhere.template);
    const given = serve(request, path, url.searchParams);
    // The write was done, and its answer got lost.
    return instead === 'vanish' ? { destroy: true } : checked(request, path, given);
  };
  const atDesk = ({ method, body }: Request, path: string, query: URLSearchParams): ReturnType<Desk['serve']> => {
    const [, below] = /^\/repos\/shop\/[\w-]+(\/.*)$/.exec(path) ?? [];
    if (below === undefined) return undefined;
    const sent = body === '' ? {} : JSON.parse(body);
    return lab.desk.serve({ method, path: below, query, sent });
  };
  const checked = (request: Request, path: string, given: Answer, operation?: string): Answer => {
    if (path.endsWith('/graphql')) return given;
    const template = operation ?? TEMPLATES.find(([part]) => path.includes(part))?.[1] ?? LIST;
    const sent = request.body === '' ? undefined : JSON.parse(request.body);
    try {
      expectAsDescribed(request.method, template, { status: given.status ?? 200, sent, body: given.body });
    } catch (error) {
      wrong.push(String(error));
    }
    return given;
  };
  const serve = ({ method, body, headers }: Request, path: string, query: URLSearchParams): Answer => {
    if (path.endsWith('/graphql')) return { body: { data: { viewer: { login: lab.login } } } };
    if (headers.authorization === undefined) return refusal(401, 'Requires authentication');
    const { body: text = '' } = body === '' ? {} : (JSON.parse(body) as { body?: string });
    if (text.length > 65_536) return invalid('Body is too long (maximum is 65536 characters)');
    if (path === `/repos/${REPOSITORY}/pulls/${PULL_REQUEST}`) {
      const state = lab.state === 'open' ? 'open' : 'closed';
      // The teams of the example are not as the description wants them.
      const changed = { number: PULL_REQUEST, state, merged: lab.state === 'merged', requested_teams: [] };
      return { body: { ...exampleOf('pull-request'), ...changed } };
    }
    const [, commit] = new RegExp(`^/repos/${REPOSITORY}/commits/([0-9a-f]+)/pulls$`).exec(path) ?? [];
    if (commit !== undefined) return { body: pullsOf(commit) };
    // Links to further pages name the repository by its number.
    if (LISTS.includes(path)) {
      return method === 'POST' ? { status: 201, body: shown(lab.add(lab.login, text)) } : list(query);
    }
    const [, id] = new RegExp(`^/repos/${REPOSITORY}/issues/comments/(\\d+)$`).exec(path) ?? [];
    const index = lab.comments.findIndex((one) => String(one.id) === id);
    const comment = lab.comments[index];
    if (comment === undefined) return refusal(404, 'Not Found');
    if (method === 'PATCH') comment.body = text;
    if (method !== 'DELETE') return { body: shown(comment) };
    lab.comments.splice(index, 1);
    return { status: 204 };
  };
  /** A pull request that has the commit on its branch, and the one whose merge has made it. */
  const pullsOf = (commit: string): object[] => {
    const [example] = exampleOf('pull-request-simple-items') as [object];
    // The teams of the example are not as the description wants them.
    const more = { requested_teams: [], merge_commit_sha: commit };
    const open = { ...example, ...more, number: PULL_REQUEST + 1, state: 'open', merged_at: null };
    if (commit !== lab.mergedAs) return [open];
    return [open, { ...open, number: PULL_REQUEST, state: 'closed', merged_at: '2026-11-29T10:00:00Z' }];
  };
  const list = (query: URLSearchParams): Answer => {
    const page = Number(query.get('page') ?? 1);
    const size = Math.min(lab.pageSize, Number(query.get('per_page') ?? 30));
    const items = lab.comments.slice((page - 1) * size, page * size).map(shown);
    const address = (to: number): string => `${lab.api}${LISTS[1]}?per_page=${size}&page=${to}`;
    const links = [
      ...(page > 1 ? [`<${address(page - 1)}>; rel="prev"`] : []),
      ...(page * size < lab.comments.length ? [`<${address(page + 1)}>; rel="next"`] : []),
    ];
    return { ...(links.length > 0 && { headers: { link: links.join(', ') } }), body: items };
  };
  const server = await startGitHub(async (_path, _before, request) => {
    await lab.before?.(request);
    return answer(request);
  });
  return Object.assign(lab, { url: server.url, api: `${server.url}${base}` });
}

/** A refusal as GitHub words it. */
export function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: { message, documentation_url: 'https://docs.github.com/rest', status: `${status}` } };
}

function invalid(message: string): Answer {
  const errors = [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message }];
  return { status: 422, body: { message: 'Validation Failed', errors, documentation_url: 'https://docs.github.com' } };
}

/** A comment as the API shows it. */
function shown({ id, body, login, minimized }: KeptComment): object {
  const isBot = login.endsWith('[bot]');
  const address = `https://api.github.com/repos/${REPOSITORY}/issues`;
  const user = `https://api.github.com/users/${encodeURIComponent(login)}`;
  const part = (name: string): [string, string] => [`${name}_url`, `${user}/${name}`];
  const parts = ['avatar', 'events', 'followers', 'following', 'gists', 'html', 'organizations', 'received_events'];
  return {
    id,
    node_id: `IC_${id}`,
    url: `${address}/comments/${id}`,
    html_url: `https://github.com/${REPOSITORY}/pull/${PULL_REQUEST}#issuecomment-${id}`,
    issue_url: `${address}/${PULL_REQUEST}`,
    created_at: '2026-11-29T10:00:00Z',
    updated_at: '2026-11-29T10:00:00Z',
    author_association: isBot ? 'NONE' : 'MEMBER',
    body,
    user: {
      login,
      id: 41_898_282,
      node_id: 'MDM6Qm90',
      gravatar_id: '',
      url: user,
      ...Object.fromEntries([...parts, 'repos', 'starred', 'subscriptions'].map(part)),
      type: isBot ? 'Bot' : 'User',
      site_admin: false,
    },
    performed_via_github_app: null,
    ...(minimized && { minimized: { reason: 'outdated' } }),
  };
}
