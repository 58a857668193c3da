import type { Explanation } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';

/** Returns what to write, where a secret has that name. */
export function writeSecret(name = 'KUBECONFIG'): string {
  return `Write "kubeconfig: \${{ secrets.${name} }}"; the secret holds the content of the file.`;
}

const AS_IT_IS = 'Store the file as it is in the secret, or once in base64 (`base64 -w0 FILE`).';
const WHOLE =
  'Store the whole file in the secret, as `kubectl config view --raw --flatten` prints it, or once in base64 (`base64 -w0 FILE`).';

/** No reference is longer; what is may be the secret itself. */
const MAX_REFERENCE = 300;

/** What somebody writes who means the content: what it is, and what to do. */
interface Reference {
  /** Its first group is the name of a secret or variable, if it has one. */
  readonly form: RegExp;
  readonly is: string;
  readonly remedy: (name: string | undefined) => string;
}

const BY_VARIABLE =
  'Pass the content of the file, or leave the input out and set the environment variable KUBECONFIG of the step to the whole path; nobody expands "~" or "$HOME" there.';

const REFERENCES: readonly Reference[] = [
  {
    form: /^\*+$/,
    is: 'it is "***", which logs show in place of a secret',
    remedy: () => writeSecret(),
  },
  {
    form: /^\$?\{{1,2}\s*(?:\w+\.)+([\w-]+)\s*\}{1,2}$/,
    is: 'it is an expression that was not evaluated',
    remedy: writeSecret,
  },
  {
    form: /^(?:secrets|vars|env|inputs|steps|needs|github)\.(?:[\w-]+\.)*([\w-]+)$/,
    is: 'it is the name of a secret or variable, not its content',
    remedy: writeSecret,
  },
  {
    form: /^\$(?:env:)?\{?(\w+)\}?$|^%(\w+)%$/i,
    is: 'it is a variable of a shell, and no shell reads inputs',
    remedy: writeSecret,
  },
  { form: /^(?:\$\(|`|cat )/, is: 'it is a command, and no shell reads inputs', remedy: () => writeSecret() },
  {
    form: /^(?:~|\.{0,2}[\\/]|[a-z]:[\\/]|file:).|^[\w./\\-]+\.(?:ya?ml|json|conf|config|kubeconfig)$|^[\w./\\-]*\.kube[\\/]\w+$/i,
    is: 'it is the path of a file, not its content',
    remedy: () => BY_VARIABLE,
  },
  {
    form: /^https?:\/\/./i,
    is: 'it is the address of a server alone',
    remedy: () => writeSecret(),
  },
  {
    form: /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*|(?=.{0,100}kube)[\w-]{1,100})$/,
    is: 'it is the name of a secret or variable, not its content',
    remedy: writeSecret,
  },
  { form: /^\[?object(?: Object)?\]?$/i, is: 'it is all secrets instead of one', remedy: () => writeSecret() },
];

/** Only names that tell what they are of are repeated: anything else may be secret itself. */
const NAME = /^(?=.*kube)[\w-]{1,64}$/i;

/** Parts of what a kubeconfig holds, without the rest. */
const PARTS: readonly (readonly [form: RegExp, is: string])[] = [
  [/^-----BEGIN /, 'it is a certificate or a key alone'],
  [/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/, 'it is a token alone'],
];

/**
 * Returns what an input is that was to be the content of a kubeconfig: a name, a path, or a part of one; `undefined` if that is not
 * known. Nothing of it is quoted but the name of a secret.
 */
export function describeMistaken(text: string): Explanation | undefined {
  const word = text.trim();
  const part = PARTS.find(([form]) => form.test(word));
  if (part !== undefined) return { message: part[1], remedy: WHOLE };
  if (word.length > MAX_REFERENCE) return undefined;
  for (const { form, is, remedy } of REFERENCES) {
    const match = form.exec(word);
    if (match === null) continue;
    const name = match.slice(1).find((group) => group !== undefined);
    return { message: is, remedy: remedy(name !== undefined && NAME.test(name) ? name : undefined) };
  }
  return undefined;
}

const starts = (bytes: Uint8Array, ...magic: readonly number[]): boolean =>
  magic.every((byte, at) => bytes[at] === byte);

/**
 * Returns what is wrong with the bytes that a text holds in base64, or a file: how they are packed; `undefined` if they are not.
 * `isKubeconfig` says whether base64 has a kubeconfig inside.
 */
export function describePacking(bytes: Uint8Array, isKubeconfig: (text: string) => boolean): Explanation | undefined {
  // Of text, bytes that are no UTF-8 have been replaced.
  const isGzip = starts(bytes, 0x1f, 0x8b) || starts(bytes, 0x1f, 0xef, 0xbf, 0xbd) || starts(bytes, 0x1f, 0xc2, 0x8b);
  if (isGzip) return { message: 'it is packed by gzip', remedy: `Unpack it. ${AS_IT_IS}` };
  if (starts(bytes, 0x50, 0x4b, 0x03, 0x04)) return { message: 'it is a zip file', remedy: `Unpack it. ${AS_IT_IS}` };
  if (starts(bytes, 0xff, 0xfe) || starts(bytes, 0xfe, 0xff) || (bytes[0] !== 0 && bytes[1] === 0)) {
    const remedy = `Write it in UTF-8 (PowerShell: \`Set-Content -Encoding utf8\`). ${AS_IT_IS}`;
    return { message: 'it is text in UTF-16', remedy };
  }
  const text = Buffer.from(bytes).toString('utf8').trim();
  return isKubeconfig(text.replace(/\s+/g, ''))
    ? { message: 'it is in base64 twice', remedy: `Encode it once. ${AS_IT_IS}` }
    : undefined;
}

/** How the base64 of `apiVersion` and `{"apiVersion` begin. */
const BEGINNINGS = ['YXBpVmVyc2lvb', 'eyJhcGlWZXJzaW9'];

/**
 * Returns why the base64 of a kubeconfig has none: it is cut off, or has what base64 has not; `undefined` if it begins as no
 * kubeconfig. `fault` is what the parser says of what it decodes to; `undefined` where it cannot be decoded.
 */
export function describeDamage(packed: string, fault: string | undefined): Explanation | undefined {
  if (!BEGINNINGS.some((beginning) => packed.replace(/^b?["']/, '').startsWith(beginning))) return undefined;
  return fault === undefined
    ? {
        message: 'it is base64 with characters that base64 does not have',
        remedy: `Leave out what is around it. ${AS_IT_IS}`,
      }
    : { message: `it is the base64 of one that is cut off or damaged: ${fault}`, remedy: WHOLE };
}

/** What to do about a text that lacks what every whole kubeconfig has. */
export function cutOffRemedy(lists: readonly string[]): string {
  return `It has no ${listWords(lists)}, so it may be cut off. ${WHOLE}`;
}
