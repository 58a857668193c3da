import { describePosition, type FilePosition, type Problem } from '../../base/problem.ts';
import type { YamlNode } from '../../base/yaml-node.ts';
import type { EntryPlace, TargetCluster } from '../../targets/target.ts';
import type { FilterInputName } from '../inputs/table.ts';

/** What a value of a manifest is, and where it stands. */
export interface ManifestValue {
  /** As the input of its key's name would have it. */
  readonly text: string;
  readonly place: ManifestPlace;
  /** Of a target list: its entries, without what only a manifest has, and where they stand. */
  /** Of tests: the value as it is written, so that each is told where it stands. */
  readonly node?: YamlNode;
  readonly list?: { readonly entries: readonly unknown[]; readonly places: readonly EntryPlace[] };
}

/** A place in a manifest. */
export interface ManifestPlace {
  readonly at: FilePosition;
  /** The way of keys and indexes to it: `filters[2].fail-policy`. */
  readonly path: string;
}

/** A filter of a manifest: its own values, and the defaults of its file for the rest. */
export interface ManifestFilter {
  readonly place: ManifestPlace;
  readonly values: ReadonlyMap<FilterInputName, ManifestValue>;
  /** Those whose values cannot be read, and those that were meant by keys that nothing reads. */
  readonly faulty: ReadonlySet<FilterInputName>;
  /** Whether nothing is wrong with its form, nor with what its file says for all filters. */
  readonly isValid: boolean;
}

/** A manifest that was read. */
export interface ManifestFile {
  /** Its path, from the workspace. */
  readonly file: string;
  /** Those that it names; empty where it leaves them to the run. */
  readonly clusters: readonly ManifestCluster[];
  readonly filters: readonly ManifestFilter[];
}

export interface ManifestCluster extends TargetCluster {
  readonly place: ManifestPlace;
}

/** `filters/shop.yaml:12:5: filters[2].fail-policy`: what messages call a place. */
export function describeManifestPlace({ at, path }: ManifestPlace): string {
  return `${describePosition(at)}${path === '' ? '' : `: ${path}`}`;
}

/** Something that is wrong at a place of a manifest. */
export function manifestProblem(place: ManifestPlace, message: string, remedy: string): Problem {
  return { kind: 'input', subject: describeManifestPlace(place), at: place.at, message, remedy };
}
