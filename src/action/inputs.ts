import { posix } from 'node:path';
import type { Problem } from '../base/problem.ts';
import { listWords } from '../base/text.ts';
import { nameFromFile } from '../filter/load.ts';
import { DIRECTIONS, FAIL_POLICIES, type FilterSettings, MOST_ORDER, parsePort } from '../filter/settings.ts';
import { isFilterName, MOST_NAME_CHARACTERS } from '../mesh/names.ts';
import { isNamespaceName } from '../targets/target.ts';
import { COMMANDS, type Command, INPUTS, type InputName } from './input-table.ts';

/** The action's inputs, read and checked. */
export interface Inputs {
  readonly command: Command;
  /** Path of the .wasm file. */
  readonly filter: string;
  readonly name: string;
  readonly targets: string;
  readonly targetsFile: string;
  readonly kubeconfig: string;
  readonly context: string;
  readonly namespace: string;
  readonly settings: FilterSettings;
  readonly timeoutMs: number;
  readonly wait: boolean;
}

/** Inputs and what is wrong with them. Where something is, a stand-in lets the other checks go on; it is never used. */
export interface InputsRead {
  readonly inputs: Inputs;
  readonly problems: readonly Problem[];
}

/** Gives an input's text as the runner passes it, untrimmed; the empty string when it is not set. */
export type ReadInput = (name: string) => string;

/** Reads every input once. Only this function asks the runner for inputs. */
export function readInputs(read: ReadInput): InputsRead {
  const problems: Problem[] = [];
  const text = (name: InputName): string => read(name).trim() || INPUTS[name].default;
  const wrong = (name: InputName, message: string, remedy: string): void => {
    problems.push({ kind: 'input', subject: `input "${name}"`, message, remedy });
  };
  const oneOf = <T extends string>(name: InputName, legal: readonly T[]): T => {
    const value = text(name);
    const known = legal.find((word) => word === value);
    if (known === undefined) wrong(name, `has the unknown value ${JSON.stringify(value)}.`, `Use ${listWords(legal)}.`);
    return known ?? (legal[0] as T);
  };

  const command = oneOf('command', COMMANDS);
  const filter = text('filter');
  if (filter === '') wrong('filter', 'is missing.', 'Set it to the path of the compiled .wasm file.');
  const name = readName(text('name'), filter, wrong);
  const targets = read('targets');
  const targetsFile = text('targets-file');
  if (targets.trim() === '' && targetsFile === '') {
    wrong(
      'targets',
      'is missing.',
      'List the workloads there, such as "- deployment/reviews", or in a file that "targets-file" names.',
    );
  }
  const port = text('port') === '' ? undefined : parsePort(text('port'));
  if (text('port') !== '' && port === undefined) {
    wrong(
      'port',
      `is ${JSON.stringify(text('port'))}.`,
      'A port is a whole number from 1 to 65535; leave it out for all ports.',
    );
  }
  const namespace = text('namespace');
  if (namespace !== '' && !isNamespaceName(namespace)) {
    wrong(
      'namespace',
      `is ${JSON.stringify(namespace)}, which Kubernetes does not allow.`,
      'Use lower-case letters, digits and "-".',
    );
  }
  const settings: FilterSettings = {
    rootId: text('root-id'),
    vmId: text('vm-id') || name,
    configuration: read('configuration'),
    direction: oneOf('direction', DIRECTIONS),
    ...(port === undefined ? {} : { port }),
    failPolicy: oneOf('fail-policy', FAIL_POLICIES),
    order: readOrder(text('order'), wrong),
    mountPath: readMountPath(text('mount-path'), name, wrong),
  };
  const timeoutMs = parseDuration(text('timeout'));
  if (timeoutMs === undefined) {
    wrong('timeout', `is ${JSON.stringify(text('timeout'))}.`, 'Write a time such as 90s, 10m or 1h30m.');
  }
  const inputs: Inputs = {
    command,
    filter,
    name,
    targets,
    targetsFile,
    kubeconfig: read('kubeconfig'),
    context: text('context'),
    namespace,
    settings,
    timeoutMs: timeoutMs ?? 0,
    wait: readWait(text('wait'), wrong),
  };
  return { inputs, problems };
}

type Wrong = (name: InputName, message: string, remedy: string) => void;

function readName(given: string, filter: string, wrong: Wrong): string {
  const name = given || nameFromFile(filter);
  if (isFilterName(name)) return name;
  const rule = `A name has at most ${MOST_NAME_CHARACTERS} lower-case letters, digits and "-", and starts and ends with a letter or digit.`;
  if (given !== '') wrong('name', `is ${JSON.stringify(given)}, which cannot name Kubernetes objects.`, rule);
  else if (filter !== '')
    wrong('name', `is not set, and the file's name ${JSON.stringify(name)} cannot be used instead.`, rule);
  return 'filter';
}

/** GitHub's own boolean inputs are YAML 1.2 booleans: true, True, TRUE and the same of false. */
function readWait(given: string, wrong: Wrong): boolean {
  if (/^(true|True|TRUE)$/.test(given)) return true;
  if (!/^(false|False|FALSE)$/.test(given)) {
    wrong('wait', `has the unknown value ${JSON.stringify(given)}.`, 'Use true or false.');
  }
  return false;
}

function readOrder(given: string, wrong: Wrong): number {
  const order = /^-?\d+$/.test(given) ? Number(given) : Number.NaN;
  if (Math.abs(order) <= MOST_ORDER) return order;
  wrong(
    'order',
    `is ${JSON.stringify(given)}.`,
    'Give a whole number; requests pass through filters of a lower order first.',
  );
  return 0;
}

function readMountPath(given: string, name: string, wrong: Wrong): string {
  const path = posix.normalize(given || `/var/local/lib/wasm-filters/${name}`).replace(/\/+$/, '');
  if (!path.startsWith('/') || path.includes(':')) {
    wrong(
      'mount-path',
      `is ${JSON.stringify(given)}.`,
      'Give an absolute folder in the proxy\'s container, without ":".',
    );
  }
  return path;
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };
/** The longest time a Node timer can hold. */
const MOST_MS = 2 ** 31 - 1;

/** A time such as `90s`, `10m` or `1h30m` in milliseconds; undefined for any other text and for zero. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d+)(h))?(?:(\d+)(m))?(?:(\d+)(s))?$/.exec(text);
  if (match === null) return undefined;
  let ms = 0;
  for (let at = 1; at < match.length; at += 2) ms += Number(match[at] ?? 0) * (UNITS_MS[match[at + 1] ?? ''] ?? 0);
  return ms > 0 && ms <= MOST_MS ? ms : undefined;
}
