import type { IncomingMessage } from 'node:http';
import type { Dispatcher } from 'undici';
import { forbidden, StatusError } from '../embedded/status-error.ts';
import { dig, readBody } from '../kubelet/client.ts';
import type { Api } from './api.ts';
import type { PodRequest } from './pod-request.ts';

export const ADMIN_TOKEN = 'recorder-admin';
export const USER_TOKEN = 'recorder-user-';

/** Who sends a request through the recorder, and how the recorder passes it on in that name. */
export interface Caller {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/** The admin's token (also a longer one that begins with it and a full stop) becomes the credentials of the cluster's admin, a user's impersonates it; any other is passed on. */
export function callerOf({ headers }: IncomingMessage, api: Api): Caller {
  const passed: Record<string, string> = {};
  for (const name of ['accept', 'content-type', 'user-agent', 'authorization']) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  const token = passed.authorization?.replace('Bearer ', '') ?? '';
  const user = token.startsWith(USER_TOKEN) ? token.slice(USER_TOKEN.length) : undefined;
  if (token.split('.', 1)[0] !== ADMIN_TOKEN && user === undefined) {
    return { name: 'system:anonymous', headers: passed, dispatcher: api.anonymous };
  }
  const { authorization: _, ...rest } = passed;
  return {
    name: user ?? 'kubernetes-admin',
    headers: { ...rest, ...api.headers, ...(user === undefined ? {} : { 'Impersonate-User': user }) },
    dispatcher: api.dispatcher,
  };
}

/** Asks the API server whether the caller may do this to a pod. @throws StatusError as it would answer: 401 or 403 */
export async function authorizePodRequest(
  api: Api,
  caller: Caller,
  request: PodRequest,
  verbs: readonly string[],
): Promise<void> {
  const { kind: subresource, namespace } = request;
  const name = request.kind === 'exec' ? request.pod : request.target;
  for (const verb of verbs) {
    const resourceAttributes = { verb, group: '', resource: 'pods', subresource, namespace, name };
    const response = await caller.dispatcher.request({
      origin: api.server,
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      method: 'POST',
      headers: { ...caller.headers, accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      }),
    });
    const review = readBody(await response.body.text());
    if (response.statusCode !== 201) {
      const [reason, message] = [dig(review, 'reason'), dig(review, 'message')].map(String);
      throw new StatusError({ code: response.statusCode, reason: reason ?? '', message: message ?? '' });
    }
    if (dig(review, 'status', 'allowed') === true) continue;
    const reason = dig(review, 'status', 'reason');
    const why = `User ${JSON.stringify(caller.name)} cannot ${verb} resource "pods/${subresource}" in API group "" in the namespace ${JSON.stringify(namespace)}`;
    throw forbidden({ group: '', plural: 'pods' }, name, reason === undefined ? why : `${why}: ${reason}`);
  }
}
