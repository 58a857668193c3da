import { defined } from '../base/defined.ts';
import { append } from '../base/lists.ts';
import { describeProblem, type Problem } from '../base/problem.ts';
import type { Warning } from '../base/warning.ts';
import { check } from '../deploy/commands/check.ts';
import { cancelledOutcome } from '../deploy/commands/outcome.ts';
import { render } from '../deploy/commands/render.ts';
import { useKinds } from '../deploy/kinds/kinds.ts';
import { concludeReport } from '../deploy/report/conclude.ts';
import type { FilterReport, Report } from '../deploy/report/report.ts';
import { describeShrinking } from '../filter/shrink/shrink.ts';
import type { Registries } from '../registry/registries.ts';
import { type Called, callClusters, NO_REQUESTS } from './call-clusters.ts';
import type { Inputs } from './inputs/inputs.ts';
import { isByTag } from './inputs/origin.ts';
import type { WantedComment } from './pull-request/comment.ts';
import { pullRequestStillOpen } from './pull-request/still-open.ts';
import { ask } from './request/ask.ts';
import { commentKey, commentWriter } from './request/comment.ts';
import { deliveredSettings } from './request/delivery.ts';
import type { RequestedFilter } from './request/filters.ts';
import { maskSecrets } from './request/known-secrets.ts';
import { provenanceChecker } from './request/provenance.ts';
import { type Asked, buildRequest, type CommandRequest } from './request/request.ts';
import { describeInputs } from './run-log.ts';
import {
  keepingTests,
  openRegistries,
  optimizing,
  type Runtime,
  reportingTrials,
  sinceStart,
  type TestingRuntime,
  USER_AGENT,
} from './runtime.ts';

/**
 * Runs the action and gives its report, whatever happened; nothing is thrown. As soon as it is known which comment is wanted, `comments`
 * gets it; where they are switched off, never.
 */
export async function run(
  given: Runtime,
  comments: (wanted: WantedComment) => void = () => undefined,
): Promise<Report> {
  const started = given.date().toISOString();
  const runtime = keepingTests(reportingTrials(sinceStart(given)));
  useKinds(runtime.kinds);
  const asked = await ask(runtime);
  maskSecrets(asked, runtime);
  runtime.note?.({ kind: 'command', command: asked.read.inputs.command });
  const { inputs } = asked.read;
  if (inputs.comment.isWanted) comments(wantedComment(inputs, runtime, started));
  const registries = openRegistries(asked, runtime);
  try {
    return await runWith(registries, asked, runtime, started);
  } finally {
    await registries.close();
  }
}

function wantedComment(inputs: Inputs, { environment }: Pick<Runtime, 'environment'>, started: string): WantedComment {
  return {
    key: commentKey(inputs, environment),
    writer: commentWriter(inputs, started, environment),
    token: inputs.provenance.token,
    showConfiguration: inputs.comment.showConfiguration,
  };
}

async function runWith(
  registries: Registries,
  asked: Asked,
  runtime: TestingRuntime,
  started: string,
): Promise<Report> {
  const { log } = runtime;
  const { read } = asked;
  runtime.note?.({ kind: 'phase', phase: 'reading inputs' });
  const command = await log.group('Inputs', async () => {
    const made = await buildRequest(asked, {
      ...optimizing(runtime),
      checkProvenance: provenanceChecker(runtime),
      fetcher: runtime.fetcher ?? registries,
      readFile: runtime.readFile,
      environment: runtime.environment,
      started,
      access: { ...runtime, readFile: runtime.readUserFile },
    });
    describeInputs(read, made, log);
    return made;
  });
  const late: Warning[] = [];
  const called =
    command.command === 'render' || command.command === 'check'
      ? await runWithoutClusters(command, runtime)
      : await callClusters(command, registries, runtime, () => beforeWrites(read.inputs, runtime, late));
  const { outcome, clusters, requests } = called;
  const done = runtime.cancelled.aborted ? cancelledOutcome(outcome) : outcome;
  for (const problem of done.problems) log.debug(`${describeProblem(problem)} ${stackOf(problem)}`);
  const tested = runtime.tests?.tested ?? [];
  const warnings = [...command.warnings, ...late, ...done.warnings];
  return concludeReport(
    { ...done, warnings },
    {
      filters: 'filters' in command ? command.filters.flatMap(filterReport) : [],
      policy: command.policy,
      refusedInputs: [...read.faulty],
      clusters,
      requests,
      ...(read.inputs.failOnDrift && { failOnDrift: true }),
      ...(read.inputs.failOnCrash && { failOnCrash: true }),
      ...(read.inputs.reportFile !== '' && { reportFile: read.inputs.reportFile }),
      ...(read.inputs.junitFile !== '' && { junitFile: read.inputs.junitFile }),
      ...(tested.length > 0 && { tests: tested }),
      started,
      durationMs: runtime.now(),
    },
  );
}

/** What keeps a run from its first write at the last moment; warnings are added to `warnings`. */
async function beforeWrites(
  { provenance: { token } }: Pick<Inputs, 'provenance'>,
  { environment, readUserFile: readFile, cancelled: signal, log }: Runtime,
  warnings: Warning[],
): Promise<readonly Problem[]> {
  const debug = (line: string): void => log.debug(line);
  const found = await pullRequestStillOpen({ environment, readFile, signal, debug, token, userAgent: USER_AGENT });
  append(warnings, found.warnings);
  return found.problems;
}

async function runWithoutClusters(
  command: Extract<CommandRequest, { command: 'render' | 'check' }>,
  runtime: TestingRuntime,
): Promise<Called> {
  const { log, cancelled: signal, trial, tests } = runtime;
  const context = { log, signal, ...defined({ trial, tests }) };
  const outcome =
    command.command === 'render'
      ? await render(command.request, runtime, context)
      : await check(command.request, context);
  return { outcome, clusters: [], requests: NO_REQUESTS };
}

function filterReport({ asked: { inputs, faulty }, module, provenance, delivery }: RequestedFilter): FilterReport[] {
  if (module === undefined) return [];
  const { name, settings, options } = inputs;
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
      ...(faulty.size > 0 && { refusedSettings: [...faulty] }),
      ...(isByTag(inputs.from) && { onNewDigest: options.onNewDigest }),
      ...defined({ source, provenance, delivered: why }),
    },
  ];
}

function stackOf({ cause }: Problem): string {
  return Error.isError(cause) ? (cause.stack ?? cause.message) : '';
}
