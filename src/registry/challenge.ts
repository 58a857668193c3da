/** One way to log in that a server names in WWW-Authenticate; scheme and keys are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A scheme, or one of its parameters: `key=token` or `key="quoted \"text\""`. */
const PART = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([A-Za-z][\w-]*)(?=\s|,|$)/g;

/** Reads WWW-Authenticate headers (RFC 9110, 11.6.1), of which one may name several ways. */
export function parseChallenges(header: string | string[] | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const value of header === undefined ? [] : [header].flat()) {
    for (const [, key, quoted, token, scheme] of value.matchAll(PART)) {
      if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: {} });
      else if (key !== undefined) {
        const last = challenges.at(-1);
        if (last !== undefined) last.parameters[key.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? token ?? '';
      }
    }
  }
  return challenges;
}
