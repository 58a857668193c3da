import { listWords, nearestNames } from '../base/text.ts';
import type { Selector } from './selector.ts';

type Labels = Readonly<Record<string, string>>;

const MAX_VALUES = 5;

/**
 * Returns what to write instead of the label of a selector that none of some objects has, the values that the label has there, or the
 * nearest label where none has it; `undefined` if each of its labels is there. `noun` is what the objects are: `namespace`.
 */
export function labelRemedy({ requirements }: Selector, objects: readonly Labels[], noun: string): string | undefined {
  for (const requirement of requirements) {
    const { key } = requirement;
    const values = [
      ...new Set(objects.flatMap((labels) => (Object.hasOwn(labels, key) ? labels[key] : undefined) ?? [])),
    ].sort();
    if (values.length === 0 && requirement.operator !== 'absent' && requirement.operator !== 'notin') {
      const [near] = nearestNames(key, new Set(objects.flatMap((labels) => Object.keys(labels))), 1);
      return near === undefined
        ? `Use a label that a ${noun} has: none has ${key}.`
        : `Change ${key}, which no ${noun} has, to ${near}.`;
    }
    if (requirement.operator !== 'in' || requirement.values.some((value) => values.includes(value))) continue;
    const [near] = nearestNames(requirement.values[0] ?? '', values, 1);
    if (near === undefined) return `Use a value that ${key} has there: ${listWords(values, 'or', MAX_VALUES)}.`;
    const others = values.filter((value) => value !== near);
    const more = others.length === 0 ? '' : ` Other values of ${key} there: ${listWords(others, 'and', MAX_VALUES)}.`;
    return `Change it to ${key}=${near}.${more}`;
  }
  return undefined;
}
