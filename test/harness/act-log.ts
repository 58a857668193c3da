/** A step of a job that has run. */
export interface StepRun {
  readonly name: string;
  result?: 'success' | 'failure' | 'skipped';
  readonly outputs: Record<string, string>;
  /** What it has added to the job summary. */
  summary: string;
}

export interface JobRun {
  result?: 'success' | 'failure';
  readonly steps: StepRun[];
  /** Each as `notice TITLE: TEXT`. */
  readonly annotations: string[];
}

export interface WorkflowRun {
  /** The jobs that ran, by id; those of a matrix with its values, as `deploy (staging)`. */
  readonly jobs: ReadonlyMap<string, JobRun>;
  /** What the runner has shown. */
  readonly log: string;
}

/** A line of `act --json`, as far as it is read here. */
interface Line {
  readonly jobID?: string;
  readonly matrix?: Readonly<Record<string, unknown>>;
  readonly step?: string;
  readonly msg?: string;
  readonly jobResult?: JobRun['result'];
  readonly stepResult?: StepRun['result'];
  readonly command?: string;
  readonly name?: string;
  readonly arg?: string;
  readonly content?: string;
  readonly kvPairs?: { readonly title?: string };
}

const ANNOTATIONS = ['notice', 'warning', 'error'];

/** Reads what `act --json` has printed, a line each. */
export function readRun(printed: readonly string[]): WorkflowRun {
  const jobs = new Map<string, JobRun>();
  const log: string[] = [];
  for (const text of printed) {
    const line = readLine(text);
    log.push(line?.msg?.trimEnd() ?? text);
    if (line?.jobID === undefined) continue;
    const values = Object.values(line.matrix ?? {});
    const id = values.length === 0 ? line.jobID : `${line.jobID} (${values.join(', ')})`;
    const job = jobs.get(id) ?? { steps: [], annotations: [] };
    jobs.set(id, job);
    readInto(job, line);
  }
  return { jobs, log: log.join('\n') };
}

function readLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

function readInto(job: JobRun, line: Line): void {
  const { command = '', arg = '' } = line;
  if (line.jobResult !== undefined) job.result = line.jobResult;
  if (ANNOTATIONS.includes(command)) job.annotations.push(`${command} ${line.kvPairs?.title ?? ''}: ${arg}`);
  if (line.step === undefined) return;
  const known = job.steps.find(({ name }) => name === line.step);
  const step: StepRun = known ?? { name: line.step, outputs: {}, summary: '' };
  if (known === undefined) job.steps.push(step);
  if (line.stepResult !== undefined) step.result = line.stepResult;
  if (command === 'set-output' && line.name !== undefined) step.outputs[line.name] = arg;
  if (command === 'summary') step.summary += line.content ?? '';
}
