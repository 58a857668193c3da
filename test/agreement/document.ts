import { sentence, truncate } from '../../src/base/text.ts';
import { agreementOf, type Comparison, type Proxies } from './compare.ts';
import type { EnvoyVerdict } from './envoy.ts';
import type { Answer } from './http.ts';
import type { CheckVerdict, OurVerdict } from './ours.ts';

/** A chapter of the table with everybody's verdicts. */
export interface ComparedChapter {
  readonly title: string;
  readonly comparisons: readonly Comparison[];
}

const AGREEMENTS = { yes: 'yes', left: 'left to Envoy', no: '**no**' } as const;
const MAX_CHARACTERS = 140;

/** docs/agreement.md: every filter of the suite with what the check, the trial run and real Envoys say of it. */
export function renderDocument(chapters: readonly ComparedChapter[], { newest, older }: Proxies): string {
  const all = chapters.flatMap(({ comparisons }) => comparisons);
  const count = (wanted: string): number => all.filter((one) => agreementOf(one) === wanted).length;
  return `# Agreement with Envoy

What the check and the trial run say of ${all.length} filters, and what real Envoys do with them: each is started with the filter
configured as this action's EnvoyFilter does it, and gets two requests.

| they agree | left to Envoy, because the trial run can say nothing | they disagree |
| :-- | :-- | :-- |
| ${count('yes')} | ${count('left')} | ${count('no')} |

Made and compared by \`npm run test:agreement\`; after a wanted change \`UPDATE_GOLDEN=1 npm run test:agreement\` writes it anew. The same
suite tries every host function of the tables on both Envoys, and compares what host functions answer in random filters.
What the tests of a filter come to is compared in [agreement-tests.md](agreement-tests.md).

A trial run that says nothing, or in which only the request fails, is no reason to reject. The last column is empty where
Envoy ${older.version} does the same as ${newest.version}; what the check and the trial run say for that version stands before it where it
differs.

${chapters.map((chapter) => renderChapter(chapter, newest.version, older.version)).join('\n')}`;
}

function renderChapter({ title, comparisons }: ComparedChapter, newest: string, older: string): string {
  const rows = comparisons.map((comparison) => {
    const { fixture, ours, envoy } = comparison;
    const cells = [fixture.name, checkWords(ours.check), trialWords(ours.trial), envoyWords(envoy)];
    return [...cells, AGREEMENTS[agreementOf(comparison)], olderWords(comparison)];
  });
  const head = ['filter', 'check', 'trial run', `Envoy ${newest}`, 'agree', `Envoy ${older}`];
  return [`## ${title}`, '', row(head), row(head.map(() => ':--')), ...rows.map(row), ''].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => truncate(cell, MAX_CHARACTERS).replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`;
}

function checkWords({ problems: [problem], warnings }: CheckVerdict): string {
  if (problem !== undefined) return `rejects: ${problem}`;
  return warnings.length > 0 ? 'passes with a warning' : 'passes';
}

function trialWords(trial: OurVerdict['trial']): string {
  switch (trial.state) {
    case 'passed': {
      const status = trial.headers?.response?.find(([name]) => name === ':status')?.[1];
      return `passes, ${status ?? 'no answer'}`;
    }
    case 'refused':
      return `rejects (${trial.step}): ${sentence(trial.reason)}`;
    case 'crashed':
      return `ends the proxy (${trial.step}): ${sentence(trial.reason)}`;
    case 'trapped':
      return `fails (${trial.step}): ${sentence(trial.reason)}`;
    case 'timeout':
      return `not in time (${trial.step})`;
    case 'inconclusive':
      return `says nothing: ${sentence(trial.why)}`;
  }
}

function envoyWords(envoy: EnvoyVerdict): string {
  switch (envoy.state) {
    case 'refuses':
      return `rejects: ${sentence(envoy.reason)}`;
    case 'ends':
      return `ends with ${envoy.signal}${envoy.onRequest ? ' on the request' : ''}`;
    case 'serves': {
      const [first, next] = [answerWords(envoy.answer), answerWords(envoy.next)];
      return `serves, ${first}${first === next ? '' : `, then ${next}`}`;
    }
  }
}

function answerWords(answer: Answer): string {
  if (answer.state === 'answered') return String(answer.status);
  return answer.state === 'held' ? 'no answer' : 'connection reset';
}

function olderWords({ ours, envoy, older }: Comparison): string {
  const [check, trial] = [checkWords(older.ours.check), trialWords(older.ours.trial)];
  const words = [
    ...(check === checkWords(ours.check) ? [] : [`check ${check}`]),
    ...(trial === trialWords(ours.trial) ? [] : [`trial run ${trial}`]),
    ...(envoyWords(older.envoy) === envoyWords(envoy) ? [] : [envoyWords(older.envoy)]),
  ];
  return words.join('<br>');
}
