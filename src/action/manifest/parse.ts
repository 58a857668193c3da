import { isObject } from '../../base/json.ts';
import { unknownKeys } from '../../base/keys.ts';
import { Diagnostics, type PartialResult, partialResult } from '../../base/problem.ts';
import { listWords, nearestNames, quoted } from '../../base/text.ts';
import { readYamlNode, type YamlEntry, type YamlNode } from '../../base/yaml-node.ts';
import type { EntryPlace, TargetCluster } from '../../targets/target.ts';
import type { FilterInputName } from '../inputs/table.ts';
import {
  CLUSTER_KEYS,
  DEFAULTS_KEYS,
  elsewhereThan,
  FILTER_KEYS,
  MANIFEST_KEYS,
  MANIFEST_VERSION,
  MAX_CLUSTER_WAVE,
  type Owner,
} from './keys.ts';
import {
  describeManifestPlace,
  type ManifestCluster,
  type ManifestFile,
  type ManifestFilter,
  type ManifestPlace,
  type ManifestValue,
  manifestProblem,
} from './manifest.ts';
import { mergedEntries, mergedValue } from './merge-keys.ts';
import { fromWorkspace, inputText } from './values.ts';

const FORM = 'Write a mapping with "version: 1" and a list "filters"; docs/manifest.md has every key.';

/** Reads a manifest: everything that is wrong with its form, and what can be made of the rest. `file` is its path from the workspace. */
export function parseManifest(file: string, text: string): PartialResult<ManifestFile> {
  const parser = new ManifestParser(file);
  const read = readYamlNode(text);
  if (read.ok) return partialResult(parser.manifest(read.value), parser.diagnostics.problems);
  const { line = 1, column = 1 } = read.syntax ?? {};
  const message = read.syntax === undefined ? `${read.fault}.` : `is not valid YAML: ${read.syntax.reason}.`;
  const problem = manifestProblem({ at: { file, line, column }, path: '' }, message, read.syntax?.remedy ?? FORM);
  return partialResult({ file, clusters: [], filters: [] }, [problem]);
}

type Values = ReadonlyMap<FilterInputName, ManifestValue>;

/** What a filter or the defaults say, and the keys of which nobody knows what they were to say. */
type OwnValues = Readonly<{ values: Values; faulty: ReadonlySet<FilterInputName> }>;

class ManifestParser {
  readonly diagnostics = new Diagnostics();
  readonly #file: string;
  #clusters: readonly ManifestCluster[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  manifest(root: YamlNode): ManifestFile {
    const place = this.#place(root, '');
    const keys = this.#mapping(root, place, 'manifest', MANIFEST_KEYS, FORM);
    const file = this.#file;
    if (keys === undefined) return { file, clusters: [], filters: [] };
    this.#version(keys.get('version'), place);
    this.#clusters = this.#readClusters(keys.get('clusters'));
    const defaults = this.#values(keys.get('defaults')?.node, 'defaults', 'defaults', DEFAULTS_KEYS);
    const filters = this.#filters(keys.get('filters'), defaults, place);
    return { file, clusters: this.#clusters, filters };
  }

  #place({ at }: Pick<YamlNode, 'at'>, path: string): ManifestPlace {
    return { at: { file: this.#file, ...at }, path };
  }

  #wrong(place: ManifestPlace, message: string, remedy: string): void {
    this.diagnostics.add(manifestProblem(place, message, remedy));
  }

  /** The entries of a mapping by their keys, those that are known; `undefined` if it is none. */
  #mapping(
    node: YamlNode,
    place: ManifestPlace,
    owner: Owner,
    known: readonly string[],
    remedy: string,
  ): ReadonlyMap<string, YamlEntry> | undefined {
    if (!isObject(node.value)) {
      this.#wrong(place, `is ${quoted(node.value)}, which is not a mapping.`, remedy);
      return undefined;
    }
    const { entries, mergeKeys } = mergedEntries(node);
    this.#refuseMerging(mergeKeys, place.path);
    for (const { key, keyAt } of entries) {
      const [unknown] = unknownKeys({ [key]: true }, known, '', elsewhereThan(owner));
      if (unknown === undefined) continue;
      this.#wrong(this.#place({ at: keyAt }, place.path), unknown.message, unknown.remedy);
    }
    return new Map(entries.filter(({ key }) => known.includes(key)).map((entry) => [entry.key, entry]));
  }

  #refuseMerging(mergeKeys: readonly YamlEntry[], path: string): void {
    for (const { keyAt } of mergeKeys) {
      const remedy = 'Write the keys themselves; what filters have in common goes under "defaults".';
      this.#wrong(this.#place({ at: keyAt }, path), 'has the merge key "<<", which is not read.', remedy);
    }
  }

  #version(entry: YamlEntry | undefined, root: ManifestPlace): void {
    if (entry?.node.value === MANIFEST_VERSION) return;
    const remedy = `Write "version: ${MANIFEST_VERSION}".`;
    if (entry === undefined) this.#wrong(root, 'has no "version".', remedy);
    else {
      const message = `is ${quoted(entry.node.value)}, which this version of the action does not know.`;
      this.#wrong(this.#place(entry.node, 'version'), message, remedy);
    }
  }

  #readClusters(entry: YamlEntry | undefined): ManifestCluster[] {
    if (entry === undefined) return [];
    const form = 'Write a name for each cluster, with its context of the kubeconfig: {staging: {context: staging}}.';
    const { node } = entry;
    const place = this.#place(node, 'clusters');
    if (!isObject(node.value) || node.entries.length === 0) {
      this.#wrong(place, `is ${quoted(node.value)}, which names no cluster.`, form);
      return [];
    }
    return node.entries.map(({ key: name, keyAt, node: cluster }): ManifestCluster => {
      const own = this.#place({ at: keyAt }, `clusters.${name}`);
      const keys = cluster.value === null ? undefined : this.#mapping(cluster, own, 'cluster', CLUSTER_KEYS, form);
      const context = keys?.get('context')?.node;
      if (context !== undefined && (context.text ?? '').trim() === '') {
        this.#wrong(this.#place(context, `${own.path}.context`), `is ${quoted(context.value)}.`, form);
      }
      return { name, place: own, context: context?.text ?? name, wave: this.#wave(keys?.get('wave')?.node, own) };
    });
  }

  #wave(node: YamlNode | undefined, { path }: ManifestPlace): number {
    if (node === undefined) return 0;
    const { value } = node;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_CLUSTER_WAVE) return value;
    const remedy = `It is added to the waves of the cluster's targets; give a whole number from 0 to ${MAX_CLUSTER_WAVE}.`;
    this.#wrong(this.#place(node, `${path}.wave`), `is ${quoted(value)}.`, remedy);
    return 0;
  }

  #filters(entry: YamlEntry | undefined, defaults: OwnValues, root: ManifestPlace): ManifestFilter[] {
    const form = 'List the filters: "- {name: add-header, filter: add-header.wasm, targets: [deployment/reviews]}".';
    if (entry === undefined) {
      this.#wrong(root, 'has no "filters".', form);
      return [];
    }
    const { node } = entry;
    const place = this.#place(node, 'filters');
    if (!Array.isArray(node.value) || node.value.length === 0) {
      this.#wrong(place, `is ${quoted(node.value)}, which lists no filter.`, form);
      return [];
    }
    // What is wrong with the rest of the file is so for each of them.
    const { ok: isSound } = this.diagnostics;
    return node.items.map((item, index): ManifestFilter => {
      const path = `filters[${index}]`;
      const before = this.diagnostics.problems.length;
      const own = this.#values(item, path, 'filter', FILTER_KEYS);
      return {
        place: this.#place(item, path),
        values: withDefaults(own.values, defaults.values),
        faulty: own.faulty.union(defaults.faulty),
        isValid: isSound && this.diagnostics.problems.length === before,
      };
    });
  }

  #values(
    node: YamlNode | undefined,
    path: string,
    owner: 'defaults' | 'filter',
    known: readonly FilterInputName[],
  ): OwnValues {
    const values = new Map<FilterInputName, ManifestValue>();
    const faulty = new Set<FilterInputName>();
    if (node === undefined || (owner === 'defaults' && node.value === null)) return { values, faulty };
    const keys = this.#mapping(node, this.#place(node, path), owner, known, 'Write its keys and values as a mapping.');
    const written = Object.fromEntries(mergedEntries(node).entries.map(({ key }) => [key, true]));
    // What was meant by a mistyped key is not known either.
    for (const { meant } of unknownKeys(written, known, '', elsewhereThan(owner))) {
      const key = known.find((one) => one === meant);
      if (key !== undefined) faulty.add(key);
    }
    for (const key of known) {
      const entry = keys?.get(key);
      if (entry === undefined) continue;
      const value = this.#value(key, entry, `${path}.${key}`);
      if (value !== undefined) values.set(key, value);
      else faulty.add(key);
    }
    return { values, faulty };
  }

  #value(key: FilterInputName, { node }: YamlEntry, path: string): ManifestValue | undefined {
    const place = this.#place(node, path);
    const list = key === 'targets' && Array.isArray(node.value) ? this.#targets(node, path) : undefined;
    const text = inputText(key, list === undefined ? node : node.with(list.entries));
    if (!text.ok) {
      this.#wrong(place, `${text.fault}.`, 'docs/manifest.md has an example of every key.');
      return undefined;
    }
    const value = { text: fromWorkspace(key, text.value, this.#file), place };
    if (key === 'tests' && node.value !== null) return { ...value, node };
    return list === undefined ? value : { ...value, list };
  }

  /** A target list without what only a manifest has, and where its entries stand. */
  #targets(node: YamlNode, path: string): NonNullable<ManifestValue['list']> {
    const places = node.items.map((item, index): EntryPlace => {
      const place = this.#place(item, `${path}[${index}]`);
      const { entries, mergeKeys } = mergedEntries(item);
      this.#refuseMerging(mergeKeys, place.path);
      const named = entries.find(({ key }) => key === 'clusters');
      const clusters = named === undefined ? this.#clusters : this.#clustersOf(named.node, `${place.path}.clusters`);
      return { origin: describeManifestPlace(place), at: place.at, ...(clusters.length > 0 && { clusters }) };
    });
    return { entries: node.items.map((item) => withoutClusters(mergedValue(item))), places };
  }

  #clustersOf(node: YamlNode, path: string): readonly TargetCluster[] {
    const names = Array.isArray(node.value) ? node.items : [node];
    if (names.length === 0)
      this.#wrong(this.#place(node, path), 'is an empty list; it names no cluster.', NAME_CLUSTERS);
    const known = this.#clusters.map(({ name }) => name);
    return names.flatMap((item) => {
      const cluster = this.#clusters.find(({ name }) => name === item.text);
      if (cluster !== undefined) return [cluster];
      const [near] = nearestNames(item.text ?? '', known, 1);
      const meant = near === undefined ? '' : `Did you mean "${near}"? `;
      const there = known.length === 0 ? NAME_CLUSTERS : `The manifest has ${listWords(known, 'and')}.`;
      this.#wrong(this.#place(item, path), `names the unknown cluster ${quoted(item.value)}.`, `${meant}${there}`);
      return [];
    });
  }
}

const NAME_CLUSTERS = 'Name clusters that the manifest has under "clusters".';

/** A list of targets says where the filter goes, however it is given: one of a filter's own takes the place of both defaults. */
function withDefaults(own: Values, defaults: Values): Values {
  const listed = own.has('targets') || own.has('targets-file');
  const others = [...defaults].filter(([key]) => !(listed && (key === 'targets' || key === 'targets-file')));
  return new Map([...others, ...own]);
}

function withoutClusters(entry: unknown): unknown {
  if (!isObject(entry) || !Object.hasOwn(entry, 'clusters')) return entry;
  return Object.fromEntries(Object.entries(entry).filter(([key]) => key !== 'clusters'));
}
