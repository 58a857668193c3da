import type { RenderedFiles } from '../../deploy/report/render-report.ts';
import type { RenderReport } from '../../deploy/report/report.ts';
import { countOf, plain } from './text.ts';
import { filterWords, refusal, type Verdict } from './words.ts';

/** The verdict over `render`. */
export function judgeRender(report: RenderReport): Verdict {
  const { rendered } = report;
  if (report.cancelled) {
    return {
      icon: '🛑',
      headline: 'Render: cancelled',
      sentence: 'No cluster was contacted. Re-run to write all files.',
    };
  }
  if (report.outcome === 'failed' || rendered.state === 'stopped') {
    return refusal(report, `${filterWords(report, 'Filter')} not rendered`, 'No cluster was contacted.');
  }
  return {
    icon: '📦',
    headline: `${filterWords(report)}${revisionOf(rendered)} rendered to ${countOf(rendered.files.filter(({ kept }) => kept !== true).length, 'file')} in ${plain(rendered.folder, 100)}`,
    sentence: 'Nothing runs yet: commit the files and let your GitOps tool apply them.',
  };
}

function revisionOf({ revisions }: RenderedFiles): string {
  return revisions.length === 1 ? `, revision ${plain(revisions[0]?.revision ?? '', 63)},` : '';
}
