import { defined } from '../../base/defined.ts';
import { isObject, sameJson } from '../../base/json.ts';
import { append } from '../../base/lists.ts';
import { type Fault, fail, faulty, ok, type Problem, type Result } from '../../base/problem.ts';
import type { Mask } from '../../base/redaction/redactor.ts';
import { listWords, nameSome, quoted } from '../../base/text.ts';
import { readYaml } from '../../base/yaml.ts';
import { cutOffRemedy, describeDamage, describeMistaken, describePacking } from './mistaken.ts';
import { maskUsers } from './secrets.ts';

/** One kubeconfig text and where it came from. */
export interface KubeconfigText {
  /** How messages call it: an input's or a file's name. Never its content. */
  readonly origin: string;
  readonly text: string;
  /** The folder that relative paths inside it start from; absent for text that is no file. */
  readonly folder?: string;
}

/** An entry of one of the three lists, as it stands in its text. */
export interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly origin: string;
  readonly folder?: string;
}

/** Every text in one, as kubectl merges the files of KUBECONFIG. */
export interface MergedConfig {
  /** The names of all texts. */
  readonly origin: string;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly currentContext: string;
  /** What to do about what it lacks. */
  readonly remedy: string;
}

/** One text of it. */
type ReadConfig = Omit<MergedConfig, 'remedy'>;

export const REMEDY = 'Pass the content of a kubeconfig file (YAML, or the same in base64) in the input "kubeconfig".';

/** The lists, and the key that an entry's own fields stand under. */
const LISTS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
type List = keyof typeof LISTS;
const LIST_NAMES = Object.keys(LISTS) as List[];

/** Shorter text is a word, not the base64 of a kubeconfig. */
const MIN_BASE64 = 64;

/**
 * Reads kubeconfig texts, each with any number of documents, and merges them: the first that has a name, or a current context, wins
 * (client-go, clientcmd/loader.go). The secrets of all users are masked, before a problem quotes anything.
 */
export function loadConfigs(texts: readonly KubeconfigText[], mask: Mask): Result<MergedConfig> {
  const problems: Problem[] = [];
  const merged = { clusters: new Map<string, Entry>(), users: new Map(), contexts: new Map() };
  let currentContext = '';
  for (const text of texts.flatMap(documentsOf)) {
    const read = readText(text, mask);
    if (!read.ok) {
      append(problems, read.problems);
      continue;
    }
    currentContext ||= read.value.currentContext;
    for (const list of LIST_NAMES) {
      for (const entry of read.value[list].values()) {
        const first = merged[list].get(entry.name);
        if (first === undefined) merged[list].set(entry.name, entry);
        else if (text.isPart && !sameJson(first.value, entry.value)) problems.push(clash(list, entry));
      }
    }
  }
  if (problems.length > 0) return fail(problems);
  const origin = nameSome(texts.map((text) => text.origin));
  const lacking = LIST_NAMES.filter((list) => merged[list].size === 0);
  // Files may be parts of one another; of an input nothing follows.
  const remedy =
    lacking.length > 0 && texts.every(({ folder }) => folder === undefined) ? cutOffRemedy(lacking) : REMEDY;
  return ok({ ...merged, currentContext, origin, remedy });
}

/** A document of a text. */
interface KubeconfigDocument extends KubeconfigText {
  /** It is one of several of its text. */
  readonly isPart: boolean;
}

/**
 * Returns the documents of a text: parts of YAML between lines `---`, also within base64; and of a text without such a line the lines
 * that are each the base64 of a kubeconfig. So several secrets can be given one below the other.
 */
function documentsOf(text: KubeconfigText): KubeconfigDocument[] {
  const packed = text.text.replace(/\s+/g, '');
  const plain = isPacked(packed) ? unpack(packed) : text.text;
  const documents = plain.split(/^---(?:[ \t].*)?$/m).filter((part) => !isBlank(part));
  const parts = documents.length > 1 ? documents : packedLines(text.text);
  if (parts.length < 2) return [{ ...text, isPart: false }];
  return parts.map((part, index) => ({
    ...text,
    text: part,
    origin: `${text.origin}, document ${index + 1}`,
    isPart: true,
  }));
}

function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(#|$)/.test(line));
}

/** Returns the lines of a text, where each is a kubeconfig in base64: one of which the lines are only wrapped is one document. */
function packedLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.every((line) => isPacked(line.trim()) && readMapping(unpack(line), false).ok) ? lines : [];
}

/** kubectl would take the first one's: a context of the later document would lead to another cluster than it says. */
function clash(list: List, { name, origin }: Entry): Problem {
  return {
    kind: 'kubeconfig',
    subject: origin,
    message: `has another ${LISTS[list]} ${quoted(name)} than a document before it.`,
    remedy: 'All documents share their names: rename one of the two, also in the contexts that name it.',
  };
}

/** Words of a kubeconfig that no path has. */
const CONTENT_WORDS = ['apiVersion:', '"apiVersion"', 'current-context', 'certificate-authority-data', '"contexts"'];
/** The longest name of a file on any usual file system, in bytes. */
const MAX_FILE_NAME = 255;

/** Whether a text that should be a list of paths is the content of a kubeconfig, plain or in base64, damaged or not: nothing of it may be printed. */
export function looksLikeContent(text: string): boolean {
  const has = (plain: string): boolean => CONTENT_WORDS.some((word) => plain.includes(word));
  const names = text.split(/[/\\:;]/);
  return (
    /[\r\n]/.test(text) ||
    has(text) ||
    has(Buffer.from(text, 'base64').toString('latin1')) ||
    names.some((name) => Buffer.byteLength(name) > MAX_FILE_NAME)
  );
}

function readText(text: KubeconfigText, mask: Mask): Result<ReadConfig> {
  const { origin, folder } = text;
  const problem = (message: string, remedy = REMEDY): ReturnType<typeof fail> =>
    fail({ kind: 'kubeconfig', subject: origin, message, remedy });
  const decoded = decode(text);
  if (!decoded.ok) return problem(decoded.fault, decoded.remedy);
  const config = decoded.value;
  maskUsers(config.users, mask);
  const { kind, apiVersion } = config;
  if (isText(kind) && kind !== 'Config') return problem('is not a kubeconfig: its "kind" is not "Config".');
  if (isText(apiVersion) && apiVersion !== 'v1') return problem('is not a kubeconfig: its "apiVersion" is not "v1".');
  const current = config['current-context'] ?? '';
  if (typeof current !== 'string') return problem('has a "current-context" that is not text.', 'Put it in quotes.');
  const read = { clusters: new Map<string, Entry>(), users: new Map(), contexts: new Map() };
  for (const list of LIST_NAMES) {
    const entries: unknown = config[list] ?? [];
    if (!Array.isArray(entries)) return problem(`has "${list}" that is not a list.`);
    for (const [index, entry] of entries.entries()) {
      if (entry === null) continue;
      const name = isObject(entry) ? (entry.name ?? '') : undefined;
      if (!isObject(entry) || typeof name !== 'string')
        return problem(`has no name, or one that is not text, in ${list}[${index}].`);
      if (read[list].has(name)) {
        return problem(`has the name ${quoted(name)} twice in "${list}".`, 'Remove or rename one of the two.');
      }
      const value = entry[LISTS[list]];
      read[list].set(name, { name, value, origin, ...defined({ folder }) });
    }
  }
  return ok({ ...read, origin, currentContext: current });
}

type Decoded = Result<Readonly<Record<string, unknown>>, Fault & { readonly remedy?: string }>;

function decode({ text, folder }: KubeconfigText): Decoded {
  const plain = text.trim();
  // Of several files one may be empty, or hold null lists; kubectl makes such files itself.
  if (folder !== undefined && plain.split('\n').every((line) => /^\s*(#|---|$)/.test(line))) return ok({});
  const direct = readMapping(plain, folder !== undefined);
  if (direct.ok) return direct;
  const packed = plain.replace(/\s+/g, '');
  const unpacked = isPacked(packed) ? readMapping(unpack(packed), false) : undefined;
  if (unpacked?.ok) return unpacked;
  const bytes = Buffer.from(unpacked === undefined ? text : packed, unpacked === undefined ? 'utf8' : 'base64');
  const mistake =
    describePacking(bytes, (inner) => isPacked(inner) && readMapping(unpack(inner), false).ok) ??
    describeDamage(packed, unpacked?.fault) ??
    (folder === undefined ? describeMistaken(plain) : undefined);
  if (mistake !== undefined) return { ...faulty(`is not a kubeconfig: ${mistake.message}.`), remedy: mistake.remedy };
  return faulty(
    unpacked === undefined ? `is not a kubeconfig: ${direct.fault}.` : 'is base64, but not of a kubeconfig.',
  );
}

/** Whether a text may be the base64 of a kubeconfig. */
function isPacked(text: string): boolean {
  return text.length >= MIN_BASE64 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
}

function unpack(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/** A text's mapping, or what keeps it from being a kubeconfig, without quoting it: it holds credentials. */
function readMapping(text: string, isFile: boolean): Decoded {
  // kubectl reads YAML 1.1.
  const read = readYaml(text, { merge: true });
  if (!read.ok) {
    const { syntax, fault } = read;
    return faulty(syntax === undefined ? `it ${fault}` : `YAML error in line ${syntax.line}, ${syntax.reason}`);
  }
  const { value } = read;
  if (!isObject(value)) return faulty('it is not a YAML mapping');
  // One of several files may lack a list; what is missing altogether shows when the context is looked up.
  if (isFile || LIST_NAMES.some((list) => Object.hasOwn(value, list))) return ok(value);
  return faulty(`it has no list ${listWords(LIST_NAMES.map((list) => `"${list}"`))}`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
