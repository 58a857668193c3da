import { medianOf, type Results } from '../results.ts';
import { TITLES } from '../titles.ts';
import { goals, met } from './goals.ts';
import { seconds } from './svg.ts';

/** Returns what a run has given, for a terminal: the medians, and the goals that could be looked at. */
export function summary(results: Results): string {
  const keys = new Set(
    results.samples.map(({ workloads, namespaces, subject, operation }) =>
      JSON.stringify({ workloads, namespaces, subject, operation }),
    ),
  );
  const lines = [...keys].map((key) => {
    const what = JSON.parse(key) as Pick<
      Results['samples'][number],
      'workloads' | 'namespaces' | 'subject' | 'operation'
    >;
    const time = seconds(medianOf(results, what, 'wallMs') ?? 0);
    const where = `${what.workloads} in ${what.namespaces}`;
    return `${where.padEnd(12)} ${what.operation.padEnd(9)} ${time.padStart(8)}  ${TITLES[what.subject]}`;
  });
  const looked = goals(results).flatMap((goal) =>
    goal.measured === undefined
      ? []
      : [
          `${met(goal) ? 'met    ' : 'NOT MET'} ${goal.name}: ${goal.show(goal.measured)} (at ${goal.most ? 'most' : 'least'} ${goal.show(goal.limit)})`,
        ],
  );
  return ['', 'Medians', ...lines, '', 'Goals', ...looked].join('\n');
}
