import { defined } from '../base/defined.ts';
import { describeProblem, type Problem } from '../base/problem.ts';
import { cancelledOutcome } from '../deploy/commands/outcome.ts';
import { render } from '../deploy/commands/render.ts';
import { useKinds } from '../deploy/kinds/kinds.ts';
import { concludeReport } from '../deploy/report/conclude.ts';
import type { FilterReport, Report } from '../deploy/report/report.ts';
import { describeShrinking } from '../filter/shrink/shrink.ts';
import type { Registries } from '../registry/registries.ts';
import { type Called, callClusters, NO_REQUESTS } from './clusters.ts';
import { type Inputs, type InputsRead, readInputs } from './inputs/inputs.ts';
import { deliveredSettings } from './request/delivery.ts';
import { maskSecrets } from './request/known-secrets.ts';
import { provenanceChecker } from './request/provenance.ts';
import { clearReportFile } from './request/report-file.ts';
import { buildRequest, type CommandRequest } from './request/request.ts';
import { readTargetLists, type TargetLists } from './request/targets.ts';
import { describeInputs } from './run-log.ts';
import { openRegistries, optimizing, type Runtime, reportingTrials, sinceStart } from './runtime.ts';

/** Runs the action and gives its report, whatever happened; nothing is thrown. */
export async function run(given: Runtime): Promise<Report> {
  const started = given.date().toISOString();
  const runtime = reportingTrials(sinceStart(given));
  useKinds(runtime.kinds);
  const read = await clearReportFile(readInputs(runtime.readInput, runtime.environment), runtime);
  const targets = await readTargetLists(read.inputs, runtime.readFile);
  maskSecrets(read.inputs, targets, runtime);
  runtime.note?.({ kind: 'command', command: read.inputs.command });
  const registries = openRegistries(read.inputs, runtime);
  try {
    return await runWith(registries, read, targets, runtime, started);
  } finally {
    await registries.close();
  }
}

async function runWith(
  registries: Registries,
  read: InputsRead,
  targets: TargetLists,
  runtime: Runtime,
  started: string,
): Promise<Report> {
  const { log } = runtime;
  runtime.note?.({ kind: 'phase', phase: 'reading inputs' });
  const command = await log.group('Inputs', async () => {
    const tools = {
      ...optimizing(runtime),
      checkProvenance: provenanceChecker(runtime),
      fetcher: runtime.fetcher ?? registries,
    };
    const made = await buildRequest(read, targets, runtime.readFile, runtime.environment, tools, {
      ...runtime,
      readFile: runtime.readUserFile,
    });
    describeInputs(read, made, log);
    return made;
  });
  const called =
    command.command === 'render'
      ? await renderOnly(command, runtime)
      : await callClusters(command, registries, runtime);
  const { outcome, clusters, requests } = called;
  const done = runtime.cancelled.aborted ? cancelledOutcome(outcome) : outcome;
  for (const problem of done.problems) log.debug(`${describeProblem(problem)} ${stackOf(problem)}`);
  const warnings = [...command.warnings, ...done.warnings];
  return concludeReport(
    { ...done, warnings },
    {
      filters: 'module' in command ? filterReports(read.inputs, command) : [],
      policy: command.policy,
      refusedInputs: [...read.faulty],
      clusters,
      requests,
      ...(read.inputs.reportFile !== '' && { reportFile: read.inputs.reportFile }),
      started,
      durationMs: runtime.now(),
    },
  );
}

async function renderOnly(
  { request: command }: Extract<CommandRequest, { command: 'render' }>,
  runtime: Runtime,
): Promise<Called> {
  const { log, cancelled: signal, trial } = runtime;
  const context = { log, signal, ...defined({ trial }) };
  return { outcome: await render(command, runtime, context), clusters: [], requests: NO_REQUESTS };
}

function filterReports(
  { name, settings }: Inputs,
  {
    module,
    provenance,
    delivery,
  }: Pick<Extract<CommandRequest, { command: 'render' }>, 'module' | 'provenance' | 'delivery'>,
): FilterReport[] {
  if (module === undefined) return [];
  const { digest, bytes, source, original: from } = module;
  const { why, ...decided } = delivery ?? {};
  const original =
    from === undefined
      ? {}
      : { original: { digest: from.digest, bytes: from.bytes.length, how: describeShrinking(from) } };
  return [
    {
      name,
      digest,
      bytes: bytes.length,
      ...original,
      settings: deliveredSettings(settings, decided),
      ...defined({ source, provenance, delivered: why }),
    },
  ];
}

function stackOf({ cause }: Problem): string {
  return Error.isError(cause) ? (cause.stack ?? cause.message) : '';
}
