/** Who is calling: bearer tokens, and impersonation by a user who may do that. */
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export const ADMIN: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** The groups a user name brings along. */
export function userNamed(name: string): User {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name);
  const groups = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`];
  return { name, groups: [...groups, 'system:authenticated'] };
}

export class Tokens {
  readonly #users = new Map<string, User>();
  readonly #byName = new Map<string, string>();

  /** Registers a user and gives the token: the given one, the one made before, or a new one. */
  issue(user: User, token?: string): string {
    const known = this.#byName.get(user.name);
    if (known !== undefined && token === undefined) return known;
    const issued = token ?? randomBytes(24).toString('base64url');
    this.#users.set(issued, user);
    this.#byName.set(user.name, issued);
    return issued;
  }

  /** The user of an `Authorization: Bearer` header, or undefined. */
  authenticate(headers: IncomingHttpHeaders): User | undefined {
    const match = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '');
    return match === null ? undefined : this.#users.get(match[1] ?? '');
  }
}

/** The user a request acts as (`Impersonate-User`, `Impersonate-Group`), or undefined when it asks for none. */
export function impersonated(headers: IncomingHttpHeaders): User | undefined {
  const name = headers['impersonate-user'];
  if (typeof name !== 'string' || name === '') return undefined;
  const header = headers['impersonate-group'];
  const groups = (Array.isArray(header) ? header : (header ?? '').split(','))
    .map((group) => group.trim())
    .filter((group) => group !== '');
  const base = userNamed(name);
  return { name, groups: groups.length === 0 ? base.groups : [...new Set([...groups, 'system:authenticated'])] };
}
