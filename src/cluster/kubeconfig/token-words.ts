import { REDACTED } from '../../base/redaction/secret-forms.ts';
import { TOKEN_PREFIXES } from '../../base/redaction/shapes.ts';

/** The last two may stand within other words; where a plugin speaks, that is no harm. */
const TOKEN_MARKS = [...TOKEN_PREFIXES, 'xoxb-', 'sk-'];
/** Runs of the characters that tokens are made of (RFC 6750, 2.1), at most with a colon, a quote or a blank around them. */
const RUNS = /[\w+/.~-]+=*…?/g;
const UUIDS = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi;
const HOST = /^(?:\/\/)?(?:[A-Za-z0-9-]+\.){2,}[a-z]{2,12}(?=\/|$)/;
/** A word, also of several in one, such as `AccessDeniedException`, and with a number: `oauth2`. */
const WORD = /^[A-Za-z][a-z]+(?:[A-Z][a-z]+)*[0-9]{0,4}$/;
/** Where a word goes on with another kind of character; a capital letter may begin one. */
const CHANGES = /[a-z](?=[A-Z0-9])|[A-Z](?=[0-9]|[A-Z][a-z])|[0-9](?=[A-Za-z])/g;

const MIN_TOKEN = 20;
/** Of a token that begins as one, which a line may hold the first part of. */
const MIN_MARKED = 12;
/** Of what was cut, the rest is not seen. */
const MIN_CUT = 6;
/**
 * How often the kind changes, a character. In random text of letters and digits there are 0.3 to 0.5, in 20 of both cases 0.25; in names of paths, hosts,
 * roles and versions such as `client.authentication.k8s.io/v1beta1` at most 0.16.
 */
const RANDOM = 0.18;

/**
 * A line that somebody has to read, with `***` in place of each long word that looks like a token. Device codes, addresses, paths, ARNs,
 * the numbers of accounts and the UUIDs of requests stay.
 */
export function withoutTokens(line: string): string {
  return line.replace(RUNS, (run) => {
    const host = isMarked(run) ? '' : hostOf(run);
    return looksLikeToken(run.slice(host.length)) ? `${host}${REDACTED}` : run;
  });
}

/** The words of a text that look like tokens. */
export function tokensIn(text: string): string[] {
  return (text.match(RUNS) ?? []).filter(looksLikeToken);
}

/** The host that a run begins with. Nobody mixes small and capital letters there, as three parts of a token do. */
function hostOf(run: string): string {
  const host = HOST.exec(run)?.[0] ?? '';
  const labels = host.split('.');
  return labels.every((label) => label === label.toLowerCase() || label === label.toUpperCase()) ? host : '';
}

function isMarked(text: string): boolean {
  return text.length >= MIN_MARKED && TOKEN_MARKS.some((mark) => text.includes(mark));
}

function looksLikeToken(run: string): boolean {
  const text = run.replace(UUIDS, '');
  if (isMarked(text)) return true;
  if (text.length < (run.endsWith('…') ? MIN_CUT : MIN_TOKEN)) return false;
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const length = words.reduce((sum, word) => sum + word.length, 0);
  const changes = words.reduce((sum, word) => sum + (WORD.test(word) ? 0 : (word.match(CHANGES)?.length ?? 0)), 0);
  return changes / length > RANDOM;
}
