import { defined } from '../../base/defined.ts';
import { isNonEmpty } from '../../base/lists.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { listWords, nearestNames, quoted } from '../../base/text.ts';
import type { Command } from '../../deploy/report/report.ts';
import { subjectAt } from '../../filter/written.ts';
import { readTargetList, type TargetList } from '../../targets/parse.ts';
import { readFilterInputs } from '../inputs/filter.ts';
import type { FilterInputs, FilterRead, InputsRead, WrittenValue } from '../inputs/inputs.ts';
import { InputReader, inputPlace, type PlaceOfInput, type ReadInput } from '../inputs/reader.ts';
import {
  FILTER_INPUTS,
  type FilterInputName,
  INPUTS,
  type InputName,
  isFilterInput,
  isInputOf,
} from '../inputs/table.ts';
import { type ManifestFiles, readManifestTexts } from './find-files.ts';
import { DEFAULTS_KEYS, OWN_KEYS } from './keys.ts';
import {
  describeManifestPlace,
  type ManifestCluster,
  type ManifestFile,
  type ManifestFilter,
  type ManifestValue,
  manifestProblem,
} from './manifest.ts';
import { parseManifest } from './parse.ts';

/** The filters of a run, wherever they are said, and the clusters that manifests name. */
export interface FiltersRead {
  /** Those of the manifests, in their order, then that of the inputs. */
  readonly filters: readonly FilterRead[];
  readonly clusters: readonly ManifestCluster[];
  /** Whether the input "name" has chosen some of a manifest's filters, so that the others are not among them. */
  readonly isChoice: boolean;
  readonly problems: readonly Problem[];
}

/** Reads what the run's filters are: those of the manifests, and that of the inputs. */
export async function readFilters(read: InputsRead, readInput: ReadInput, files: ManifestFiles): Promise<FiltersRead> {
  const own = read.own === undefined ? [] : [read.own];
  if (read.inputs.manifests.length === 0) return { filters: own, clusters: [], isChoice: false, problems: [] };
  const diagnostics = new Diagnostics();
  const texts = await readManifestTexts(read.inputs.manifests, files, diagnostics);
  const manifests = texts.map(({ file, text }) => diagnostics.unwrapPartial(parseManifest(file, text)));
  const { filters, isChoice, problems } = manifestFilters(manifests, read, readInput);
  diagnostics.add(problems);
  const clusters = manifests.flatMap((manifest) => manifest.clusters);
  return { filters, clusters, isChoice, problems: diagnostics.problems };
}

/** The filters of manifests that were read, with what the inputs say for all of them. A pure function but for `readInput`. */
function manifestFilters(
  manifests: readonly ManifestFile[],
  read: InputsRead,
  readInput: ReadInput,
): Omit<FiltersRead, 'clusters'> {
  const isShared = sharedInputs({ command: read.inputs.command, own: read.own });
  const found = manifests.flatMap((manifest) =>
    manifest.filters.map((filter): FoundFilter => {
      const source = new FilterSource(filter, (name) => (isShared(name as InputName) ? readInput(name) : ''));
      const differences = source.differences();
      const reader = new InputReader(source.read, source.place);
      const inputs = readFilterInputs(reader);
      const targets = filter.values.get('targets');
      const asked: FilterRead = {
        inputs,
        place: source.place,
        faulty: new Set([...reader.faulty, ...filter.faulty]),
        isValid: filter.isValid && differences.length === 0,
        ...(targets !== undefined && { targetList: targetListOf(targets) }),
        ...defined({ testList: testListOf(filter) }),
        ...(read.inputs.command === 'status' && { asDeployed: readAsDeployed(filter, read, readInput) }),
      };
      return { filter: asked, problems: [...differences, ...reader.problems] };
    }),
  );
  const names = namesToChoose(read, readInput);
  const chosen = names.length === 0 ? found : found.filter(({ filter }) => names.includes(filter.inputs.name));
  const all = [...chosen.map(({ filter }) => filter), ...(read.own === undefined ? [] : [read.own])];
  const problems = [
    ...chosen.flatMap((one) => one.problems),
    ...unknownNames(names, found),
    ...ofNoFilter(read, readInput),
    ...sameNames(all),
    ...severalRegistries(all),
  ];
  return {
    filters: all.map((filter) => (isDuplicate(filter, all) ? { ...filter, isValid: false } : filter)),
    isChoice: names.length > 0,
    problems,
  };
}

/** A filter of a manifest, and what is wrong with what it says. */
interface FoundFilter {
  readonly filter: FilterRead;
  readonly problems: readonly Problem[];
}

/** Reads what `deploy` would read of a filter. */
function readAsDeployed(filter: ManifestFilter, { own }: InputsRead, readInput: ReadInput): Result<FilterInputs> {
  const isShared = sharedInputs({ command: 'deploy', own });
  const source = new FilterSource(filter, (name) =>
    name === 'command' ? 'deploy' : isShared(name as InputName) ? readInput(name) : '',
  );
  const reader = new InputReader(source.read, source.place);
  const inputs = readFilterInputs(reader);
  const problems = [...reader.problems, ...source.differences()];
  return isNonEmpty(problems) ? fail(problems) : ok(inputs);
}

function testListOf({ values }: ManifestFilter): WrittenValue | undefined {
  const { node, place } = values.get('tests') ?? {};
  return node && place && { node, file: place.at.file, path: place.path };
}

function targetListOf({ place, text, list }: ManifestValue): TargetList {
  const origin = describeManifestPlace(place);
  const { at } = place;
  if (list === undefined) return { ...readTargetList(origin, text), at };
  return { origin, at, content: ok(list.entries), placeOf: (index) => list.places[index] ?? { origin } };
}

/**
 * Returns which inputs fill in what a manifest leaves out: those that a manifest can have defaults of. Together with the input
 * "filter" they describe that filter, and only the namespace is everybody's.
 */
function sharedInputs({
  command,
  own,
}: {
  readonly command: Command;
  readonly own: FilterRead | undefined;
}): (name: InputName) => boolean {
  const shared: readonly InputName[] = own === undefined ? DEFAULTS_KEYS : ['namespace'];
  return (name) => !isFilterInput(name) || (shared.includes(name) && isInputOf(command, name));
}

/** The two forms of one thing: a target list. */
const OTHER_LIST: Partial<Readonly<Record<InputName, FilterInputName>>> = {
  targets: 'targets-file',
  'targets-file': 'targets',
};

/** What is said of one filter of a manifest, asked for as inputs are. */
class FilterSource {
  readonly #filter: ManifestFilter;
  readonly #shared: ReadInput;

  constructor(filter: ManifestFilter, shared: ReadInput) {
    this.#filter = filter;
    this.#shared = shared;
  }

  readonly read: ReadInput = (given) => {
    const name = given as InputName;
    const value = isFilterInput(name) ? this.#filter.values.get(name) : undefined;
    if (value !== undefined) return value.text;
    // The list of the inputs is not added to one of the manifest.
    const other = OTHER_LIST[name];
    if (other !== undefined && this.#filter.values.has(other)) return '';
    return this.#shared(name);
  };

  readonly place: PlaceOfInput = (name) => {
    if (!isFilterInput(name)) return inputPlace(name);
    const { values, place } = this.#filter;
    const value = values.get(name);
    if (value === undefined && this.#isSet(name)) return inputPlace(name);
    if (value !== undefined) return { subject: describeManifestPlace(value.place), at: value.place.at };
    const { at } = place;
    return { subject: describeManifestPlace({ at, path: `${place.path}.${name}` }), at, isUnset: true };
  };

  /** What the inputs say and the manifest says differently: nobody knows which of the two is meant. */
  differences(): Problem[] {
    const values = FILTER_INPUTS.flatMap((name) => {
      const value = this.#filter.values.get(name);
      if (value === undefined || !this.#isSet(name)) return [];
      if (this.#shared(name).trim() === (value.text.trim() || INPUTS[name].default)) return [];
      const message = `says something else than the input "${name}".`;
      return [manifestProblem(value.place, message, 'Keep it in one of the two places, or write the same in both.')];
    });
    return [...values, ...this.#otherLists()];
  }

  #otherLists(): Problem[] {
    return FILTER_INPUTS.flatMap((name) => {
      const other = OTHER_LIST[name];
      const value = other && this.#filter.values.get(other);
      if (value === undefined || this.#filter.values.has(name) || !this.#isSet(name)) return [];
      const message = `is set, and so is the input "${name}", which is a target list, too.`;
      return [manifestProblem(value.place, message, 'Keep one of the two lists.')];
    });
  }

  #isSet(name: FilterInputName): boolean {
    return !['', INPUTS[name].default].includes(this.#shared(name).trim());
  }
}

/**
 * The commands for which some of a manifest's filters can be chosen by their names. Those that bring filters to workloads bring all of
 * them: where each stands among the others of a workload follows from all.
 */
const CHOOSING: readonly Command[] = ['check', 'status', 'remove'];

/**
 * What describes one filter, and stands in the inputs beside filters that all have their own: without the input "filter" there is none
 * that it could be of.
 */
function ofNoFilter({ inputs: { command }, own }: InputsRead, readInput: ReadInput): Problem[] {
  if (own !== undefined) return [];
  return OWN_KEYS.filter(
    (name) =>
      isInputOf(command, name) && readInput(name).trim() !== '' && !(name === 'name' && CHOOSING.includes(command)),
  ).map((name) => ({ kind: 'input', ...inputPlace(name), ...(name === 'name' ? notChosen(command) : notOfOne(name)) }));
}

function notChosen(command: Command): Pick<Problem, 'message' | 'remedy'> {
  return {
    message: `is set, but "command: ${command}" is about every filter of the manifest: the order of a workload's filters follows from all of them.`,
    remedy: `Leave it out; it chooses filters for "check", "status" and "remove" alone. To rename a filter, set "name" in the manifest. Together with the input "filter", it is the name of one more filter.`,
  };
}

function notOfOne(name: FilterInputName): Pick<Problem, 'message' | 'remedy'> {
  return {
    message: 'is set, but says nothing of the filters of the manifest, each of which has its own.',
    remedy: `Write "${name}" to the filter of the manifest that it is for; together with the input "filter" it is about a further one.`,
  };
}

/** The names that choose filters of the manifests; none for all of them. */
function namesToChoose({ inputs: { command }, own }: InputsRead, readInput: ReadInput): string[] {
  if (own !== undefined || !CHOOSING.includes(command)) return [];
  return [...new Set(readInput('name').split(/[\s,]+/))].filter((name) => name !== '');
}

/** Names that choose nothing. */
function unknownNames(names: readonly string[], found: readonly FoundFilter[]): Problem[] {
  const known = found.map(({ filter }) => filter.inputs.name).filter((name) => name !== '');
  const there =
    known.length === 0 ? 'It has none.' : `There ${known.length === 1 ? 'is' : 'are'} ${listWords(known, 'and')}.`;
  return names
    .filter((name) => !known.includes(name))
    .map((name): Problem => {
      const [near] = nearestNames(name, known, 1);
      return {
        kind: 'input',
        ...inputPlace('name'),
        message: `${names.length === 1 ? 'is' : 'has'} ${quoted(name)}, which no manifest has.`,
        remedy: `${near === undefined ? '' : `Did you mean "${near}"? `}${there}`,
      };
    });
}

/** The login of the inputs goes to one registry: nobody else is to see it. */
function severalRegistries(filters: readonly FilterRead[]): Problem[] {
  const hosts = [...new Set(filters.flatMap(({ inputs }) => inputs.from.login?.host ?? []))];
  if (hosts.length < 2) return [];
  return [
    {
      kind: 'input',
      ...inputPlace('registry-username'),
      message: `is a login for one registry, and the filters name ${listWords(hosts, 'and')}.`,
      remedy: 'Log in to each of them in an earlier step, such as docker/login-action, and leave the input out.',
    },
  ];
}

/** Whether another filter has the name: nobody knows which of the two is meant. */
function isDuplicate({ inputs: { name } }: FilterRead, all: readonly FilterRead[]): boolean {
  return name !== '' && all.filter((other) => other.inputs.name === name).length > 1;
}

/** What is wrong with filters that have the name of another one: the cluster would know one of them. */
function sameNames(filters: readonly FilterRead[]): Problem[] {
  const first = new Map<string, FilterRead>();
  return filters.flatMap((filter): Problem[] => {
    const { name } = filter.inputs;
    const before = first.get(name);
    if (name === '') return [];
    if (before === undefined) {
      first.set(name, filter);
      return [];
    }
    const message = `is "${name}", which is the name of another filter already: ${before.place('name').subject}.`;
    return [
      { kind: 'input', ...subjectAt(filter.place('name')), message, remedy: 'Give each filter a name of its own.' },
    ];
  });
}
