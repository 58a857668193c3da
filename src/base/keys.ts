import { listWords, MAX_LISTED, nearestNames, shownName } from './text.ts';

/** A key that nothing reads, and what to do about it. */
export interface UnknownKey {
  readonly key: string;
  /** The one of the known keys that was probably meant; omitted where none is near, or where the key belongs elsewhere. */
  readonly meant?: string;
  readonly message: string;
  readonly remedy: string;
}

/** Where a key is read that is unknown here, as an instruction: `Write it to a target.`; `undefined` if nowhere. */
export type KeyElsewhere = (key: string) => string | undefined;

/**
 * The keys of an object that are none of `known`, each with its right place, or with the one that was probably meant. `path` goes before
 * them in messages: `expect.`.
 */
export function unknownKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path = '',
  elsewhere: KeyElsewhere = () => undefined,
): UnknownKey[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const message = `has the unknown key "${path}${shownName(key)}".`;
      const place = elsewhere(key);
      if (place !== undefined) return { key, message, remedy: place };
      const [near] = nearestNames(key, known, 1);
      if (near === undefined) return { key, message, remedy: knownKeys(known) };
      const meant = `Did you mean "${path}${near}"?`;
      // Who meant one of many does not look for it in the list.
      return { key, meant: near, message, remedy: known.length > MAX_LISTED ? meant : `${meant} ${knownKeys(known)}` };
    });
}

function knownKeys(known: readonly string[]): string {
  return `Known keys are ${listWords(known, 'and', known.length)}.`;
}
