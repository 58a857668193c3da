import { Diagnostics, type FilePosition } from '../../base/problem.ts';
import type { TextPosition, YamlNode } from '../../base/yaml-node.ts';
import { type SettingPlace, subjectAt } from '../../filter/written.ts';
import { describeManifestPlace } from '../manifest/manifest.ts';

/** Where a list of tests stands: in a file of the workspace (its own, or a manifest), or in the workflow's input. */
export type TestsOrigin = { readonly kind: 'file'; readonly file: string } | { readonly kind: 'input' };

/** What is being read: a value, the way of keys to it, and where what is wrong with it is told. */
export class Spot {
  readonly node: YamlNode;
  readonly path: string;
  readonly diagnostics: Diagnostics;
  readonly #origin: TestsOrigin;

  constructor(node: YamlNode, path: string, origin: TestsOrigin, diagnostics: Diagnostics = new Diagnostics()) {
    this.node = node;
    this.path = path;
    this.#origin = origin;
    this.diagnostics = diagnostics;
  }

  /** A value inside of it: `path` is its key or `[index]`. */
  inner(node: YamlNode, path: string): Spot {
    const joint = path.startsWith('[') || this.path === '' ? '' : '.';
    return new Spot(node, `${this.path}${joint}${path}`, this.#origin, this.diagnostics);
  }

  /** What messages call it, and where it stands if that is in a file. */
  get place(): SettingPlace {
    return placeAt(this.#origin, this.path, this.node.at);
  }

  /** Tells that something is wrong, at the value or at a place inside of it. */
  wrong(message: string, remedy: string, at: TextPosition = this.node.at): void {
    const place = placeAt(this.#origin, this.path, at);
    this.diagnostics.add({ kind: 'input', ...subjectAt(place), message, remedy });
  }
}

/** Returns what messages call a place in a list of tests, and where it stands if that is in a file. */
export function placeAt(origin: TestsOrigin, path: string, at: TextPosition): SettingPlace {
  if (origin.kind === 'input') {
    return { subject: `input "tests", line ${at.line}, column ${at.column}${path === '' ? '' : `: ${path}`}` };
  }
  const position: FilePosition = { file: origin.file, line: at.line, column: at.column };
  return { subject: describeManifestPlace({ at: position, path }), at: position };
}
