import { resolve } from 'node:path';
import type { Problem, Result } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import type { YamlNode } from '../../base/yaml-node.ts';
import type { Missing, RolloutPolicy } from '../../deploy/policy.ts';
import type { Command } from '../../deploy/report/report.ts';
import type { DeployRequest } from '../../deploy/request.ts';
import type { ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import type { TargetList } from '../../targets/parse.ts';
import { type ClusterInputs, readClusters } from './cluster-choice.ts';
import { type FilterInputs, readFilterInputs } from './filter.ts';
import { ignoring, policyWarnings, readPolicy } from './policy.ts';
import { readProxies } from './proxies.ts';
import { type Environment, InputReader, inputPlace, type PlaceOfInput, type ReadInput } from './reader.ts';
import { type InputName, isFilterInput } from './table.ts';
import { findUnknownInputs } from './unknown.ts';

export { type FilterInputs, UNNAMED } from './filter.ts';
export type { ReadInput } from './reader.ts';

/** What only a deployment is told. */
export type DeployOptions = Pick<DeployRequest, 'settingsChange' | 'prune' | 'keepRevisions'>;

/** The inputs that are the run's, whichever filters it is about. */
export interface RunInputs extends ClusterInputs {
  readonly command: Command;
  /** Paths or patterns of the manifests. */
  readonly manifests: readonly string[];
  readonly policy: RolloutPolicy;
  readonly runOptions: DeployOptions;
  /** The folder that `render` writes to, from the workspace. */
  readonly renderTo: string;
  /** The proxies that `check` is about, oldest first; empty for all that are known. */
  readonly proxies: readonly ProxyVersion[];
  /** What a removal makes of a filter that is not there. */
  readonly missing: Missing;
  /** The reviewed plan, by its digest or its report file; empty for none. */
  readonly expectPlan: string;
  /** Whether a run fails where others have changed what an earlier one left. */
  readonly failOnDrift: boolean;
  /** Whether a status fails where a filter has crashed. */
  readonly failOnCrash: boolean;
  /** The file of the workspace that the complete report is written to; empty for none. */
  readonly reportFile: string;
  /** The file of the workspace that the results of tests are written to as JUnit XML; empty for none. */
  readonly junitFile: string;
  readonly comment: CommentInputs;
}

/** What is said of the comment on a pull request. */
export interface CommentInputs {
  readonly isWanted: boolean;
  /** What tells it from the comments of other runs; the empty string for what the run itself has. */
  readonly key: string;
  /** The context `matrix` of the job as JSON: `null` outside of a matrix, and anything where no runner has filled it in. */
  readonly matrix: string;
  /** Whether it shows values of configuration and environment. */
  readonly showConfiguration: boolean;
}

/** The action's inputs, read and checked. What means nothing to the command has its default. */
export interface Inputs extends RunInputs, FilterInputs {}

/** What is said of one filter, in the inputs or in a manifest, and what is wrong with it. */
export interface FilterRead {
  readonly inputs: FilterInputs;
  /** Where it says so. */
  readonly place: PlaceOfInput;
  /** The values that something is wrong with. */
  readonly faulty: ReadonlySet<InputName>;
  /** Whether nothing is wrong with what is said of it beside its values: no key that nothing reads, no name that another one has. */
  readonly isValid: boolean;
  /** Its target list, where a manifest has it as YAML; omitted where it is a text. */
  readonly targetList?: TargetList;
  /** Its tests, where a manifest has them; omitted where they are a text, or there are none. */
  readonly testList?: WrittenValue;
  /** What `deploy` would read of it, for `status`, which compares; omitted where nothing says more than its name. */
  readonly asDeployed?: Result<FilterInputs>;
}

/** A value of a file of the workspace as it is written there: its file, and the way of keys to it. */
export interface WrittenValue {
  readonly node: YamlNode;
  readonly file: string;
  readonly path: string;
}

/** Inputs and what is wrong with them. Where something is, a stand-in lets the other checks go on; it is never used. */
export interface InputsRead {
  readonly inputs: Inputs;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** The inputs that something is wrong with. */
  readonly faulty: ReadonlySet<InputName>;
  /** The filter that the inputs themselves are about; omitted where they only say what a manifest leaves out. */
  readonly own?: FilterRead;
}

const MAX_KEPT_REVISIONS = 20;

/**
 * Reads every input once. Only this function asks the runner for inputs. `environment` tells which ones were set that there are
 * none of.
 */
export function readInputs(read: ReadInput, environment: Environment = {}): InputsRead {
  const reader = new InputReader(read);
  const manifests = reader.lines('manifest');
  // Together with a manifest, inputs that name no filter fill in what it leaves out, and are checked with what it says.
  const isOwn = manifests.length === 0 || reader.text('filter') !== '';
  const filter = readFilterInputs(isOwn ? reader : new InputReader(read));
  const policy = readPolicy(reader, filter.settings.port);
  const inputs: Inputs = {
    ...filter,
    command: reader.command,
    manifests,
    ...readClusters(reader),
    policy,
    runOptions: readOptions(reader),
    renderTo: reader.text('render-to'),
    proxies: readProxies(reader),
    missing: reader.oneOf('missing'),
    expectPlan: readExpectPlan(reader),
    failOnDrift: reader.boolean('fail-on-drift'),
    failOnCrash: reader.boolean('fail-on-crash'),
    reportFile: readReportFile(reader, environment),
    junitFile: readJunitFile(reader, environment),
    comment: {
      isWanted: reader.oneOf('comment') === 'auto',
      key: reader.text('comment-key'),
      matrix: reader.raw('matrix'),
      showConfiguration: reader.boolean('show-configuration'),
    },
  };
  // What `deploy` would give a manifest's filters is what `status` compares them with.
  const compares = reader.command === 'status' && !isOwn;
  const meaningless = reader.meaningless().filter((name) => !(compares && isSetting(name)));
  const warnings = [
    ...(meaningless.length === 0 ? [] : [ignoring(meaningless, `to "command: ${reader.command}"`)]),
    ...policyWarnings(reader, policy),
  ];
  const unknown = findUnknownInputs(environment);
  // What was meant by a mistyped name is not known either.
  const meant = unknown.flatMap((one) => one.meant ?? []);
  const faulty = new Set([...reader.faulty, ...meant]);
  return {
    inputs,
    problems: [...unknown.map(({ problem }) => problem), ...reader.problems],
    warnings,
    faulty,
    ...(isOwn && { own: { inputs: filter, place: inputPlace, faulty, isValid: unknown.length === 0 } }),
  };
}

/** What is one filter's and makes no other revision of it, or is never in common to several. */
const NO_SETTINGS: readonly InputName[] = [
  'sha256',
  'on-new-digest',
  'push-to',
  'check',
  'attestation',
  'adopt',
  'expires',
  'tests',
  'tests-file',
];

/** Whether an input is a setting that a manifest's filters may have in common. */
function isSetting(name: InputName): boolean {
  return isFilterInput(name) && !NO_SETTINGS.includes(name);
}

/** A removal cannot be planned, so nobody can have reviewed what it does. */
function readExpectPlan(reader: InputReader): string {
  if (reader.isSet('expect-plan') && (reader.command === 'remove' || reader.command === 'sweep')) {
    const message = `is set, but "command: ${reader.command}" has no plan that somebody could have reviewed.`;
    reader.wrong('expect-plan', message, 'Leave it out: "plan" says what "deploy" would do.');
  }
  return reader.text('expect-plan');
}

/** The inputs that name files which a run reads, a line each. */
const READ_FILES = ['filter', 'manifest', 'targets-file', 'tests-file', 'expect-plan'] as const;

/** A run removes what an earlier one has left in the place of its report. */
function readReportFile(reader: InputReader, environment: Environment): string {
  const file = reader.text('report-file');
  const other = namedBy(READ_FILES, file, reader, environment);
  if (other === undefined) return file;
  const message = `is the file of the input "${other}", which the report of this run would replace.`;
  reader.wrong('report-file', message, 'Give the report a path of its own, such as "deploy.json".');
  return '';
}

/** The results of tests as XML have a file of their own. */
function readJunitFile(reader: InputReader, environment: Environment): string {
  const file = reader.text('junit-file');
  const other = namedBy([...READ_FILES, 'report-file'], file, reader, environment);
  if (other === undefined) return file;
  reader.wrong('junit-file', `is the file of the input "${other}".`, 'Give it a path of its own, such as "junit.xml".');
  return '';
}

/** Which of some inputs names a file, too. */
function namedBy<N extends InputName>(
  inputs: readonly N[],
  file: string,
  reader: InputReader,
  { GITHUB_WORKSPACE = '.' }: Environment,
): N | undefined {
  if (file === '') return undefined;
  const path = resolve(GITHUB_WORKSPACE, file);
  return inputs.find((name) => reader.lines(name).some((line) => resolve(GITHUB_WORKSPACE, line) === path));
}

function readOptions(reader: InputReader): DeployOptions {
  const keepRevisions = reader.wholeNumber(
    'keep-revisions',
    0,
    MAX_KEPT_REVISIONS,
    `Give a whole number from 0 to ${MAX_KEPT_REVISIONS}.`,
  );
  return {
    settingsChange: reader.oneOf('settings'),
    prune: reader.boolean('prune'),
    keepRevisions: keepRevisions ?? 0,
  };
}
