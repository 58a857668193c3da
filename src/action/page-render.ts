import { formatBytes } from '../base/text.ts';
import type { RenderReport } from '../deploy/render-report.ts';
import type { Report } from '../deploy/report.ts';
import { blocks, code, countOf, details, plain, table, tableRow, text, thousands } from './markdown.ts';
import type { Limits } from './summary-limits.ts';
import type { Page } from './summary-page.ts';
import { renderSettings } from './summary-settings.ts';
import { filtersOf, refusal, type Verdict } from './summary-words.ts';

const MOST_OPEN_FILES = 25;

/** The verdict over `render`. */
export function judgeRender(report: Report): Verdict {
  const { rendered } = report;
  if (report.outcome === 'failed' || rendered === undefined) {
    return refusal(report, 'Nothing was rendered', 'No cluster was asked, and none was changed.');
  }
  return {
    icon: '📦',
    headline: `${filtersOf(report)} rendered to ${countOf(rendered.files.length, 'file')} in ${plain(rendered.folder, 100)}`,
    sentence: 'Nothing runs yet: commit the files and let your GitOps tool apply them.',
  };
}

/** The page of `render`: what to do with the files, and the files. */
export function renderPage(report: Report): Page {
  const { rendered } = report;
  const mounts = report.filters.some(({ settings }) => settings.image === undefined);
  return {
    counts: '',
    problems: 'What is wrong',
    lead: () => '',
    body: (limits) => [
      ...(rendered === undefined ? [] : [nextSteps(rendered, mounts, limits), fileTable(rendered, limits)]),
      renderSettings(report, {}, limits),
    ],
  };
}

/** A Component is taken in by an overlay (https://kubectl.docs.kubernetes.io/guides/config_management/components/). */
function nextSteps({ folder }: RenderReport, mounts: boolean, limits: Limits): string {
  const steps = [
    `Commit ${code(folder, limits.name)}.`,
    'Name it under `components` in the kustomization that has the workloads; `kubectl kustomize` shows what comes out.',
    'Let Argo CD or Flux sync that kustomization, or run `kubectl apply -k` on it.',
  ];
  return blocks(
    '### What to do next',
    steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    mounts
      ? '⚠️ The patches replace the annotations `sidecar.istio.io/userVolume` and `sidecar.istio.io/userVolumeMount`. If the manifests in Git have volumes of their own there, put them into the patches, too.'
      : '',
  );
}

function fileTable({ files }: RenderReport, limits: Limits): string {
  const shown = files.slice(0, limits.items);
  const left = files.length - shown.length;
  const body = blocks(
    shown.length === 0
      ? ''
      : table(
          ['File', 'Size', 'What it holds'],
          shown.map(({ path, bytes, content }) =>
            tableRow([code(path, 400), formatBytes(bytes).replace(' ', '&nbsp;'), text(content, 600)]),
          ),
        ),
    left > 0 ? `… and ${thousands(left)} more.` : '',
  );
  return files.length > MOST_OPEN_FILES
    ? details(`The ${countOf(files.length, 'file')} of this run`, body)
    : blocks('### Files', body);
}
