import { isObject } from '../../src/base/json.ts';

/** A command that is offered, in a text or on a page. */
const COMMAND = /(?:`|<code>)(kubectl [^`<]+)/g;
/** Those that ask no cluster. */
const OF_NO_CLUSTER = /^kubectl (?:config|kustomize) /;

/**
 * Returns the kubectl commands in all texts of a value that ask a cluster and do not say which. What an error was caused by is shown
 * nowhere, and left out.
 */
export function commandsWithoutContext(value: unknown): string[] {
  if (typeof value === 'string') {
    return [...value.matchAll(COMMAND)]
      .map(([, command = '']) => command)
      .filter((command) => !OF_NO_CLUSTER.test(command) && !command.includes(' --context '));
  }
  if (Array.isArray(value)) return value.flatMap(commandsWithoutContext);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, one]) => (key === 'cause' ? [] : commandsWithoutContext(one)));
}
