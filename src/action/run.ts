import { defined } from '../base/defined.ts';
import { describeProblem, type Problem } from '../base/problem.ts';
import { cancelledOutcome } from '../deploy/commands/outcome.ts';
import { render } from '../deploy/commands/render.ts';
import { concludeRun, type FilterReport, type Report } from '../deploy/report/report.ts';
import { describeShrinking } from '../filter/shrink/shrink.ts';
import type { Registries } from '../registry/registries.ts';
import { type Called, callCluster, NO_REQUESTS } from './cluster-session.ts';
import { type Inputs, type InputsRead, readInputs } from './inputs/inputs.ts';
import { deliveredSettings } from './request/delivery.ts';
import { maskSecrets } from './request/known-secrets.ts';
import { filterProver } from './request/provenance.ts';
import { type Draft, makeDraft } from './request/request.ts';
import { readTargetTexts, type TargetTexts } from './request/targets.ts';
import { describeInputs } from './run-log.ts';
import { notingTrials, openRegistries, optimizing, type Surroundings } from './runtime.ts';

/** Runs the action and gives its report, whatever happened; nothing is thrown. */
export async function run(given: Surroundings): Promise<Report> {
  const world = notingTrials(given);
  const read = readInputs(world.readInput, world.environment);
  const targets = await readTargetTexts(read.inputs, world.readFile);
  maskSecrets(read.inputs, targets, world);
  world.note?.({ kind: 'command', command: read.inputs.command });
  const registries = openRegistries(read.inputs, world);
  try {
    return await runWith(registries, read, targets, world);
  } finally {
    await registries.close();
  }
}

async function runWith(
  registries: Registries,
  read: InputsRead,
  targets: TargetTexts,
  world: Surroundings,
): Promise<Report> {
  const started = world.now();
  const { log } = world;
  world.note?.({ kind: 'phase', phase: 'reading inputs' });
  const draft = await log.group('Inputs', async () => {
    const tools = { ...optimizing(world), prove: filterProver(world), fetcher: world.fetcher ?? registries };
    const made = await makeDraft(read, targets, world.readFile, world.environment, tools, {
      ...world,
      readFile: world.readUserFile,
    });
    describeInputs(read, made, log);
    return made;
  });
  const called =
    draft.command === 'render' ? await renderOnly(draft, world) : await callCluster(draft, registries, world);
  const done = world.cancelled.aborted ? cancelledOutcome(called) : called;
  for (const problem of done.problems) log.debug(`${describeProblem(problem)} ${stackOf(problem)}`);
  return {
    command: draft.command,
    filters: 'module' in draft ? filterReports(read.inputs, draft) : [],
    policy: draft.policy,
    ...(read.faulty.size > 0 && { refusedInputs: [...read.faulty] }),
    ...done,
    warnings: [...draft.warnings, ...done.warnings],
    ...concludeRun({ command: draft.command, ...done }),
    durationMs: world.now() - started,
  };
}

async function renderOnly({ draft }: Extract<Draft, { command: 'render' }>, world: Surroundings): Promise<Called> {
  const { log, cancelled: signal, trial } = world;
  const context = { log, signal, ...defined({ trial }) };
  return { ...(await render(draft, world, context)), requests: NO_REQUESTS };
}

function filterReports(
  { name, settings }: Inputs,
  { module, provenance, delivery }: Pick<Extract<Draft, { command: 'render' }>, 'module' | 'provenance' | 'delivery'>,
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
