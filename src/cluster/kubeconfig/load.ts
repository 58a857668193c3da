import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';
import { isObject } from '../../base/json.ts';
import { append } from '../../base/lists.ts';
import { bad, type Checked, good, type Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';

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
}

export const REMEDY = 'Pass the content of a kubeconfig file (YAML, or the same in base64) in the input "kubeconfig".';

/** The lists, and the key that an entry's own fields stand under. */
const LISTS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
type List = keyof typeof LISTS;
const LIST_NAMES = Object.keys(LISTS) as List[];

/** kubectl reads YAML 1.1, in which `<<` takes over the keys of another mapping. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);
/** Shorter text is a word, not the base64 of a kubeconfig. */
const MIN_BASE64 = 64;
/** A kubeconfig of a thousand clusters has some 30,000. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 100;

/** Reads kubeconfig texts and merges them: the first that has a name, or a current context, wins (client-go, clientcmd/loader.go). */
export function loadConfigs(texts: readonly KubeconfigText[]): Checked<MergedConfig> {
  const problems: Problem[] = [];
  const merged = { clusters: new Map<string, Entry>(), users: new Map(), contexts: new Map() };
  let currentContext = '';
  for (const text of texts) {
    const read = readText(text);
    if (!read.ok) {
      append(problems, read.problems);
      continue;
    }
    currentContext ||= read.value.currentContext;
    for (const list of LIST_NAMES) {
      for (const entry of read.value[list].values()) {
        if (!merged[list].has(entry.name)) merged[list].set(entry.name, entry);
      }
    }
  }
  if (problems.length > 0) return bad(problems);
  return good({ ...merged, currentContext, origin: texts.map(({ origin }) => origin).join(', ') });
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

function readText(text: KubeconfigText): Checked<MergedConfig> {
  const { origin, folder } = text;
  const problem = (message: string, remedy = REMEDY): ReturnType<typeof bad> =>
    bad({ kind: 'kubeconfig', subject: origin, message, remedy });
  const decoded = decode(text);
  if ('fault' in decoded) return problem(decoded.fault);
  const config = decoded.value;
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
      if (!isObject(entry) || typeof name !== 'string') return problem(`has no text as name in ${list}[${index}].`);
      if (read[list].has(name)) {
        return problem(`has the name "${name}" twice in "${list}".`, 'Remove or rename one of the two.');
      }
      const value = entry[LISTS[list]];
      read[list].set(name, { name, value, origin, ...(folder === undefined ? {} : { folder }) });
    }
  }
  return good({ ...read, origin, currentContext: current });
}

type Decoded = { readonly value: Readonly<Record<string, unknown>> } | { readonly fault: string };

function decode({ text, folder }: KubeconfigText): Decoded {
  const plain = text.trim();
  // Of several files one may be empty, or hold null lists; kubectl makes such files itself.
  if (folder !== undefined && plain.split('\n').every((line) => /^\s*(#|---|$)/.test(line))) return { value: {} };
  const direct = readYaml(plain, folder !== undefined);
  if ('value' in direct) return direct;
  const packed = plain.replace(/\s+/g, '');
  if (packed.length >= MIN_BASE64 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(packed)) {
    const decoded = readYaml(Buffer.from(packed, 'base64').toString('utf8'), false);
    return 'value' in decoded ? decoded : { fault: 'is base64, but not of a kubeconfig.' };
  }
  return { fault: `is not a kubeconfig: ${direct.fault}.` };
}

/** A text's mapping, or what keeps it from being a kubeconfig, without quoting it: it holds credentials. */
function readYaml(text: string, isFile: boolean): Decoded {
  try {
    const value = load(text, { schema: SCHEMA });
    if (!isObject(value)) return { fault: 'it is not a YAML mapping' };
    if (countNodes(value, MAX_NODES) < 0) return { fault: 'it expands to too many values' };
    // One of several files may lack a list; what is missing altogether shows when the context is looked up.
    if (isFile || LIST_NAMES.some((list) => Object.hasOwn(value, list))) return { value };
    return { fault: `it has no list ${listWords(LIST_NAMES.map((list) => `"${list}"`))}` };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // js-yaml quotes names of aliases and tags, which a token that starts with "*" or "!" is taken for.
    const [reason] = error.reason.split(/["!:<]/, 1);
    return { fault: `YAML error in line ${(error.mark?.line ?? 0) + 1}, ${reason?.trim()}` };
  }
}

/** How many more values may follow, with aliases as often as they are named; negative once there are too many, or too deep ones. */
function countNodes(value: unknown, left: number, depth = 0): number {
  if (depth > MAX_DEPTH) return -1;
  let rest = left - 1;
  if (typeof value !== 'object' || value === null) return rest;
  for (const inner of Object.values(value)) {
    if (rest < 0) break;
    rest = countNodes(inner, rest, depth + 1);
  }
  return rest;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
