import { FLOORS, importedBy, innerRoomOf, ROOMS, roomOf, type Source } from './rooms.ts';

/** What stands around the picture in CONTRIBUTING.md. */
const BEGIN = '<!-- npm run rooms writes what follows -->';
const END = '<!-- npm run rooms: end -->';

/** By node, the nodes that it imports. */
type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the document with the picture of the rooms between its marks; throws where it has no such place. */
export function withPicture(document: string, sources: readonly Source[]): string {
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('the document has no place for the picture');
  return `${before}${BEGIN}\n${drawRooms(sources)}\n${END}${after}`;
}

/**
 * Returns diagrams (https://mermaid.js.org/syntax/flowchart.html) in Markdown: the rooms of `src`, and folded for each room with
 * rooms of its own, those.
 */
export function drawRooms(sources: readonly Source[]): string {
  const arrows = reduced(arrowsBetween(sources, ROOMS, roomOf));
  const outer = diagram([...ROOMS.map((room) => `  ${node(room, room)}`), ...lines(arrows, idOf)]);
  const inner = Object.entries(FLOORS).map(([room, floors]) => {
    const code = diagram(drawInner(sources, room, floors.flat()));
    return `<details><summary><code>src/${room}/</code></summary>\n\n${code}\n\n</details>`;
  });
  return [outer, ...inner].join('\n\n');
}

function diagram(code: readonly string[]): string {
  return ['```mermaid', 'flowchart TD', ...code, '```'].join('\n');
}

function drawInner(sources: readonly Source[], room: string, names: readonly string[]): string[] {
  const arrows = reduced(
    arrowsBetween(
      sources.filter((source) => source.room === room),
      names,
      (path) => (roomOf(path) === room ? innerRoomOf(path) : ''),
    ),
  );
  const idIn = (name: string): string => idOf(name === '.' ? `${room}/files` : `${room}/${name}`);
  return [...names.map((name) => `  ${idIn(name)}["${name === '.' ? `${room}/*.ts` : name}"]`), ...lines(arrows, idIn)];
}

function arrowsBetween(
  sources: readonly Source[],
  names: readonly string[],
  nameOf: (path: string) => string,
): ReadonlyMap<string, Set<string>> {
  const arrows = new Map(names.map((name) => [name, new Set<string>()]));
  for (const source of sources) {
    const from = nameOf(source.path);
    for (const to of importedBy(source).map(nameOf)) if (to !== from && arrows.has(to)) arrows.get(from)?.add(to);
  }
  return arrows;
}

/** The arrows without those that a way of others stands for. There is no circle among them: the table of the rooms says so. */
function reduced(arrows: Arrows): Arrows {
  const below = (name: string): Set<string> =>
    new Set([...(arrows.get(name) ?? [])].flatMap((next) => [next, ...below(next)]));
  return new Map(
    [...arrows].map(([name, next]) => {
      const byOthers = new Set([...next].flatMap((other) => [...below(other)]));
      return [name, next.difference(byOthers)];
    }),
  );
}

/** In the order of the table, so that equal imports make an equal picture. */
function lines(arrows: Arrows, id: (name: string) => string): string[] {
  const names = [...arrows.keys()];
  return names.flatMap((from) =>
    names.filter((to) => arrows.get(from)?.has(to)).map((to) => `  ${id(from)} --> ${id(to)}`),
  );
}

function node(name: string, label: string): string {
  return `${idOf(name)}["${label}"]`;
}

/** Mermaid takes neither dots nor slashes in a name. */
function idOf(name: string): string {
  return name.replace(/\W/g, '_');
}
