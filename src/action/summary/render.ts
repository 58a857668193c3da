import { formatBytes, MAX_LISTED, thousands } from '../../base/text.ts';
import { targetKind } from '../../deploy/kinds/kinds.ts';
import type { RenderedFiles } from '../../deploy/report/render-report.ts';
import type { RenderReport } from '../../deploy/report/report.ts';
import { countOf } from '../verdict/text.ts';
import { filterNames } from '../verdict/words.ts';
import { renderNames } from './parts/cleanup.ts';
import type { Limits } from './parts/limits.ts';
import { blocks, code, codes, details, fence, table, tableRow, text } from './parts/markdown.ts';
import type { CommandPage } from './parts/page.ts';
import { renderDetails } from './parts/settings.ts';

const MAX_OPEN_FILES = 25;

/** The page of `render`: what to do with the files, and the files. */
export function renderPage(report: RenderReport): CommandPage {
  const { rendered } = report;
  const mounts = report.filters.some(({ settings }) => settings.image === undefined);
  return {
    problems: 'Problems',
    lead: () => '',
    body: (limits) => [
      ...(rendered.state === 'stopped'
        ? []
        : [
            nextSteps(rendered, filterNames(report), mounts, limits),
            removedFiles(rendered, limits),
            fileTable(rendered, limits),
          ]),
      renderDetails(report, [], limits),
    ],
  };
}

/**
 * A Component is taken in by an overlay (https://kubectl.docs.kubernetes.io/guides/config_management/components/). The one that
 * lies beside it has no workloads.
 */
function nextSteps(rendered: RenderedFiles, filters: readonly string[], mounts: boolean, limits: Limits): string {
  const { folder, files } = rendered;
  const labels = codes(
    filters.map((filter) => `deploy-wasm-filter/${filter}`),
    MAX_LISTED,
    limits.name,
  );
  const patched = files.some(({ patches }) => patches !== undefined);
  const steps = [
    `Commit ${code(folder, limits.name)}.`,
    ...(patched
      ? [
          `Add ${code(`${folder}/component`, limits.name)} to \`components\` in the kustomization that has the workloads. The component patches them.`,
          `Check the result with \`kubectl kustomize FOLDER\`, where FOLDER is that of the kustomization: each pod template must have ${filters.length === 1 ? `the label ${labels}` : `the label of each of its filters (${labels})`}. A patch has no effect if its workload is not among the resources.`,
        ]
      : []),
    'Let Argo CD (with the sync option `ServerSideApply=true`) or Flux sync that kustomization, or run `kubectl apply --server-side -k FOLDER`.',
  ];
  return blocks(
    '### What to do next',
    steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    patched ? byHand(rendered, limits) : '',
    mounts
      ? '⚠️ The patches replace the annotations `sidecar.istio.io/userVolume` and `sidecar.istio.io/userVolumeMount`. If the manifests in Git have volumes of their own there, copy them into the patches.'
      : '',
  );
}

/** For workloads that are in no kustomization. */
function byHand({ folder, files }: RenderedFiles, limits: Limits): string {
  const commands = files.flatMap(({ path, patches }) => {
    if (patches === undefined || patches === 'selected') return [];
    const { kind, namespace, name } = patches;
    // Custom resources take no strategic-merge patch. Theirs has maps alone, so that a merge patch does the same.
    const type = targetKind(patches).resource.isCustom ? ' --type=merge' : '';
    return [`kubectl patch ${kind.toLowerCase()} ${name} -n ${namespace}${type} --patch-file ${path}`];
  });
  const shown = commands.slice(0, limits.items);
  const left = commands.length - shown.length;
  const lines = [
    '# only the objects: no pod runs the filter yet',
    `kubectl apply --server-side -k ${folder}`,
    ...(shown.length === 0 ? [] : ['# then each workload of the target list']),
    ...shown,
    ...(left > 0 ? [`# … and ${thousands(left)} more`] : []),
  ];
  return details('Without a kustomization that has the workloads', fence(lines.join('\n'), 'sh'));
}

function removedFiles({ removed }: RenderedFiles, limits: Limits): string {
  return renderNames(`🧹 ${countOf(removed.length, 'file')} of an earlier run removed`, removed, limits);
}

function fileTable({ files }: RenderedFiles, limits: Limits): string {
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
  return files.length > MAX_OPEN_FILES
    ? details(`The ${countOf(files.length, 'file')} of this run`, body)
    : blocks('### Files', body);
}
