import { describeProblem, type Problem } from '../../src/base/problem.ts';

/** What a message begins with that goes on with its subject: a verb that agrees with one thing, or a modal verb. */
const PREDICATE =
  /^(is|was|has|had|does|did|cannot|can|could|must|may|would|will|should|behaves|chooses|contains|excludes|exports|expects|fails|failed|holds|imports|lends|lies|means|names|needs|places|rejects|requires|runs|says|selects|starts|takes|waited|waits)\b/;

/** Returns how those problems read whose messages do not stand beside their subjects as their form says; for a new verb, add it here. */
export function misread(problems: readonly Problem[]): string[] {
  return problems.flatMap((problem) => (fits(problem) ? [] : [`${formOf(problem)}: ${describeProblem(problem)}`]));
}

function formOf({ subject, form }: Problem): 'predicate' | 'clause' | 'sentence' {
  return form ?? (subject === undefined ? 'sentence' : 'predicate');
}

function fits(problem: Problem): boolean {
  const { message } = problem;
  switch (formOf(problem)) {
    case 'predicate':
      return PREDICATE.test(message);
    case 'clause':
      return !PREDICATE.test(message);
    case 'sentence':
      return /^\P{Ll}/u.test(message);
  }
}
