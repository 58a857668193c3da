import { sentence, someOf, thousands } from '../../base/text.ts';
import type { OutputName } from '../outputs/outputs.ts';
import type { Progress } from '../runner/progress.ts';
import { blocks, text } from '../summary/parts/markdown.ts';
import { plain } from '../verdict/text.ts';

/** A run that ended without a report. */
export interface Crash {
  /** Completes "broke off: …". */
  readonly how: string;
  /** What is known of the cause, in sentences. May hold text from outside. */
  readonly cause: string;
  /** What to do besides running again. */
  readonly advice?: string;
  readonly progress: Progress;
}

/** What a job summary, an annotation and the outputs say of a crash. */
export interface LastWords {
  readonly title: string;
  readonly annotation: string;
  /** Markdown. */
  readonly page: string;
  readonly outputs: Partial<Record<OutputName, string>>;
}

const MAX_CAUSE = 600;
/** These change nothing in the cluster. */
const READING = ['plan', 'status', 'render', 'check'];
const REMOVING = ['remove', 'sweep'];

/** Says in a few lines what happened, in which phase, what may be in the cluster, and what to do. */
export function lastWords({ how, cause, advice, progress }: Crash): LastWords {
  const { command, phase, writes } = progress;
  const title = `${command === '' ? 'The run' : command} broke off: ${how}`;
  const during = phase === undefined ? 'before its first phase' : `while ${phase}`;
  const cluster = clusterWords(progress);
  const next = [nextSteps(progress), ...(advice === undefined ? [] : [advice])].join(' ');
  const short = sentence(plain(cause, MAX_CAUSE));
  return {
    title,
    annotation: [`${short} It broke off ${during}.`, cluster, next].join('\n'),
    page: `${blocks(
      `## ❌ ${text(title)}`,
      [
        `- **What happened:** ${text(short)}`,
        `- **When:** ${text(during)}`,
        `- **Cluster:** ${text(cluster)}`,
        `- **What to do:** ${text(next)}`,
      ].join('\n'),
    )}\n`,
    outputs: {
      result: 'failed',
      changed: String(writes > 0),
      targets: '[]',
      filters: '{}',
      headline: `❌ ${plain(title)}`,
    },
  };
}

function clusterWords({ command, writes, objects }: Progress): string {
  if (READING.includes(command)) return `Nothing was changed: "${command}" only reads.`;
  if (writes === 0) return 'Nothing was written to the cluster.';
  const more = objects.length < writes ? ', some of them more than once or of further objects' : '';
  return `${writes === 1 ? '1 write was' : `${thousands(writes)} writes were`} sent to the cluster and may have arrived: ${someOf(objects)}${more}. No workload is half written: ${
    REMOVING.includes(command)
      ? 'each has the filter, with all objects that it needs, or is without it'
      : 'each has its old revision or the new one, and all objects that it needs'
  }.`;
}

function nextSteps({ command, writes }: Progress): string {
  if (writes === 0 || READING.includes(command)) return 'Re-run the job.';
  if (REMOVING.includes(command)) return 'Re-run it: the next run removes what is left. "status" says what runs now.';
  return 'Re-run it: the next run finishes what this one began, or rolls it back where it fails. "status" says what runs now; "remove" removes the filter.';
}
