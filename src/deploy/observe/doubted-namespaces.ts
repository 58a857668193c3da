import type { Problem } from '../../base/problem.ts';
import { listWords, nearestNames } from '../../base/text.ts';
import type { Client } from '../../cluster/client.ts';
import { namespaceState } from './known-namespaces.ts';

/** What was read of namespaces. */
interface Reading {
  readonly listed: readonly string[];
  /** Whether anything of it could be read, or it is known otherwise whether it is there. */
  readonly isSeen: (namespace: string) => boolean;
}

/** A namespace of which an account may see nothing, and whether it is known that it is not there. */
export interface UnseenNamespace {
  readonly name: string;
  readonly isMissing: boolean;
}

const MAX_NAMED = 3;

/**
 * Returns problems, those of namespaces of which nothing could be read with the doubt whether there are such: to an account of one
 * namespace, a mistyped name looks like missing permissions, and who grants these with `kubectl auth reconcile` makes that namespace.
 */
export async function doubtNamespaces(
  problems: readonly Problem[],
  client: Client,
  { listed, isSeen }: Reading,
): Promise<readonly Problem[]> {
  const refused = [...new Set(problems.flatMap(({ permission }) => permission?.namespace ?? []))];
  const states = await Promise.all(
    refused.filter((name) => !isSeen(name)).map(async (name) => ({ name, state: await namespaceState(client, name) })),
  );
  const unseen = states
    .filter(({ state }) => state === undefined || state === 'missing')
    .map(({ name, state }) => ({ name, isMissing: state === 'missing' }));
  if (unseen.length === 0) return problems;
  const names = new Set(unseen.map(({ name }) => name));
  const doubt = namespaceDoubt(unseen, listed.filter(isSeen));
  return problems.map((problem) => {
    const { permission, remedy = '' } = problem;
    if (permission?.namespace === undefined || !names.has(permission.namespace)) return problem;
    return { ...problem, remedy: `${doubt} ${remedy}`.trimEnd(), permissionDoubt: doubt };
  });
}

/** Returns what to ask oneself about namespaces, at least one; `seen` are those in which the account may see something. */
export function namespaceDoubt(unseen: readonly UnseenNamespace[], seen: readonly string[]): string {
  const missing = unseen.filter(({ isMissing }) => isMissing).map(({ name }) => name);
  const others = unseen.filter(({ isMissing }) => !isMissing).map(({ name }) => name);
  const [first] = others;
  const near = unseen.slice(0, MAX_NAMED).flatMap(({ name }) => {
    const found = nearestNames(name, seen, 1);
    const of = unseen.length === 1 ? '' : `, not "${name}"`;
    return found.map((one) => `Did you mean "${one}"${of}?`);
  });
  return [
    ...(missing.length === 0
      ? []
      : [
          `${missing.length === 1 ? 'Namespace' : 'Namespaces'} ${listed(missing)} ${missing.length === 1 ? 'does' : 'do'} not exist.`,
        ]),
    ...(first === undefined
      ? []
      : [
          `Does namespace ${listed(others)} exist? This account may list nothing there, and a typing error would look the same.`,
        ]),
    ...near,
    ...(unseen.some(({ name }) => name === 'default')
      ? [
          '"default" is also the namespace of a target that names none, where neither the input "namespace" nor the kubeconfig has one.',
        ]
      : []),
    ...(first === undefined ? [] : [`Check with \`kubectl get namespace ${first}\` before you grant anything.`]),
  ].join(' ');
}

function listed(names: readonly string[]): string {
  return listWords(
    names.map((name) => `"${name}"`),
    'or',
    MAX_NAMED,
  );
}
