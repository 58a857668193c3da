import { isObject } from '../../../../src/base/json.ts';

type Node = Readonly<Record<string, unknown>>;

/** Returns the properties that a schema defines, as paths within its document: `$defs/target/steps/configMap`. */
export function definedProperties(document: Node): Set<string> {
  const found = new Set<string>();
  walkDefined(document, '', found);
  for (const [name, node] of Object.entries((document.$defs ?? {}) as Node)) walkDefined(node as Node, name, found);
  return found;
}

function walkDefined(node: Node, path: string, found: Set<string>): void {
  for (const [name, property] of Object.entries((node.properties ?? {}) as Node)) {
    found.add(`${path}/${name}`);
    walkDefined(property as Node, `${path}/${name}`, found);
  }
  for (const child of childrenOf(node)) walkDefined(child, path, found);
}

/** Adds the properties of a schema that a valid value has to `found`, by the same paths. */
export function walkUsed(document: Node, node: Node, value: unknown, path: string, found: Set<string>): void {
  if (typeof node.$ref === 'string') {
    const name = node.$ref.replace('#/$defs/', '');
    walkUsed(document, (document.$defs as Node)[name] as Node, value, name, found);
    return;
  }
  if (Array.isArray(value)) for (const item of value) walkUsed(document, node.items as Node, item, path, found);
  else if (isObject(value)) {
    for (const one of (node.oneOf ?? []) as Node[]) {
      if (fits(document, one, value)) walkUsed(document, one, value, path, found);
    }
    for (const [name, property] of Object.entries((node.properties ?? {}) as Node)) {
      if (!(name in value)) continue;
      found.add(`${path}/${name}`);
      walkUsed(document, property as Node, (value as Node)[name], `${path}/${name}`, found);
    }
  }
}

/** Whether what tells the alternatives of a schema apart, words and constants, is that of this one. */
function fits(document: Node, node: Node, value: object): boolean {
  const target =
    typeof node.$ref === 'string' ? ((document.$defs as Node)[node.$ref.replace('#/$defs/', '')] as Node) : node;
  return Object.entries((target.properties ?? {}) as Record<string, Node>).every(([name, property]) => {
    const given = (value as Node)[name];
    if ('const' in property) return given === property.const;
    return !Array.isArray(property.enum) || given === undefined || property.enum.includes(given);
  });
}

function childrenOf(node: Node): Node[] {
  const { items, additionalProperties, oneOf = [] } = node;
  return [items, additionalProperties, ...(oneOf as unknown[])].filter((child): child is Node => isObject(child));
}

/** Returns every schema within a document that describes a value, with its path. */
export function describedNodes(node: Node, path = ''): [string, Node][] {
  const properties = Object.entries((node.properties ?? {}) as Node);
  const below = [
    ...properties.map(([name, child]): [string, Node] => [`${path}/${name}`, child as Node]),
    ...Object.entries((node.$defs ?? {}) as Node).map(([name, child]): [string, Node] => [
      `$defs/${name}`,
      child as Node,
    ]),
    ...childrenOf(node).map((child): [string, Node] => [`${path}/…`, child]),
  ];
  return [...below, ...below.flatMap(([at, child]) => describedNodes(child, at))];
}
