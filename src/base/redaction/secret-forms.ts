/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Shorter values could stand in any text. */
export const MIN_SECRET = 8;

/** The lines of a secret that are secret themselves: long enough, and not what every key in PEM begins and ends with (RFC 7468). */
export function linesOf(secret: string): string[] {
  return secret
    .split(/[\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line.length >= MIN_SECRET && !line.startsWith('-----'))
    .flatMap((line) => [line, ...(line.includes(' ') ? [formForm(line)] : []), ...nonAsciiForms(line)]);
}

/** As a form has it (`application/x-www-form-urlencoded`), once its percent-encoding is read. */
function formForm(line: string): string {
  return line.replaceAll(' ', '+');
}

/** What else a value is written as, whole: for the runner, which knows no more than what it is told. */
export function writtenForms(secret: string): string[] {
  return [
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
  ];
}

/**
 * The base64 of a secret at each of the three places where it may begin within what was encoded, without the characters that its
 * neighbours have a part in (https://www.rfc-editor.org/rfc/rfc4648#section-4).
 */
export function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const cores = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const forms = [bytes.toString('base64'), ...cores];
  return [...new Set([...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))])];
}

/** The bytes of a secret as programs print them. */
export function hexForms(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex');
  return [hex, hex.toUpperCase()];
}

/** Text beyond ASCII as it stands in addresses, and as headers show its bytes. */
function nonAsciiForms(line: string): string[] {
  const bytes = Buffer.from(line);
  if (bytes.length === line.length) return [];
  const inAddress = [...line.toWellFormed()].map((letter) => (letter < '\u0080' ? letter : encodeURIComponent(letter)));
  return [inAddress.join(''), bytes.toString('latin1')];
}
