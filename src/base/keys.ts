import { listWords, nearestNames, shownName } from './text.ts';

/** A key that nothing reads, and what to do about it. */
export interface UnknownKey {
  readonly message: string;
  readonly remedy: string;
}

/**
 * The keys of an object that are none of `known`, each with the one that was probably meant. `path` goes before them in
 * messages: `expect.`.
 */
export function unknownKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path = '',
): UnknownKey[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const [near] = nearestNames(key, known, 1);
      const meant = near === undefined ? '' : `Did you mean "${path}${near}"? `;
      return {
        message: `has the unknown key "${path}${shownName(key)}".`,
        remedy: `${meant}Known keys are ${listWords(known, 'and')}.`,
      };
    });
}
