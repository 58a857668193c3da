import { Diagnostics, fail, ok, type Result } from '../../base/problem.ts';
import type { Source } from './credential-files.ts';
import { fieldProblem, type UserFields } from './fields.ts';

/** What keeps a text from being sent as a header's value, for the end of a sentence: control characters but for tabs (RFC 9110, 5.5). */
export function headerFault(text: string): string | undefined {
  if (text.includes('\n') || text.includes('\r')) return 'has a line break';
  const isControl = (code: number): boolean => (code < 0x20 && code !== 0x09) || code === 0x7f;
  return [...text].some((letter) => isControl(letter.charCodeAt(0))) ? 'has a control character' : undefined;
}

/** A text as it is written into a header: its bytes in UTF-8, one character for each, as Go's clients send them. */
export function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The headers by which a user acts as another one, each value in a header of its own (client-go, transport/round_trippers.go). */
export function impersonationHeaders({
  fields,
  place,
}: Source<UserFields>): Result<Readonly<Record<string, string | string[]>>> {
  const { as: user, 'as-uid': uid, 'as-groups': groups = [], 'as-user-extra': extra = {} } = fields;
  const diagnostics = new Diagnostics();
  const check = (field: string, values: readonly string[]): void => {
    const fault = values.map(headerFault).find((found) => found !== undefined);
    if (fault !== undefined) diagnostics.add(fieldProblem(place, field, `cannot be sent as a header: it ${fault}`));
  };
  if (user === undefined) {
    const more = [
      uid === undefined ? '' : 'as-uid',
      groups.length > 0 ? 'as-groups' : '',
      Object.keys(extra).length > 0 ? 'as-user-extra' : '',
    ];
    const [first] = more.filter((field) => field !== '');
    if (first === undefined) return ok({});
    return fail(fieldProblem(place, first, 'is set without "as"', 'Name the user to act as in "as".'));
  }
  check('as', [user]);
  check('as-uid', [uid ?? '']);
  check('as-groups', groups);
  check('as-user-extra', Object.values(extra).flat());
  if (!diagnostics.ok) return fail(diagnostics.problems);
  return ok({
    'Impersonate-User': headerText(user),
    ...(uid !== undefined && { 'Impersonate-Uid': headerText(uid) }),
    ...(groups.length > 0 && { 'Impersonate-Group': groups.map(headerText) }),
    ...Object.fromEntries(
      Object.entries(extra)
        .filter(([, values]) => values.length > 0)
        .map(([name, values]) => [`Impersonate-Extra-${escapeHeaderName(name)}`, values.map(headerText)]),
    ),
  });
}

/** Percent-encodes what no header's name may have (RFC 9110, 5.6.2), and the percent sign itself. */
function escapeHeaderName(name: string): string {
  return [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
