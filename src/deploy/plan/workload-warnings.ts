import { listWords, nameSome } from '../../base/text.ts';
import { onlySubject, type Warning } from '../../base/warning.ts';

/** What holds for a workload. */
export interface WorkloadWarning {
  /** Whether the text is a sentence about the workload, or names what the workload runs besides. */
  readonly kind: 'note' | 'also-runs';
  readonly topic: string;
  readonly text: string;
}

/** Says once what holds for several workloads. */
export function perWorkload(entries: readonly (WorkloadWarning & { readonly subject: string })[]): Warning[] {
  const groups = Map.groupBy(entries, ({ kind, text }) => `${kind} ${text}`);
  return [...groups.values()].flatMap((found) => {
    const names = [...new Set(found.map(({ subject }) => subject))];
    const who = names.length > 4 ? nameSome(names, 3) : listWords(names, 'and');
    return found.slice(0, 1).map(({ kind, topic, text }) => ({
      topic,
      ...onlySubject(names),
      text: kind === 'note' ? `${who}: ${text}` : `${who} also ${names.length === 1 ? 'runs' : 'run'} ${text}`,
    }));
  });
}
