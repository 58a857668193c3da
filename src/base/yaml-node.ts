import { EVENT_ID, type Event, getScalarValue, parseEvents } from 'js-yaml';
import { isObject } from './json.ts';
import { ok, type Result } from './problem.ts';
import { readYaml, type YamlFault } from './yaml.ts';

/** A place in a text; both count from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A key of a mapping, and what it has. */
export interface YamlEntry {
  readonly key: string;
  readonly keyAt: TextPosition;
  readonly node: YamlNode;
}

/** A value of a YAML text, and where it is written. What an alias (`*name`) stands for is written at its anchor (`&name`). */
export class YamlNode {
  readonly value: unknown;
  readonly #shape: Shape;
  readonly #source: Source;

  constructor(value: unknown, shape: Shape, source: Source) {
    this.value = value;
    this.#shape = shape;
    this.#source = source;
  }

  get at(): TextPosition {
    return this.#source.positionOf(this.#shape.offset);
  }

  /** A scalar as it is written, which may be more than its value: `010`, `1e3`. `undefined` for a list or a mapping. */
  get text(): string | undefined {
    const { scalar } = this.#shape;
    return scalar && getScalarValue(this.#source.text, scalar);
  }

  /** The items of a list; none of anything else. */
  get items(): YamlNode[] {
    const { value } = this;
    if (!Array.isArray(value)) return [];
    return value.map((item, index) => this.#inner(item, this.#shape.inner[index]));
  }

  /** The entries of a mapping, in their order; none of anything else. */
  get entries(): YamlEntry[] {
    const { value } = this;
    if (!isObject(value)) return [];
    const entries: YamlEntry[] = [];
    const { inner } = this.#shape;
    for (let at = 0; at + 1 < inner.length; at += 2) {
      const scalar = inner[at]?.scalar;
      const key = scalar === undefined ? '' : getScalarValue(this.#source.text, scalar);
      const keyAt = this.#source.positionOf(inner[at]?.offset ?? this.#shape.offset);
      entries.push({ key, keyAt, node: this.#inner(Object.hasOwn(value, key) ? value[key] : null, inner[at + 1]) });
    }
    return entries;
  }

  /** The node with another value in its place. */
  with(value: unknown): YamlNode {
    return this.#inner(value);
  }

  #inner(value: unknown, shape: Shape = this.#shape): YamlNode {
    return new YamlNode(value, shape, this.#source);
  }
}

/** Reads one YAML document as `readYaml` does, within the same limits, and keeps where each value is written. */
export function readYamlNode(text: string): Result<YamlNode, YamlFault> {
  const read = readYaml(text);
  if (!read.ok) return read;
  const source = new Source(text);
  return ok(new YamlNode(read.value, shapeOf(source), source));
}

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;

/** Where a node is written, and what is written inside: items, or keys and values in turn. */
interface Shape {
  readonly offset: number;
  readonly scalar?: ScalarEvent;
  readonly inner: Shape[];
}

/** A text whose places can be told by line and column. */
class Source {
  readonly text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) this.#starts.push(index + end.length);
  }

  positionOf(offset: number): TextPosition {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

/** Makes the tree of shapes of the parser's events: a list of what begins, with an event for each end. */
function shapeOf({ text }: Source): Shape {
  const root: Shape = { offset: 0, inner: [] };
  const open: Shape[] = [root];
  const anchors = new Map<string, Shape>();
  // Where nothing is written, as behind `key:`, that is told of what comes before it.
  let last = 0;
  for (const event of parseEvents(text, { maxDepth: Number.MAX_SAFE_INTEGER })) {
    if (event.type === EVENT_ID.POP) {
      open.pop();
      continue;
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      open.push(root);
      continue;
    }
    const parent = open.at(-1) ?? root;
    const anchor = event.anchorStart < 0 ? undefined : text.slice(event.anchorStart, event.anchorEnd);
    if (event.type === EVENT_ID.ALIAS) {
      parent.inner.push(anchors.get(anchor ?? '') ?? { offset: event.anchorStart, inner: [] });
      continue;
    }
    const isScalar = event.type === EVENT_ID.SCALAR;
    const start = isScalar ? event.valueStart : event.start;
    last = start < 0 ? last : start;
    const shape: Shape = { offset: last, inner: [], ...(isScalar && { scalar: event }) };
    if (anchor !== undefined) anchors.set(anchor, shape);
    parent.inner.push(shape);
    if (!isScalar) open.push(shape);
  }
  return root.inner[0] ?? root;
}
