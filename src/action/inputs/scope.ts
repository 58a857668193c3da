import { listWords, quoted } from '../../base/text.ts';
import type { Command } from '../../deploy/report/report.ts';
import { isFilterName, MAX_NAME_CHARACTERS } from '../../mesh/identity/names.ts';
import { isNamespaceName } from '../../targets/target.ts';
import { nameFromFilter } from './origin.ts';
import type { InputReader } from './reader.ts';

/** Which filter a run is about, and where. */
export interface InputScope {
  /** Path of the .wasm file, or where else the filter is; empty for none. */
  readonly filter: string;
  /** The filter's name; empty for every filter. */
  readonly name: string;
  /** Text of the target list, and the path of the file with another; empty for none. */
  readonly targets: string;
  readonly targetsFile: string;
  /** Empty for the context's; more than one only where there is no target list. */
  readonly namespaces: readonly string[];
}

/** These load the file; the others find what is in the cluster. */
const LOADING: readonly Command[] = ['deploy', 'plan', 'render', 'check'];
/** A filter can be checked wherever it is to go. */
const WITHOUT_TARGETS: readonly Command[] = ['check'];

/** Reads which filter is meant and where, and asks for what the command cannot do without. */
export function readScope(reader: InputReader): InputScope {
  const { command } = reader;
  const filter = reader.text('filter');
  const targets = reader.raw('targets');
  const targetsFile = reader.text('targets-file');
  const listed = targets.trim() !== '' || targetsFile !== '';
  if (!reader.commandUnknown && LOADING.includes(command)) {
    if (filter === '')
      reader.wrong(
        'filter',
        'is missing.',
        'Set it to the path of the compiled .wasm file, or to its oci:// or https:// address.',
      );
    if (!listed && !WITHOUT_TARGETS.includes(command)) {
      reader.wrong(
        'targets',
        'is missing.',
        'List the workloads there, such as "- deployment/reviews", or in a file that "targets-file" names.',
      );
    }
  }
  return { filter, name: readName(reader, filter), targets, targetsFile, namespaces: readNamespaces(reader, listed) };
}

function readName(reader: InputReader, filter: string): string {
  const given = reader.text('name');
  const name = given || nameFromFilter(filter);
  // What is wrong with the reference is said already.
  if (name === undefined) return '';
  if (isFilterName(name)) return name;
  const rule = `A name has at most ${MAX_NAME_CHARACTERS} lower-case letters, digits and "-", and starts and ends with a letter or digit.`;
  if (given !== '') {
    reader.wrong('name', `is ${quoted(given)}, which cannot name Kubernetes objects.`, rule);
  } else if (filter !== '') {
    reader.wrong('name', `is not set, and the file's name ${quoted(name)} cannot be used instead.`, rule);
  } else if (reader.command === 'remove') {
    reader.wrong('name', 'is missing.', 'Name the filter to remove; "command: status" lists those that are there.');
  }
  return '';
}

function readNamespaces(reader: InputReader, listed: boolean): string[] {
  const { command } = reader;
  const given = reader.text('namespace');
  const namespaces = [...new Set(given.split(/[\s,]+/).filter((word) => word !== ''))];
  for (const namespace of namespaces) {
    if (isNamespaceName(namespace)) continue;
    reader.wrong(
      'namespace',
      `${namespaces.length > 1 ? 'has' : 'is'} ${quoted(namespace)}, which Kubernetes does not allow.`,
      'Use lower-case letters, digits and "-".',
    );
  }
  if (given !== '' && namespaces.length === 0) {
    reader.wrong('namespace', `is ${quoted(given)}, which names none.`, 'Name a namespace, or leave it out.');
  }
  if (given === '' && command === 'sweep' && !listed) {
    reader.wrong(
      'namespace',
      'is missing.',
      'Name the namespaces to sweep, separated by commas, or list workloads in "targets".',
    );
  }
  if (namespaces.length > 1 && !reader.commandUnknown) {
    const several = `names ${listWords(namespaces, 'and')}`;
    if (LOADING.includes(command)) {
      reader.wrong(
        'namespace',
        `${several}, but "command: ${command}" takes only one: the namespace of targets that name none.`,
        'Name one, and write the others into the target list, such as "shop/deployment/reviews".',
      );
    } else if (listed) {
      reader.wrong(
        'namespace',
        `${several}; with a target list, it takes only one: the namespace of targets that name none.`,
        'Name one namespace, or leave the target list out to mean every workload of these namespaces.',
      );
    }
  }
  return namespaces;
}
