import { unlink } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { Answer } from './github-lab.ts';
import { exampleOf } from './github-openapi.ts';

/** An issue as the stand-in keeps it. */
export interface KeptIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  state: 'open' | 'closed';
  readonly comments: string[];
}

/** What a repository has beside the comments on its pull request: issues, labels, records of deployments, and requests to pull. */
export interface Desk {
  readonly pulls: { readonly title: string; readonly head: string; readonly base: string; readonly body: string }[];
  readonly issues: KeptIssue[];
  readonly labels: string[];
  readonly deployments: { readonly id: number; readonly environment: string; readonly states: string[] }[];
  /** Answers a request below the repository, and names the operation of GitHub's description; `undefined` for others. */
  serve(asked: AskedOfDesk): { readonly template: string; readonly answer: Answer } | undefined;
}

export interface AskedOfDesk {
  readonly method: string;
  /** Behind the repository: `/issues/7`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly sent: Readonly<Record<string, unknown>>;
}

const REPO = '/repos/{owner}/{repo}';
const FIRST_ISSUE = 40;
const exists = {
  message: 'Validation Failed',
  errors: [{ resource: 'Label', code: 'already_exists', field: 'name' }],
  documentation_url: 'https://docs.github.com/rest/issues/labels',
};

export function makeDesk(): Desk {
  const desk: Desk = {
    pulls: [],
    issues: [],
    labels: [],
    deployments: [],
    serve: ({ method, path, query, sent }) => {
      const [, kind = '', id = '', part = ''] = /^\/(\w+)(?:\/([\w-]+))?(?:\/(\w+))?$/.exec(path) ?? [];
      const operation = `${method} ${kind}${id && '/1'}${part && `/${part}`}`;
      const answers: Readonly<Record<string, readonly [template: string, answer: () => Answer]>> = {
        'POST labels': ['/labels', () => addLabel(String(sent.name))],
        'PATCH labels/1': ['/labels/{name}', () => ({ body: label(id) })],
        'GET issues': ['/issues', () => ({ body: found(query.get('labels')).map(shown) })],
        'POST issues': ['/issues', () => ({ status: 201, body: shown(open(sent)) })],
        'PATCH issues/1': ['/issues/{issue_number}', () => change(id, sent)],
        'POST issues/1/comments': ['/issues/{issue_number}/comments', () => comment(id, String(sent.body))],
        'GET pulls': ['/pulls', () => ({ body: pullsFrom(query.get('head')) })],
        'POST pulls': ['/pulls', () => ({ status: 201, body: pull(sent) })],
        'GET deployments': ['/deployments', () => ({ body: deployedTo(query.get('environment')) })],
        'POST deployments/1/statuses': [
          '/deployments/{deployment_id}/statuses',
          () => setState(id, String(sent.state)),
        ],
      };
      const [template, answer] = answers[operation] ?? [];
      return template === undefined || answer === undefined
        ? undefined
        : { template: REPO + template, answer: answer() };
    },
  };
  // The teams of the examples are not as the description wants them.
  const pullsFrom = (head: string | null): object[] => {
    const [example] = exampleOf('pull-request-simple-items') as [object];
    const found = desk.pulls.filter((one) => head === null || head.endsWith(`:${one.head}`));
    return found.map(({ title, body }) => ({ ...example, title, body, requested_teams: [] }));
  };
  const pull = ({ title, head, base, body }: AskedOfDesk['sent']): object => {
    const one = { title: String(title), head: String(head), base: String(base), body: String(body) };
    desk.pulls.push(one);
    return { ...exampleOf('pull-request'), title: one.title, body: one.body, requested_teams: [] };
  };
  const addLabel = (name: string): Answer => {
    if (desk.labels.includes(name)) return { status: 422, body: exists };
    desk.labels.push(name);
    return { status: 201, body: label(name) };
  };
  const found = (name: string | null): KeptIssue[] =>
    desk.issues.filter(({ state, labels }) => state === 'open' && (name === null || labels.includes(name)));
  const open = ({ title, body, labels }: AskedOfDesk['sent']): KeptIssue => {
    const number = FIRST_ISSUE + desk.issues.length;
    const names = Array.isArray(labels) ? labels.map(String) : [];
    const issue: KeptIssue = {
      number,
      title: String(title),
      body: String(body),
      labels: names,
      state: 'open',
      comments: [],
    };
    desk.issues.push(issue);
    return issue;
  };
  const change = (number: string, { state }: AskedOfDesk['sent']): Answer => {
    const issue = desk.issues.find((one) => String(one.number) === number);
    if (issue === undefined) return missing();
    if (state === 'closed') issue.state = state;
    return { body: shown(issue) };
  };
  const comment = (number: string, body: string): Answer => {
    const issue = desk.issues.find((one) => String(one.number) === number);
    if (issue === undefined) return missing();
    issue.comments.push(body);
    return { status: 201, body: { ...exampleOf('issue-comment'), body } };
  };
  const deployedTo = (environment: string | null): object[] =>
    desk.deployments
      .filter((one) => environment === null || one.environment === environment)
      .map(({ id, environment: name }) => ({ ...exampleOf('deployment'), id, environment: name }));
  const setState = (id: string, state: string): Answer => {
    desk.deployments.find((one) => String(one.id) === id)?.states.push(state);
    return { status: 201, body: { ...exampleOf('deployment-status'), state } };
  };
  return desk;
}

function missing(): Answer {
  return {
    status: 404,
    body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
  };
}

function label(name: string): object {
  return { ...exampleOf('label'), name };
}

function shown({ number, title, body, state }: KeptIssue): object {
  return { ...exampleOf('issue'), number, title, body, state };
}

/**
 * Listens on a Unix socket for what GitHub's command `gh` asks `api.github.com` for, once its configuration says `http_unix_socket`, and
 * hands it on to a stand-in. Returns what ends it.
 */
export async function listenForCli(socket: string, api: string): Promise<() => Promise<void>> {
  const server = createServer((asked, answer) => {
    const { method, headers } = asked;
    const onwards = request(`${api}${asked.url}`, { method, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    onwards.on('error', () => answer.destroy());
    asked.pipe(onwards);
  });
  await new Promise<void>((listening) => server.listen(socket, listening));
  return async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await unlink(socket).catch(() => undefined);
  };
}
