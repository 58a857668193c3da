import { listWords, thousands } from '../../base/text.ts';
import type { NothingToRemove, PresentFilter } from '../../deploy/report/removal-report.ts';
import { plain } from './text.ts';
import { sentences, whenWords } from './words.ts';

const MAX_NAMED = 5;

/** Where a removal has found nothing to do, and what is there instead; of a sweep, when there will be something to do. */
export function nothingSentence({ filters, namespaces, present }: NothingToRemove, isSweep: boolean): string {
  const where = `${namespaces.length === 1 ? 'namespace' : 'namespaces'} ${listNames(namespaces)}`;
  const of = filters.length === 0 ? present : present.filter(({ filter }) => filters.includes(filter));
  if (filters.length > 0 && of.length === 0) {
    const names = listNames(filters.map((name) => `"${name}"`));
    const what = filters.length === 1 ? `The filter ${names} is` : `The filters ${names} are`;
    return sentences(`${what} not in ${where}.`, othersSentence(present.map(({ filter }) => filter)));
  }
  if (!isSweep) return `Looked in ${where}.`;
  const unused = of.filter(({ workloads }) => workloads.length === 0);
  return sentences(
    `No filter has expired in ${where}.`,
    of.length === 0 ? othersSentence([]) : nextSentence(of),
    unused.length === 0
      ? ''
      : `No workload has the filter ${listNames(unused.map(({ filter }) => filter))}: objects without a workload are deleted once they are an hour old.`,
  );
}

/** Returns which filters there are instead. */
export function othersSentence(filters: readonly string[]): string {
  const names = [...new Set(filters)];
  return names.length === 0 ? 'No filter of this action is there.' : `Filters there: ${listNames(names)}.`;
}

function nextSentence(present: readonly PresentFilter[]): string {
  const [next] = present
    .filter(({ expires }) => expires !== undefined)
    .sort((a, b) => (a.expires ?? '').localeCompare(b.expires ?? ''));
  if (next?.expires === undefined) {
    return present.length === 1 ? 'The only filter there does not expire.' : 'None of the filters there expires.';
  }
  return `The next to expire is ${plain(next.filter, 63)} in ${plain(next.namespace, 63)}, at ${whenWords(next.expires)}.`;
}

function listNames(names: readonly string[]): string {
  const left = names.length - MAX_NAMED;
  const shown = names.slice(0, MAX_NAMED).map((name) => plain(name, 63));
  return listWords([...shown, ...(left > 0 ? [`${thousands(left)} more`] : [])], 'and');
}
