import { createHash } from 'node:crypto';

/** How many characters of a secret give it away. */
const PIECE = 12;

/** Text that looks random, but is the same in each run. */
export const noise = (seed: string, length: number): string =>
  Array.from({ length: Math.ceil(length / 60) }, (_, at) =>
    createHash('sha512').update(`${seed}${at}`).digest('base64url'),
  )
    .join('')
    .slice(0, length);

const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** What a secret may be written as, and how the list of them calls it. */
export const FORMS_BY_NAME: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'base64 of somebody:secret': (secret) => base64(`somebody:${secret}`),
  'base64 of robot:secret': (secret) => base64(`robot:${secret}`),
  base64: (secret) => base64(secret),
  'base64 for addresses, not at the beginning of what was encoded': (secret) =>
    Buffer.from(`ab${secret}`).toString('base64url'),
  'percent encoding': encodeURIComponent,
  'percent encoding in lower case': (secret) =>
    encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'a text in JSON': (secret) => JSON.stringify(secret).slice(1, -1),
  'JSON in a text in JSON': (secret) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
};
export const FORMS = Object.values(FORMS_BY_NAME);

/** Returns what of some secrets a text gives away: each piece of each of their forms that it has, whoever reads it. */
export function leakFinder(secrets: readonly string[]): (text: string) => string[] {
  const pieces = new Set(secrets.flatMap((secret) => FORMS.flatMap((form) => piecesOf(ownPart(form, secret)))));
  return (text) => readingsOf(text).flatMap((reading) => piecesOf(reading).filter((piece) => pieces.has(piece)));
}

/** A secret in a form, but for what its neighbours in base64 have a part in. */
function ownPart(form: (secret: string) => string, secret: string): string {
  const [written, other] = [form(secret), form('')];
  return written.startsWith(other.slice(0, 4)) && other !== '' ? written.slice(other.length + 4) : written;
}

function piecesOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - PIECE + 1) }, (_, at) => text.slice(at, at + PIECE));
}

/** How a text is read: each after the first one without the marks and entities of HTML. */
export const READINGS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'as a browser shows it': (text) => text,
  'as JSON': (text) => text.replace(/\\(["\\/])/g, '$1'),
  'as an address': (text) => text.replace(/%[0-9a-f]{2}/gi, (code) => decodeURIComponent(code)),
};

/** A text as others read it: a browser, JSON, a server. */
function readingsOf(text: string): string[] {
  const page = text.replaceAll('<wbr>', '').replace(/<\/?[a-z]+[^>]*>/g, '');
  const html = page.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
  const read = html.replace(/&(lt|gt|amp);/g, (entity) => entities[entity] ?? '');
  return Object.values(READINGS).map((reading, at) => reading(at === 0 ? text : read));
}
