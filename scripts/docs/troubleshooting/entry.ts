import { joint, type Problem, type Result } from '../../../src/base/problem.ts';
import { blocks, literal, prose } from '../markdown.ts';

/** One error text, what it means and what to do. */
export interface Entry {
  /** What a reader searches for, as it is written. */
  readonly says: string;
  /** What of, where the text alone does not tell. */
  readonly of?: string;
  /** How others say the same, such as kubectl. */
  readonly also?: readonly string[];
  /** The whole sentence in which this action says it, where that is more. */
  readonly means?: string;
  readonly remedy: string;
}

/** Where a reader sees the texts of these entries. */
export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly intro: string;
  readonly entries: readonly Entry[];
}

/** Less than this around its key adds nothing to it but who is meant. */
const MIN_MORE = 45;

/** Returns the entry of a problem by a part of its own words. */
export function ofProblem(says: string, problem: Problem | undefined, also: readonly string[] = []): Entry {
  if (problem?.remedy === undefined) throw new Error(`There is no problem with a remedy for "${says}"`);
  const { subject, form, remedy } = problem;
  const means = `${subject === undefined ? '' : `${subject}${joint(form)}`}${problem.message}`;
  if (!means.includes(says)) throw new Error(`"${means}" does not say "${says}"`);
  return { says, also, remedy, ...(means.length - says.length > MIN_MORE && { means }) };
}

/** Returns the entry of the first problem of what has to fail. */
export function ofFailure(says: string, result: Result<unknown>, also: readonly string[] = []): Entry {
  return ofProblem(says, result.ok ? undefined : result.problems[0], also);
}

/** Returns the entry of what somebody else says, about which the code knows what helps. */
export function ofWords(says: string, remedy: string | undefined, more: Pick<Entry, 'of' | 'also'> = {}): Entry {
  if (remedy === undefined) throw new Error(`Nobody knows what helps against "${says}"`);
  return { says, remedy, ...more };
}

/** Returns entries of which those with the same remedy are one, by what the first of them says. */
export function togetherByRemedy(entries: readonly Entry[]): Entry[] {
  return [...Map.groupBy(entries, ({ remedy }) => remedy).values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const also = [first, ...others].flatMap((one) => [...(one === first ? [] : [one.says]), ...(one.also ?? [])]);
    return [{ ...first, also: [...new Set(also)] }];
  });
}

/** Returns a sentence as a search text. */
export function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** Returns a section in Markdown. */
export function renderSection({ title, intro, entries }: Section): string {
  return blocks(`## ${title}`, intro, entries.map(renderEntry));
}

function renderEntry({ says, of, also = [], means, remedy }: Entry): string {
  return blocks(
    `### ${literal(says)}${of === undefined ? '' : ` ${of}`}`,
    also.length === 0 ? undefined : `Also: ${also.map(literal).join(', ')}.`,
    means === undefined ? undefined : `> ${literal(means)}`,
    prose(remedy),
  );
}
